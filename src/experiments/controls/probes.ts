/** Control: linear and difference-of-means probe per layer, base against aligned. */
import { promptResamples } from '@/method/bootstrap.ts';
import { ridgeScores } from '@/method/linear-probe.ts';
import { foldedAuroc, outOfFoldScores, PROBE_FOLDS, stratifiedFolds } from '@/method/probe.ts';
import { innerProducts } from '@/method/similarity.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import { breathe } from '../event-stream.ts';
import type { Control } from './control.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { valueRow } from './rows.ts';
import { layerOf, readPools } from './vectors.ts';

const REPLICATES = 200;
const PROBES = { linear: ridgeScores, 'mean difference': outOfFoldScores };
/** Separable enough that a first layer is worth naming. */
const NAMED_AUROC = 0.95;

export const probes: Control = {
  name: 'probes',
  title: 'Probes',
  explanation:
    'At each layer a linear classifier, and the plain difference of means, must tell malicious from normal prompts that it has not seen. A cosine can miss a direction that a probe finds; where the base model is as separable as the aligned one, telling them apart was not learnt in alignment.',
  reference: 'Zhou et al. 2024 (2406.05644); Arditi et al. 2024 (2406.11717)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [],
  unit: 'layers',
  async *run(run) {
    const { template, setting, seed } = run.params;
    const aligned = setting.adapters.length > 0;
    const models = aligned ? { base: [], aligned: setting.adapters } : { 'this model': [] };
    const rows: ControlRow[] = [];
    for (const [model, adapters] of Object.entries(models)) {
      const where = { template, setting: { ...setting, adapters } };
      const pooled = yield* readPools(run, where, `Reading prompts: ${model}`);
      const { normalCount, maliciousCount } = pooled;
      const folds = stratifiedFolds(normalCount, maliciousCount, seed);
      const resamples = promptResamples(normalCount, maliciousCount, REPLICATES, seed);
      for (let layer = 0; layer < run.layerCount; layer++) {
        await breathe(run.signal);
        const inner = innerProducts(layerOf(run, pooled, layer), folds.length);
        for (const [probe, scoresOf] of Object.entries(PROBES)) {
          const result = foldedAuroc(scoresOf(inner, folds, normalCount), folds, normalCount, resamples);
          const series = `${probe}, ${model}`;
          const place = { measure: 'auroc', series, label: `${series}, layer ${layer}`, x: layer };
          const row = valueRow(place, result.mean, result, folds.length);
          rows.push(row);
          yield { type: 'partial', partial: row };
        }
        yield run.progress(`Probing: ${model}`, layer + 1, run.layerCount);
      }
    }
    return {
      axis: LAYER_AXIS(run),
      measures: [
        {
          key: 'auroc',
          label: 'AUROC of the probe, cross-validated',
          unit: 'AUROC',
          reference: 0.5,
          interval: `95 % bootstrap over the scored prompts, ${REPLICATES} replicates, probes held fixed`,
          test: `none: ${PROBE_FOLDS}-fold cross-validation`,
        },
      ],
      rows,
      findings: [...new Set(rows.map(({ series }) => series))].map((series) => finding(rows, series)),
    };
  },
};

function finding(rows: readonly ControlRow[], series: string): string {
  const own = rows.filter((row) => row.series === series).sort((a, b) => a.x - b.x);
  const first = own.find(({ value }) => value >= NAMED_AUROC);
  const best = own.reduce((top, row) => (row.value > top.value ? row : top), own[0]!);
  const largest = `largest ${best.value.toFixed(3)} at layer ${best.x}`;
  return first
    ? `${series}: ${NAMED_AUROC} is reached at layer ${first.x}; ${largest}.`
    : `${series}: ${NAMED_AUROC} is not reached; ${largest}.`;
}

/** Control: the refusal direction of every layer, read. What happens when it is taken out or put in: direction-edit.ts. */
import { bootstrapMean } from '@/method/mean-interval.ts';
import { stratifiedFolds } from '@/method/probe.ts';
import { heldOutProjections } from '@/method/refusal-direction.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import { breathe } from '../event-stream.ts';
import type { Control } from './control.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { valueRow } from './rows.ts';
import { layerOf, readPools } from './vectors.ts';

export const refusalDirection: Control = {
  name: 'refusal-direction',
  title: 'Refusal direction',
  explanation:
    "At each layer, prompts are projected on the difference of the means of malicious and normal prompts, learnt without them. Where the groups come apart the model tells them apart along one direction; the paper's ranges end about there in published models.",
  reference: 'Arditi et al. 2024 (2406.11717)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [],
  unit: 'layers',
  async *run(run) {
    const pooled = yield* readPools(run, run.params, 'Reading prompts');
    const { normalCount, maliciousCount } = pooled;
    const folds = stratifiedFolds(normalCount, maliciousCount, run.params.seed);
    const rows: ControlRow[] = [];
    for (let layer = 0; layer < run.layerCount; layer++) {
      await breathe(run.signal);
      const { values, separation } = heldOutProjections(layerOf(run, pooled, layer), folds, normalCount);
      const groups = { normal: values.subarray(0, normalCount), malicious: values.subarray(normalCount) };
      const made = Object.entries(groups).map(([series, own]) => {
        const interval = bootstrapMean(own, 500, run.params.seed);
        const place = { measure: 'projection', series, label: `${series}, layer ${layer}`, x: layer };
        return valueRow(place, interval.mean, interval, own.length);
      });
      const place = {
        measure: 'separation',
        series: 'malicious - normal',
        label: `layer ${layer}`,
        x: layer,
      };
      made.push(valueRow(place, separation, null, folds.length));
      for (const row of made) yield { type: 'partial', partial: row };
      rows.push(...made);
      yield run.progress('Projecting', layer + 1, run.layerCount);
    }
    const best = rows
      .filter(({ measure }) => measure === 'separation')
      .reduce((top, row) => (row.value > top.value ? row : top));
    return {
      axis: LAYER_AXIS(run),
      measures: [
        {
          key: 'separation',
          label: 'separation along the refusal direction',
          unit: 'standard deviations',
          reference: 0,
          interval: 'none',
          test: "none: Cohen's d on held-out prompts, 5 folds",
        },
        {
          key: 'projection',
          label: 'mean projection on the refusal direction',
          unit: 'units of the residual stream',
          reference: 0,
          interval: '95 % bootstrap over prompts, 500 replicates',
          test: 'none: held-out prompts, 5 folds',
        },
      ],
      rows,
      findings: [
        `The groups are furthest apart at layer ${best.x}: ${best.value.toFixed(1)} standard deviations.`,
      ],
    };
  },
};

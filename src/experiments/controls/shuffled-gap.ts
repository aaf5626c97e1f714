/** Control: the angle gap against its null band, from shuffled labels. */
import { gapAgainstNull, shuffledLabels } from '@/method/label-permutation.ts';
import { innerProducts, normalised } from '@/method/similarity.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import { breathe } from '../event-stream.ts';
import type { Control } from './control.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { adjusted, layersInWords, valueRow } from './rows.ts';
import { layerOf, readPools } from './vectors.ts';

export const shuffledGap: Control = {
  name: 'shuffled-gap',
  title: 'Shuffled labels',
  explanation:
    'The labels normal and malicious are dealt out anew over the same prompts, many times, and the angle gap of each deal is taken. A gap inside the band of these deals is what any two groups of such prompts show.',
  reference: 'Permutation test; asked for by a reviewer of Li et al. 2025 (not in the paper)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [
    {
      key: 'deals',
      label: 'Deals',
      description: 'Random deals of the labels; the smallest p that can come out is one in deals + 1.',
      kind: 'integer',
      default: 999,
      min: 19,
      max: 100_000,
    },
  ],
  unit: 'layers',
  async *run(run) {
    const pooled = yield* readPools(run, run.params, 'Reading prompts');
    const { normalCount, maliciousCount } = pooled;
    const size = normalCount + maliciousCount;
    const deals = shuffledLabels(normalCount, maliciousCount, run.number('deals'), run.params.seed);
    const rows: ControlRow[] = [];
    for (let layer = 0; layer < run.layerCount; layer++) {
      await breathe(run.signal);
      const cosines = normalised(innerProducts(layerOf(run, pooled, layer), size), size);
      const { gapDeg, lowDeg, highDeg, p } = gapAgainstNull(cosines, normalCount, deals);
      const at = { measure: 'gap', x: layer };
      rows.push(
        valueRow({ ...at, series: 'true labels', label: `layer ${layer}`, p }, gapDeg, null, size),
        valueRow(
          { ...at, series: 'shuffled labels', label: `layer ${layer}, shuffled` },
          (lowDeg + highDeg) / 2,
          { low: lowDeg, high: highDeg },
          deals.length,
        ),
      );
      for (const row of rows.slice(-2)) yield { type: 'partial', partial: row };
      yield run.progress('Shuffling labels', layer + 1, run.layerCount);
    }
    const tested = adjusted(rows);
    return {
      axis: LAYER_AXIS(run),
      measures: [
        {
          key: 'gap',
          label: 'angle gap',
          unit: 'degrees',
          reference: 0,
          interval: `band of shuffled labels: 95 % of ${deals.length} deals, its middle drawn as their value`,
          test: 'one-sided permutation test per layer, adjusted by Benjamini and Hochberg over the layers',
        },
      ],
      rows: tested,
      findings: [finding(tested)],
    };
  },
};

function finding(rows: readonly ControlRow[]): string {
  const beyond = rows
    .filter(({ pAdjusted }) => pAdjusted !== undefined && pAdjusted <= 0.05)
    .map(({ x }) => x);
  if (beyond.length === 0) return 'At no layer is the gap larger than shuffled labels give.';
  const parts: string[] = [];
  for (let at = 0; at < beyond.length; ) {
    let end = at;
    while (beyond[end + 1] === beyond[end]! + 1) end++;
    parts.push(layersInWords(beyond[at]!, beyond[end]!));
    at = end + 1;
  }
  return `The gap is larger than shuffled labels give (at most 5 % false discoveries) at ${parts.join(', ')}.`;
}

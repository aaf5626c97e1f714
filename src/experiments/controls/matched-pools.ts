/** Control: pools whose prompts are pairs of one length and form. */
import type { ControlPool, ControlRow } from '@/protocol/controls.ts';
import type { Control } from './control.ts';
import { curveMeasures, curveRows, LAYER_AXIS, largestGaps } from './gap-curves.ts';
import { readPools } from './vectors.ts';

const POOLS: Record<string, [ControlPool, ControlPool]> = {
  'all prompts': ['normal', 'malicious'],
  'matched pairs': ['matchedNormal', 'matchedMalicious'],
};

export const matchedPools: Control = {
  name: 'matched-pools',
  title: 'Matched pools',
  explanation:
    "Normal and malicious prompts of the paper's kind differ in length and form, not only in intent; here the gap is taken over pairs that differ in intent alone. A gap that is gone with matched pairs was one of form.",
  reference: 'Reviewers of Li et al. 2025; pairs in the manner of XSTest (Röttger et al. 2024, 2308.01263)',
  needs: {
    pools: ['normal', 'malicious', 'matchedNormal', 'matchedMalicious'],
    range: false,
    calibration: false,
    adapter: false,
  },
  options: [],
  unit: 'layers',
  async *run(run) {
    const keys = ['gap', 'auroc'] as const;
    const rows: ControlRow[] = [];
    for (const [series, pools] of Object.entries(POOLS)) {
      const pooled = yield* readPools(run, run.params, `Reading prompts: ${series}`, pools);
      rows.push(...(yield* curveRows(run, pooled, series, keys)));
    }
    return {
      axis: LAYER_AXIS(run),
      measures: curveMeasures(keys),
      rows,
      findings: [largestGaps(rows, Object.keys(POOLS))],
    };
  },
};

/** Control: the angle gap after the mean of all prompts is removed. */
import type { Control } from './control.ts';
import { curveMeasures, curveRows, degrees, LAYER_AXIS, largest } from './gap-curves.ts';
import { readPools } from './vectors.ts';

export const centredCosine: Control = {
  name: 'centred-cosine',
  title: 'Mean removed',
  explanation:
    'What all prompts share (the template, the position) is subtracted from every vector before angles are taken. A direction common to all prompts holds raw cosines near 1 and can hide a difference, or make a small one look like none.',
  reference: 'Geometry-Lite (2605.20241); mean-centring as in Ethayarajh 2019 (1909.00512)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [],
  unit: 'layers',
  async *run(run) {
    const pooled = yield* readPools(run, run.params, 'Reading prompts');
    const keys = ['gap', 'centredGap'] as const;
    const rows = yield* curveRows(run, pooled, 'this model', keys);
    const [raw, centred] = keys.map((key) => largest(rows, key, 'this model'));
    return {
      axis: LAYER_AXIS(run),
      measures: curveMeasures(keys),
      rows,
      findings: [
        `The raw gap is largest at layer ${raw!.x} (${degrees(raw!.value)}), with the mean removed at layer ${centred!.x} (${degrees(centred!.value)}).`,
      ],
    };
  },
};

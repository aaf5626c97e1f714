/** Control: the same curves on the base model. */
import type { ControlRow } from '@/protocol/controls.ts';
import type { Control } from './control.ts';
import { curveMeasures, curveRows, LAYER_AXIS, largestGaps } from './gap-curves.ts';
import { readPools } from './vectors.ts';

export const baseModel: Control = {
  name: 'base-model',
  title: 'Base model',
  explanation:
    'Gap and probe of the base model beside those of the aligned one, on the same prompts. If alignment makes the gap, the base model has none; what both show is not a product of alignment.',
  reference: 'Li et al. 2025, figure 3; disputed by Zhou et al. 2024 (2406.05644)',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: true },
  options: [],
  unit: 'layers',
  async *run(run) {
    const { template, setting } = run.params;
    const keys = ['gap', 'auroc'] as const;
    const rows: ControlRow[] = [];
    const models = { base: [], aligned: setting.adapters };
    for (const [series, adapters] of Object.entries(models)) {
      const where = { template, setting: { ...setting, adapters } };
      const pooled = yield* readPools(run, where, `Reading prompts: ${series}`);
      rows.push(...(yield* curveRows(run, pooled, series, keys)));
    }
    return {
      axis: LAYER_AXIS(run),
      measures: curveMeasures(keys),
      rows,
      findings: [largestGaps(rows, Object.keys(models))],
    };
  },
};

/** Control: which of the range's matrices carry the effect. */
import { MATRIX_PRESET_KEYS, MATRIX_PRESETS } from '@/method/scaling.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { furthestFrom } from './bands.ts';
import type { Control } from './control.ts';
import { runCells } from './effect-damage.ts';
import { layersInWords } from './rows.ts';

export const matrixSets: Control = {
  name: 'matrix-sets',
  title: 'Matrices',
  explanation:
    'The same range and alpha, but only some of its weight matrices: each named set, and each of the seven alone. Scaling all seven compounds (attention logits by alpha squared, the MLP by about alpha cubed), and the published code left one out.',
  reference: "Li et al. 2025, equation 1, and the history of the authors' scaling.py",
  needs: { pools: ['counted'], range: true, calibration: true, adapter: false },
  options: [],
  unit: 'prompts',
  async *run(run) {
    const { setting } = run.params;
    const range = run.params.range!;
    const sets = [
      ...MATRIX_PRESET_KEYS.map((key) => ({ label: MATRIX_PRESETS[key].name, ...MATRIX_PRESETS[key] })),
      ...MATRIX_NAMES.map((matrix) => ({ label: `${matrix} alone`, matrices: [matrix] })),
    ];
    const series = `${layersInWords(range.first, range.last)}, alpha ${range.alpha}`;
    const cells = sets.map(({ label, matrices }, x) => ({
      label,
      series,
      x,
      setting: { ...setting, scale: [{ ...range, matrices }] },
    }));
    const { rows, measures, unchanged, total } = yield* runCells(run, cells);
    const counts = rows.filter(({ measure, series: one }) => measure === 'refused' && one === series);
    const furthest = furthestFrom(unchanged, counts);
    return {
      axis: { kind: 'list', label: 'matrices', layerCount: run.layerCount },
      measures,
      rows,
      findings: [
        `Furthest from the unchanged ${unchanged} of ${total}: ${furthest.label} with ${furthest.value}.`,
      ],
    };
  },
};

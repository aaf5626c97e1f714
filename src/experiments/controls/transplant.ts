/** Control: bands of layers taken from the aligned model, the rest from the base, and the reverse. */
import { type Band, bandsOf, chosenPool, layersOf, POOL_OPTION, standingOut, WIDTH_OPTION } from './bands.ts';
import type { Control, ControlRun } from './control.ts';
import { type Cell, runCells } from './effect-damage.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { layersInWords } from './rows.ts';

export const WAY_OPTION = {
  key: 'way',
  label: 'Which way',
  description:
    'Layers of the aligned model put into the base, or layers of the base put into the aligned one.',
  kind: 'choice' as const,
  default: 'only',
  choices: [
    { value: 'only', label: 'only these layers from the aligned model' },
    { value: 'without', label: 'all but these layers from the aligned model' },
  ],
};

/** The cells of a transplant, what they are compared with, and the other model whole as the last cell. */
export function transplantCells(
  run: ControlRun,
  bands: readonly Band[],
): { cells: Cell[]; from: Cell['setting'] } {
  const setting = { ...run.params.setting, scale: [] };
  const only = run.choice('way') === 'only';
  const everywhere = layersOf({ first: 0, last: run.layerCount - 1 });
  const cells = bands.map((band): Cell => {
    const inside = layersOf(band);
    const outside = everywhere.filter((layer) => layer < band.first || layer > band.last);
    const where = layersInWords(band.first, band.last);
    return {
      label: only ? `only ${where}` : `all but ${where}`,
      series: only ? 'from the aligned model' : 'from the base model',
      x: band.first,
      last: band.last,
      setting: { ...setting, adapterLayers: only ? inside : outside },
    };
  });
  const base = { ...setting, adapters: [] };
  const whole: Cell = only
    ? { label: 'aligned, every layer', series: 'aligned', x: 0, setting }
    : { label: 'base, every layer', series: 'base', x: 0, setting: base };
  return { cells: [...cells, whole], from: only ? base : setting };
}

export const transplant: Control = {
  name: 'transplant',
  title: 'Transplant',
  explanation:
    'Each layer can come from the base or from the aligned model: a band of layers is put into the other model and refusals are counted. If safety sits in a few layers, it moves with them, and the aligned model loses it without them.',
  reference:
    'After Li et al. 2025, appendix A.5.3 (layers 16 to 31 exchanged); layer by layer a control of this tool',
  needs: { pools: ['malicious', 'counted'], range: false, calibration: true, adapter: true },
  options: [WIDTH_OPTION(6), WAY_OPTION, POOL_OPTION],
  unit: 'prompts',
  async *run(run) {
    const { cells, from } = transplantCells(run, bandsOf(run));
    const { rows, measures, unchanged, total } = yield* runCells(run, cells, chosenPool(run), from);
    return { axis: LAYER_AXIS(run), measures, rows, findings: [standingOut(rows, unchanged, total)] };
  },
};

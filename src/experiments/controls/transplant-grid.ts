/** Control: the transplant for ranges of every width. */
import { chosenPool, POOL_OPTION, standingOut } from './bands.ts';
import type { Control } from './control.ts';
import { runCells } from './effect-damage.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { transplantCells, WAY_OPTION } from './transplant.ts';

export const transplantGrid: Control = {
  name: 'transplant-grid',
  title: 'Transplant, every range',
  explanation:
    'The transplant for ranges of every width, as a grid of first and last layer. It shows how many layers safety needs to move, and whether they have to be in one place.',
  reference: 'A control of this tool; see Transplant',
  needs: { pools: ['malicious', 'counted'], range: false, calibration: true, adapter: true },
  options: [
    {
      key: 'step',
      label: 'Step',
      description: 'Ranges begin and end at every so many layers; 1 is every range there is.',
      kind: 'integer',
      default: 5,
      min: 1,
      max: 64,
    },
    WAY_OPTION,
    POOL_OPTION,
  ],
  unit: 'prompts',
  async *run(run) {
    const step = Math.min(run.number('step'), run.layerCount);
    const edges: number[] = [];
    for (let edge = 0; edge < run.layerCount; edge += step) edges.push(edge);
    const ends = [...edges.slice(1), run.layerCount];
    const bands = edges.flatMap((first) =>
      ends.filter((end) => end > first).map((end) => ({ first, last: end - 1 })),
    );
    const { cells, from } = transplantCells(run, bands);
    const { rows, measures, unchanged, total } = yield* runCells(run, cells, chosenPool(run), from);
    return { axis: LAYER_AXIS(run), measures, rows, findings: [standingOut(rows, unchanged, total)] };
  },
};

/** Control: leaving layers out, as LED looks for safety layers. */
import { bandsOf, chosenPool, layersOf, POOL_OPTION, standingOut, WIDTH_OPTION } from './bands.ts';
import type { Control } from './control.ts';
import { runCells } from './effect-damage.ts';
import { LAYER_AXIS } from './gap-curves.ts';
import { layersInWords } from './rows.ts';

export const layerSkip: Control = {
  name: 'layer-skip',
  title: 'Leaving layers out',
  explanation:
    'One band of layers after another is left out of the model, and refusals are counted without it. LED finds safety layers this way and finds other ones than scaling does; damage to harmless prompts says how much a missing layer costs anyway.',
  reference: 'LED (Zhao et al. 2024, 2405.18166); compared in Li et al. 2025, appendix A.2',
  needs: { pools: ['malicious', 'counted'], range: false, calibration: true, adapter: false },
  options: [WIDTH_OPTION(1), POOL_OPTION],
  unit: 'prompts',
  async *run(run) {
    const { setting } = run.params;
    const cells = bandsOf(run).map((band) => ({
      label: `without ${layersInWords(band.first, band.last)}`,
      series: 'left out',
      x: band.first,
      last: band.last,
      setting: { ...setting, scale: [], skip: layersOf(band) },
    }));
    const { rows, measures, unchanged, total } = yield* runCells(run, cells, chosenPool(run));
    return { axis: LAYER_AXIS(run), measures, rows, findings: [standingOut(rows, unchanged, total)] };
  },
};

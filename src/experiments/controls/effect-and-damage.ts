/** Control: refusals against KL divergence over alpha, for the range under test. */
import type { Control } from './control.ts';
import { runCells } from './effect-damage.ts';
import { layersInWords } from './rows.ts';

export const effectAndDamage: Control = {
  name: 'effect-and-damage',
  title: 'Effect and damage',
  explanation:
    'The range is scaled by one alpha after another; refusals are counted and, on harmless prompts, the KL divergence of the first token from the unscaled model is taken. An effect that comes only with damage says that the model is broken there, not that safety lives there.',
  reference: 'Heretic (p-e-w) and other abliterators; Peng et al. 2024 (Safety Basin, 2405.17374)',
  needs: { pools: ['counted', 'harmless'], range: true, calibration: true, adapter: false },
  options: [
    {
      key: 'alphas',
      label: 'Alphas',
      description: 'Factors on the weights of the range, separated by commas.',
      kind: 'numbers',
      default: '0.7,0.8,0.9,0.95,1.05,1.1,1.2,1.3',
      min: 0,
      max: 4,
    },
  ],
  unit: 'prompts',
  async *run(run) {
    const { range, setting } = run.params;
    const { first, last, matrices } = range!;
    const series = layersInWords(first, last);
    const cells = run.numbers('alphas').map((alpha) => ({
      label: `alpha ${alpha}`,
      series,
      x: alpha,
      setting: { ...setting, scale: [{ first, last, alpha, matrices }] },
    }));
    const { rows, measures, unchanged, total } = yield* runCells(run, cells);
    const own = rows.filter(({ series: one }) => one === series);
    const found = own
      .filter(({ measure, pAdjusted }) => measure === 'refused' && pAdjusted! <= 0.05)
      .map(({ x, value }) => {
        const kl = own.find((row) => row.measure === 'kl' && row.x === x)!.value;
        return `alpha ${x}: ${value} of ${total} refused (unchanged: ${unchanged}) at ${kl.toFixed(3)} nats.`;
      });
    return {
      axis: { kind: 'alpha', label: 'alpha', layerCount: run.layerCount },
      measures,
      rows,
      findings: found.length > 0 ? found : ['No alpha changes the count beyond noise.'],
    };
  },
};

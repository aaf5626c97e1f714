/** Control: noise of the size of the scaling, in the same weights. */
import type { Control } from './control.ts';
import { type Cell, runCells } from './effect-damage.ts';
import { layersInWords } from './rows.ts';

export const randomPerturbation: Control = {
  name: 'random-perturbation',
  title: 'Noise of the same size',
  explanation:
    'Instead of scaling the weights of the range by alpha, Gaussian noise is added to them whose norm, matrix by matrix, is that of the change that scaling makes. If noise moves refusals as far, it is the size of the change that counts and not its direction.',
  reference: 'Peng et al. 2024 (Safety Basin, 2405.17374); reviewers of Li et al. 2025',
  needs: { pools: ['counted'], range: true, calibration: true, adapter: false },
  options: [
    {
      key: 'draws',
      label: 'Draws',
      description: 'How many independent draws of the noise.',
      kind: 'integer',
      default: 5,
      min: 1,
      max: 100,
    },
  ],
  unit: 'prompts',
  async *run(run) {
    const { setting, seed } = run.params;
    const { first, last, alpha, matrices } = run.params.range!;
    const plain = { ...setting, scale: [] };
    const strength = Math.abs(alpha - 1);
    const where = layersInWords(first, last);
    const cells: Cell[] = [
      {
        label: `${where} scaled by ${alpha}`,
        series: 'scaled',
        x: 0,
        setting: { ...plain, scale: [{ first, last, alpha, matrices }] },
      },
      ...Array.from({ length: run.number('draws') }, (_, draw): Cell => {
        const rule = { first, last, matrices, strength, seed: seed + draw };
        return {
          label: `noise, seed ${seed + draw}`,
          series: 'noise of the same norm',
          x: draw + 1,
          setting: { ...plain, perturb: [rule] },
        };
      }),
    ];
    const { rows, measures, unchanged, total } = yield* runCells(run, cells);
    const counts = rows.filter(({ measure }) => measure === 'refused');
    const scaled = counts.find(({ series }) => series === 'scaled')!;
    const noise = counts.filter(({ series }) => series.startsWith('noise')).map(({ value }) => value);
    return {
      axis: { kind: 'list', label: 'draw', layerCount: run.layerCount },
      measures,
      rows,
      findings: [
        `Unchanged ${unchanged} of ${total}, scaled ${scaled.value}; noise of the same norm (${(100 * strength).toFixed(0)} % of the weights') ` +
          `${Math.min(...noise)} to ${Math.max(...noise)} in ${noise.length} draws.`,
      ],
    };
  },
};

/** Control: random ranges, or random sets of layers, of the width of the range under test. */
import { randomLayerSets, randomRanges, rankP } from '@/method/random-layers.ts';
import type { Control } from './control.ts';
import { type Cell, runCells } from './effect-damage.ts';
import { layersInWords } from './rows.ts';

const TESTED = 'range under test';

export const randomRangesControl: Control = {
  name: 'random-ranges',
  title: 'Random ranges',
  explanation:
    'Other ranges of the same width, or as many layers anywhere, are scaled by the same alpha. A located range must do more than most of them, or any layers would have done.',
  reference:
    'Control asked for by reviewers of Li et al. 2025; random bands as in LED (Zhao et al. 2024, 2405.18166)',
  needs: { pools: ['counted'], range: true, calibration: true, adapter: false },
  options: [
    {
      key: 'draws',
      label: 'Draws',
      description: 'How many random ranges or sets; the smallest p that can come out is one in draws + 1.',
      kind: 'integer',
      default: 19,
      min: 1,
      max: 500,
    },
    {
      key: 'kind',
      label: 'What is drawn',
      description: 'Ranges are layers in a row, as the method assumes; sets are layers anywhere.',
      kind: 'choice',
      default: 'ranges',
      choices: [
        { value: 'ranges', label: 'ranges of the same width' },
        { value: 'sets', label: 'as many layers anywhere' },
      ],
    },
  ],
  unit: 'prompts',
  async *run(run) {
    const { setting, seed } = run.params;
    const range = run.params.range!;
    const draws = run.number('draws');
    const scaled = (layers: Array<{ first: number; last: number }>) => ({
      ...setting,
      scale: layers.map((part) => ({ ...range, ...part })),
    });
    const { first, last } = range;
    const cells: Cell[] = [
      {
        label: `${layersInWords(first, last)} (tested)`,
        series: TESTED,
        x: first,
        last,
        setting: scaled([range]),
      },
    ];
    if (run.choice('kind') === 'ranges') {
      for (const part of randomRanges(run.layerCount, range, draws, seed)) {
        const label = layersInWords(part.first, part.last);
        cells.push({
          label,
          series: 'random ranges',
          x: part.first,
          last: part.last,
          setting: scaled([part]),
        });
      }
    } else {
      randomLayerSets(run.layerCount, last - first + 1, draws, seed).forEach((set, at) => {
        const layers = set.map((layer) => ({ first: layer, last: layer }));
        const label = `set ${at + 1}: layers ${set.join(' ')}`;
        cells.push({ label, series: 'random sets', x: set[0]!, setting: scaled(layers) });
      });
    }
    const { rows, measures, unchanged } = yield* runCells(run, cells);
    const counts = rows.filter(({ measure }) => measure === 'refused');
    const tested = counts.find(({ series }) => series === TESTED)!;
    const others = counts.filter(({ series }) => series.startsWith('random')).map(({ value }) => value);
    const p = rankP(tested.value, others, unchanged);
    const further = others.filter(
      (value) => Math.abs(value - unchanged) >= Math.abs(tested.value - unchanged),
    );
    return {
      axis: { kind: 'layer', label: 'first layer', layerCount: run.layerCount },
      measures,
      rows,
      findings: [
        `Unchanged ${unchanged}, ${layersInWords(first, last)} ${tested.value} of ${tested.n}; ${further.length} of ${others.length} ` +
          `random ones move the count at least as far (rank p = ${p.toFixed(3)}).`,
      ],
    };
  },
};

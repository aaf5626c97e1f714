/** Grids and searches as text: the search in the form of table 1, the grid as its best ranges and its work. Pure. */
import { bestFirst, directionOf, type GridSummary, rangeWords } from '@/method/grid.ts';
import { MOST_PROMPTS, promptsNeeded } from '@/method/power.ts';
import type { GridResult, LayerAlphaResult, LocaliseWork, LocateResult, Sweep } from '@/protocol/localise.ts';

/** Best ranges that are listed. */
const LISTED = 10;

export function gridText(result: GridResult, summary: GridSummary, alpha: number): string {
  const { baseline, exact, cells } = result;
  const q = new Map(cells.map((cell, at) => [cell, summary.q[at]!]));
  const rows = bestFirst(cells, directionOf(alpha))
    .slice(0, LISTED)
    .map((cell) => {
      const decoded = exact.find((one) => one.first === cell.first && one.last === cell.last);
      return [
        `${cell.first}-${cell.last}`.padStart(7),
        `${cell.refused}/${baseline.total}`.padStart(9),
        `+${cell.gained} -${cell.lost}`.padStart(9),
        pText(q.get(cell)!).padStart(8),
        decoded
          ? `  ${decoded.refused} refused, ${decoded.answered} answered, ${decoded.garbled} garbled`
          : '',
      ].join(' ');
    });
  const head = ' layers   refused    change        q  decoded';
  const { runnerUp } = summary;
  const needed = runnerUp && promptsNeeded({ ...runnerUp.test, total: baseline.total });
  const power = runnerUp
    ? [
        `The best against the next, ${rangeWords(runnerUp.cell)}: ${changeText(runnerUp.test)}; to tell them apart with ` +
          `power 0.8 it would take ${needed ?? `more than ${MOST_PROMPTS}`} prompts.`,
      ]
    : [];
  return `${[summary.sentence, ...power, '', head, ...rows, '', workText(result.work)].join('\n')}\n`;
}

export function workText({ layerRuns, tokenRuns }: LocaliseWork): string {
  const times = ({ run, full }: { run: number; full: number }) => (run > 0 ? (full / run).toFixed(2) : '-');
  return (
    `Work: ${layerRuns.run} layer runs instead of ${layerRuns.full} (one full pass per range and prompt): ${times(layerRuns)} ` +
    `times fewer; in token positions ${tokenRuns.run} instead of ${tokenRuns.full}: ${times(tokenRuns)} times fewer.`
  );
}

/** One line per alpha: refused prompts by layer. */
export function layerAlphaText({ cells, baseline, layerCount }: LayerAlphaResult): string {
  const alphas = [...new Set(cells.map(({ alpha }) => alpha))].sort((a, b) => a - b);
  const layers = Array.from({ length: layerCount }, (_, layer) => layer);
  const lines = alphas.map((alpha) => {
    const of = (layer: number) => cells.find((cell) => cell.alpha === alpha && cell.layer === layer)?.refused;
    return [String(alpha).padStart(6), ...layers.map((layer) => String(of(layer) ?? '').padStart(3))].join(
      ' ',
    );
  });
  const head = ['layer:'.padStart(6), ...layers.map((layer) => String(layer).padStart(3))].join(' ');
  return `${[`Single layers, refused of ${baseline.total} (${baseline.refused} at alpha 1):`, head, ...lines].join('\n')}\n`;
}

/** Table 1's form: one line per bound, the chosen count in brackets, with what the prompts can tell. */
export function locateText({ start, baseline, searches }: LocateResult): string {
  const lines = [
    `Start: layers ${start.first}-${start.last}. ${start.reason}`,
    `Refused at alpha 1: ${baseline.refused} of ${baseline.total}.`,
  ];
  for (const { direction, steps } of searches) {
    lines.push('', direction === 'raise' ? 'alpha > 1' : 'alpha < 1');
    for (const step of steps) {
      switch (step.kind) {
        case 'start':
          break;
        case 'alpha': {
          const garbled =
            step.garbledShare === null ? '' : `, ${Math.round(step.garbledShare * 100)} % garbled`;
          lines.push(
            `  alpha ${step.alpha}: counts spread by ${step.spread.toFixed(1)} (${step.needed.toFixed(1)} needed)${garbled}: ${step.verdict}`,
          );
          break;
        }
        case 'chosen':
          lines.push(`  alpha ${step.alpha}. ${step.reason}`);
          break;
        case 'sweep':
          lines.push(...sweepLines(step.sweep), `    ${step.reason}`);
          break;
        case 'final':
          lines.push(
            `  Range: layers ${step.first}-${step.last}, alpha ${step.alpha}: ${step.refused} of ${step.total}. ${step.reason}`,
          );
          break;
        default:
          step satisfies never;
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

function sweepLines({ bound, points, chosen }: Sweep): string[] {
  const names = points.map(({ first, last }) => `[${first},${last}]`);
  const counts = points.map(({ refused }, at) => (at === chosen ? `*${refused}*` : String(refused)));
  const tests = points.map(({ fromChosen }) => (fromChosen ? `p ${pText(fromChosen.p)}` : 'chosen'));
  const width = Math.max(...[...names, ...counts, ...tests].map(({ length }) => length)) + 1;
  const line = (cells: string[]) => cells.map((cell) => cell.padStart(width)).join('');
  return [`  ${bound} bound`, `    ${line(names)}`, `    ${line(counts)}`, `    ${line(tests)}`];
}

const changeText = ({ gained, lost, p }: { gained: number; lost: number; p: number }) =>
  `${gained} prompts more, ${lost} fewer, p ${pText(p)}`;

const pText = (p: number): string => (p < 0.001 ? '<0.001' : p.toFixed(3));

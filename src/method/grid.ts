/**
 * What the grid of all ranges says: which ranges change the count beyond chance (false discovery rate over all cells),
 * which is best, which others the prompts cannot tell from it, and the marginals. The picture that the paper's search
 * walks over without seeing it. Runs nothing.
 */
import type { GridCell, GridResult, PairedTest, SearchDirection } from '@/protocol/localise.ts';
import { FALSE_DISCOVERY_RATE } from './localisation.ts';
import { pairedTest, SWEEP_LEVEL } from './range-sweep.ts';
import { benjaminiHochberg, mcnemarExact } from './statistics.ts';

/** Alpha above 1 is to raise refusals, below 1 to lower them (section 3.4). */
export const directionOf = (alpha: number): SearchDirection => (alpha >= 1 ? 'raise' : 'lower');

export const refusedFlags = (scores: Float32Array, threshold: number): boolean[] =>
  Array.from(scores, (score) => score > threshold);

/** A cell from its scores and those at alpha = 1. */
export function countScores(
  scores: Float32Array,
  baseline: Float32Array,
  threshold: number,
): { refused: number; gained: number; lost: number; scores: Float32Array } {
  const [before, after] = [refusedFlags(baseline, threshold), refusedFlags(scores, threshold)];
  const { gained, lost } = pairedTest(before, after);
  return { refused: after.filter(Boolean).length, gained, lost, scores };
}

/** Cells, best first: by count in the direction of alpha, then by mean score, then the narrowest. */
export function bestFirst(cells: readonly GridCell[], direction: SearchDirection): GridCell[] {
  const sign = direction === 'raise' ? 1 : -1;
  const mean = new Map(cells.map((cell) => [cell, meanOf(cell.scores)]));
  return [...cells].sort(
    (a, b) =>
      sign * (b.refused - a.refused) ||
      a.last - a.first - (b.last - b.first) ||
      sign * (mean.get(b)! - mean.get(a)!) ||
      a.first - b.first,
  );
}

const meanOf = (values: Float32Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean count over the cells that share a layer in some way; null where no such cell is finished. */
export interface Marginals {
  /** Ranges that begin at layer k. */
  byFirst: Array<number | null>;
  /** Ranges that end at layer k. */
  byLast: Array<number | null>;
  /** Ranges that hold layer k. */
  byLayer: Array<number | null>;
}

export function marginals(cells: readonly GridCell[], layerCount: number): Marginals {
  const meanWhere = (holds: (cell: GridCell, layer: number) => boolean) =>
    Array.from({ length: layerCount }, (_, layer) => {
      const chosen = cells.filter((cell) => holds(cell, layer));
      return chosen.length > 0 ? chosen.reduce((sum, { refused }) => sum + refused, 0) / chosen.length : null;
    });
  return {
    byFirst: meanWhere(({ first }, layer) => first === layer),
    byLast: meanWhere(({ last }, layer) => last === layer),
    byLayer: meanWhere(({ first, last }, layer) => first <= layer && layer <= last),
  };
}

export interface GridSummary {
  best: GridCell;
  /** The best cell against alpha = 1, adjusted for all cells (Benjamini-Hochberg). */
  bestQ: number;
  /** Adjusted p per cell against alpha = 1, in the order of the cells. */
  q: number[];
  /** Cells with q <= 0.05 that raise and that lower the count. */
  raising: number;
  lowering: number;
  /** Cells whose prompts do not tell them from the best one (McNemar, p > 0.05, uncorrected), the best one among them. */
  notToldApart: GridCell[];
  /** The best against the next best cell; src/method/power.ts says how many prompts would tell them apart. */
  runnerUp: { cell: GridCell; test: PairedTest } | null;
  marginals: Marginals;
  sentence: string;
}

/** Reads a finished or partial grid; null while it has no cell. */
export function summariseGrid(
  result: Pick<GridResult, 'layerCount' | 'baseline' | 'cells'>,
  alpha: number,
): GridSummary | null {
  const { cells, baseline, layerCount } = result;
  const { threshold } = baseline;
  if (cells.length === 0) return null;
  const q = benjaminiHochberg(cells.map(({ gained, lost }) => mcnemarExact(gained, lost).p));
  const [best, second] = bestFirst(cells, directionOf(alpha)) as [GridCell, GridCell?];
  const flags = refusedFlags(best.scores, threshold);
  const against = (cell: GridCell) => pairedTest(refusedFlags(cell.scores, threshold), flags);
  const notToldApart = cells.filter((cell) => cell === best || against(cell).p > SWEEP_LEVEL);
  const isFound = (at: number) => q[at]! <= FALSE_DISCOVERY_RATE;
  const test = second && against(second);
  const summary = {
    best,
    bestQ: q[cells.indexOf(best)]!,
    q,
    raising: cells.filter(({ gained, lost }, at) => isFound(at) && gained > lost).length,
    lowering: cells.filter(({ gained, lost }, at) => isFound(at) && gained < lost).length,
    notToldApart,
    runnerUp: second && test ? { cell: second, test } : null,
    marginals: marginals(cells, layerCount),
  };
  return { ...summary, sentence: gridSentence(summary, baseline, alpha) };
}

/** A range as people write it. */
export const rangeWords = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `layer ${first}` : `layers ${first}-${last}`;

function gridSentence(
  { best, bestQ, raising, lowering, notToldApart }: Omit<GridSummary, 'sentence'>,
  baseline: { refused: number; total: number },
  alpha: number,
): string {
  const most = directionOf(alpha) === 'raise' ? 'most' : 'fewest';
  const start = `At alpha ${alpha}, against ${baseline.refused} of ${baseline.total} refused at alpha 1: `;
  const found = `${most} refusals with ${rangeWords(best)} (${best.refused}, q ${qWords(bestQ)}`;
  const chance = bestQ <= FALSE_DISCOVERY_RATE ? '' : ', which chance alone may give';
  const others = notToldApart.length - 1;
  const firsts = notToldApart.map(({ first }) => first);
  const lasts = notToldApart.map(({ last }) => last);
  const spread =
    others === 0
      ? ' No other range is level with it.'
      : ` These prompts do not tell it from ${others} other range${others > 1 ? 's' : ''}, which begin at ` +
        `${span(firsts)} and end at ${span(lasts)}.`;
  return `${start}${found}${chance}). ${raising} ranges raise the count and ${lowering} lower it beyond chance (false discovery rate 0.05).${spread}`;
}

function span(layers: readonly number[]): string {
  const [low, high] = [Math.min(...layers), Math.max(...layers)];
  return low === high ? `layer ${low}` : `layers ${low} to ${high}`;
}

const qWords = (q: number): string => (q < 0.001 ? 'below 0.001' : q.toFixed(3));

/**
 * In which order the grid of all ranges is computed: first a coarse picture, then the rows in which the cells so far
 * promise most. A row is all ranges that begin at one layer: they share one scaled run, which is extended layer by layer
 * and from which the unscaled rest of the model branches off at every last layer. Also here: what that saves.
 */
import type { SearchDirection } from '@/protocol/localise.ts';

/** Ranges first..last for each of `lasts`, computed together. */
export interface GridVisit {
  first: number;
  lasts: number[];
}

/** A finished cell, as far as order is concerned. */
export interface CountedCell {
  first: number;
  last: number;
  refused: number;
}

export const gridCellCount = (layerCount: number): number => (layerCount * (layerCount + 1)) / 2;

/** Layer runs of one pass through the whole model per range, per prompt. */
export const fullGridRuns = (layerCount: number): number => layerCount * gridCellCount(layerCount);

/**
 * Layer runs of the whole grid by branching, per prompt: row i extends one scaled run over layers i..K-1 (K(K+1)/2 in
 * all), and range (i, j) adds the tail of K-1-j unscaled layers (K+1 choose 3 in all). The head below i is known. Tends
 * to a third of fullGridRuns: the tails differ for every range, so no exact way takes fewer.
 */
export const branchedGridRuns = (layerCount: number): number =>
  gridCellCount(layerCount) + ((layerCount + 1) * layerCount * (layerCount - 1)) / 6;

/** Every step-th row, with ranges of step, 2 step, ... layers; step 1 is no coarse picture but the whole. */
export function coarseVisits(layerCount: number, step: number): GridVisit[] {
  const visits: GridVisit[] = [];
  for (let first = 0; first < layerCount; first += step) {
    const lasts = [];
    for (let last = first + step - 1; last < layerCount; last += step) lasts.push(last);
    if (lasts.length > 0) visits.push({ first, lasts });
  }
  return visits;
}

/** What of a visit is not finished; null where all of it is. */
export function unfinished(
  visit: GridVisit,
  isFinished: (first: number, last: number) => boolean,
): GridVisit | null {
  const lasts = visit.lasts.filter((last) => !isFinished(visit.first, last));
  return lasts.length > 0 ? { ...visit, lasts } : null;
}

/**
 * The row to compute next: the one that holds the unfinished cell with the best expectation, which is the mean of the
 * finished cells' counts, weighted by distance^-2. Rows are finished whole. null when all are.
 */
export function nextVisit(
  layerCount: number,
  cells: readonly CountedCell[],
  direction: SearchDirection,
): GridVisit | null {
  const finished = new Set(cells.map(({ first, last }) => first * layerCount + last));
  const sign = direction === 'raise' ? 1 : -1;
  let best: { visit: GridVisit; promise: number } | null = null;
  for (let first = 0; first < layerCount; first++) {
    const row = { first, lasts: Array.from({ length: layerCount - first }, (_, at) => first + at) };
    const visit = unfinished(row, (i, j) => finished.has(i * layerCount + j));
    if (!visit) continue;
    const promise = Math.max(...visit.lasts.map((last) => sign * expectation(first, last, cells)));
    if (!best || promise > best.promise) best = { visit, promise };
  }
  return best?.visit ?? null;
}

function expectation(first: number, last: number, cells: readonly CountedCell[]): number {
  let sum = 0;
  let weights = 0;
  for (const cell of cells) {
    const distance = Math.abs(cell.first - first) + Math.abs(cell.last - last);
    const weight = 1 / (distance * distance || 1);
    sum += weight * cell.refused;
    weights += weight;
  }
  return weights > 0 ? sum / weights : 0;
}

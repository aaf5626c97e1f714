/**
 * One line of table 1: one bound of the range moves, the other stays, and refusals are counted at each place. Picks the
 * best place, and says which others the prompts cannot tell from it: most of the published peaks lie within noise.
 * Each test takes its pair alone; that the best was picked among several is not corrected for, which makes the words
 * "told apart" generous, and "within noise" safe.
 */
import type { PairedTest, SearchDirection, Sweep, SweepPoint } from '@/protocol/localise.ts';
import { mcnemarExact } from './statistics.ts';

/** Two places of a sweep differ when p is at or below this. */
export const SWEEP_LEVEL = 0.05;

/** What counting at one range gave. */
export interface RangeOutcome {
  /** Per prompt. */
  refused: readonly boolean[];
  /** Of the answers that were decoded; null where none was. */
  garbledShare: number | null;
}

export interface PlacedOutcome extends RangeOutcome {
  first: number;
  last: number;
}

export function pairedTest(before: readonly boolean[], after: readonly boolean[]): PairedTest {
  let gained = 0;
  let lost = 0;
  after.forEach((now, prompt) => {
    if (now && !before[prompt]) gained++;
    if (!now && before[prompt]) lost++;
  });
  return { gained, lost, p: mcnemarExact(gained, lost).p };
}

export const countTrue = (flags: readonly boolean[]): number =>
  flags.reduce((sum, flag) => sum + Number(flag), 0);

/**
 * @param places ordered by the bound that moves, at least one
 * @param direction raise: the largest count is best; lower: the smallest. Of equal counts the narrowest range is taken:
 *   it claims least
 */
export function makeSweep(
  bound: Sweep['bound'],
  alpha: number,
  places: readonly PlacedOutcome[],
  direction: SearchDirection,
): Sweep {
  const counts = places.map(({ refused }) => countTrue(refused));
  const chosen = bestPlace(places, counts, direction);
  const points = places.map((place, at): SweepPoint => {
    const previous = places[at - 1];
    return {
      first: place.first,
      last: place.last,
      refused: counts[at]!,
      total: place.refused.length,
      garbledShare: place.garbledShare,
      fromPrevious: previous ? pairedTest(previous.refused, place.refused) : null,
      fromChosen: at === chosen ? null : pairedTest(places[chosen]!.refused, place.refused),
    };
  });
  const boundOf = (point: SweepPoint) => (bound === 'upper' ? point.last : point.first);
  const together = points.filter(({ fromChosen }) => fromChosen === null || fromChosen.p > SWEEP_LEVEL);
  const isTogether = (at: number) => points[at] !== undefined && together.includes(points[at]);
  return {
    bound,
    alpha,
    points,
    chosen,
    spread: standardDeviation(counts),
    notToldApart: together.map(boundOf),
    isWithinNoise: isTogether(chosen - 1) || isTogether(chosen + 1),
  };
}

function bestPlace(
  places: readonly PlacedOutcome[],
  counts: readonly number[],
  direction: SearchDirection,
): number {
  const sign = direction === 'raise' ? 1 : -1;
  const width = (at: number) => places[at]!.last - places[at]!.first;
  let best = 0;
  for (let at = 1; at < counts.length; at++) {
    const difference = sign * (counts[at]! - counts[best]!);
    if (difference > 0 || (difference === 0 && width(at) < width(best))) best = at;
  }
  return best;
}

/** With n - 1; 0 for a single count. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

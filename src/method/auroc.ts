/** Area under the ROC curve: how well a score orders two groups. Not in the paper; asked for by its critics (Zhou et al. 2024). */

/**
 * Share of (positive, negative) pairs in which the positive scores higher, ties counting half: the Mann-Whitney U
 * divided by its maximum. 0.5 = the score says nothing, and also what is returned when a group is empty.
 */
export function auroc(positive: ArrayLike<number>, negative: ArrayLike<number>): number {
  if (positive.length === 0 || negative.length === 0) return 0.5;
  const sorted = Float64Array.from(negative).sort();
  let wins = 0;
  for (let p = 0; p < positive.length; p++) {
    const score = positive[p]!;
    wins += (countBelow(sorted, score, false) + countBelow(sorted, score, true)) / 2;
  }
  return wins / (positive.length * negative.length);
}

/** How many entries of an ascending array are below `value` (or equal to it, when `inclusive`). */
function countBelow(sorted: Float64Array, value: number, inclusive: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = sorted[middle]!;
    if (entry < value || (inclusive && entry === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

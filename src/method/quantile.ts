/** Quantiles of replicates, shared by every bootstrap of the method. */

/** Linear interpolation between order statistics (R's type 7). `sorted` ascending, not empty; 0 <= share <= 1. */
export function quantileSorted(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/** Percentile interval (Efron 1979) of bootstrap replicates; replicates that are not finite are left out. */
export function percentileInterval(replicates: Float64Array, level = 0.95): { low: number; high: number } {
  const sorted = replicates.filter(Number.isFinite).sort();
  if (sorted.length === 0) return { low: Number.NaN, high: Number.NaN };
  const tail = (1 - level) / 2;
  return { low: quantileSorted(sorted, tail), high: quantileSorted(sorted, 1 - tail) };
}

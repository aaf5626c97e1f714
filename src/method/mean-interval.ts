/** A mean over prompts with its interval. Counts have Wilson's; this is for quantities that are not counts. */
import { percentileInterval } from './quantile.ts';
import { createRandom, randomBelow } from './random.ts';

export interface MeanInterval {
  mean: number;
  low: number;
  high: number;
}

/**
 * The mean and its 95 % percentile bootstrap over the values, which must be independent. NaN without values; one value
 * has no spread to resample, and its interval is NaN.
 */
export function bootstrapMean(values: ArrayLike<number>, replicates = 1000, seed = 1): MeanInterval {
  const size = values.length;
  let sum = 0;
  for (let at = 0; at < size; at++) sum += values[at]!;
  const mean = sum / size;
  if (size < 2) return { mean, low: Number.NaN, high: Number.NaN };
  const random = createRandom(seed);
  const means = Float64Array.from({ length: replicates }, () => {
    let total = 0;
    for (let draw = 0; draw < size; draw++) total += values[randomBelow(random, size)]!;
    return total / size;
  });
  return { mean, ...percentileInterval(means) };
}

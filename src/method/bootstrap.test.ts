/** The band over prompts: agrees with doing it literally, covers the truth, shrinks with n. */
import { describe, expect, it } from 'vitest';
import { centredPairMeans, LANES, pairWeightTotals, promptResamples, rawPairMeans } from './bootstrap.ts';
import { allPairs, drawnPairs, type PairSet, pairKind } from './pairs.ts';
import { percentileInterval, quantileSorted } from './quantile.ts';
import { createRandom, type RandomSource } from './random.ts';
import { cosine, innerProducts, normalised } from './similarity.ts';

/** Standard normal (Box-Muller). */
const gaussian = (random: RandomSource) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function sample(normalCount: number, maliciousCount: number, width: number, random: RandomSource) {
  return Float32Array.from({ length: (normalCount + maliciousCount) * width }, (_, at) => {
    const shift = at >= normalCount * width && at % width === 0 ? 1 : 0;
    return gaussian(random) + shift + (at % width === 1 ? 2 : 0);
  });
}

const sizes = { normal: 5, malicious: 4, width: 6 };
const vectors = sample(sizes.normal, sizes.malicious, sizes.width, createRandom(1));
const size = sizes.normal + sizes.malicious;

/** A replicate done the long way: copies of prompts in a list, every pair of different prompts, an ordinary mean. */
function literal(weights: number[], pairs: PairSet, centred: boolean) {
  const mean = new Float64Array(sizes.width);
  const row = (i: number) => vectors.subarray(i * sizes.width, (i + 1) * sizes.width);
  weights.forEach((times, i) => {
    for (let d = 0; d < sizes.width; d++) mean[d]! += (times * row(i)[d]!) / size;
  });
  const placed = (i: number) => (centred ? Float64Array.from(row(i), (x, d) => x - mean[d]!) : row(i));
  const sums = { nn: 0, nm: 0, mm: 0 };
  const counts = { nn: 0, nm: 0, mm: 0 };
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const times = weights[i]! * weights[j]! * pairs.counts[i * size + j]!;
      const kind = pairKind(i, j, sizes.normal);
      sums[kind] += times * cosine(placed(i), placed(j));
      counts[kind] += times;
    }
  }
  return { nn: sums.nn / counts.nn, nm: sums.nm / counts.nm, mm: sums.mm / counts.mm };
}

describe.each([
  ['all pairs', allPairs(sizes.normal, sizes.malicious)],
  ['drawn pairs', drawnPairs(sizes.normal, sizes.malicious, 40, 3)],
])('replicates over %s', (_, pairs) => {
  const resamples = promptResamples(sizes.normal, sizes.malicious, 22, 4);
  const totals = pairWeightTotals(pairs, resamples);
  const inner = innerProducts(vectors, size);
  const weightsOf = (replicate: number) =>
    Array.from(
      { length: size },
      (__, i) => resamples.weights[(Math.floor(replicate / LANES) * size + i) * LANES + (replicate % LANES)]!,
    );

  it.each([
    ['raw', false],
    ['centred', true],
  ])('equal the literal resample (%s)', (__, centred) => {
    const replicates = centred
      ? centredPairMeans(inner, pairs, resamples, totals)
      : rawPairMeans(normalised(inner, size), pairs, resamples, totals);
    expect(resamples.replicates).toBe(24);
    for (let replicate = 0; replicate < 24; replicate++) {
      const expected = literal(weightsOf(replicate), pairs, centred);
      for (const kind of ['nn', 'nm', 'mm'] as const) {
        expect(replicates[kind][replicate]).toBeCloseTo(expected[kind], 10);
      }
    }
  });

  it('draw each pool to its own size', () => {
    for (let replicate = 0; replicate < 24; replicate++) {
      const weights = weightsOf(replicate);
      expect(weights.slice(0, sizes.normal).reduce((a, b) => a + b)).toBe(sizes.normal);
      expect(weights.slice(sizes.normal).reduce((a, b) => a + b)).toBe(sizes.malicious);
    }
  });
});

describe('the 95 % band', () => {
  const width = 8;
  const bandOf = (count: number, random: RandomSource) => {
    const drawn = sample(count, count, width, random);
    const pairs = allPairs(count, count);
    const resamples = promptResamples(count, count, 400, 7);
    const cosines = normalised(innerProducts(drawn, 2 * count), 2 * count);
    const replicates = rawPairMeans(cosines, pairs, resamples, pairWeightTotals(pairs, resamples));
    return percentileInterval(replicates.nm);
  };
  /** The population's mean N-M cosine, from many independent pairs. Its standard error is 0.001. */
  const random = createRandom(100);
  let truth = 0;
  const PAIRS = 100_000;
  for (let pair = 0; pair < PAIRS; pair++) {
    const two = sample(1, 1, width, random);
    truth += cosine(two.subarray(0, width), two.subarray(width)) / PAIRS;
  }

  it('covers the population mean in most of 100 samples of 30 prompts per pool', () => {
    let covered = 0;
    for (let trial = 0; trial < 100; trial++) {
      const { low, high } = bandOf(30, createRandom(1000 + trial));
      if (low <= truth && truth <= high) covered++;
    }
    // 95 nominal; percentile bands of 30 prompts run a little narrow. Three standard deviations of the count are 6.5.
    expect(covered).toBeGreaterThanOrEqual(87);
  });

  it('shrinks about as one over the square root of n', () => {
    const widthAt = (count: number) => {
      const { low, high } = bandOf(count, createRandom(5));
      return high - low;
    };
    const ratio = widthAt(20) / widthAt(80);
    expect(ratio).toBeGreaterThan(1.4);
    expect(ratio).toBeLessThan(2.8);
  });
});

it('quantiles interpolate between order statistics (R type 7)', () => {
  expect(quantileSorted([1, 2, 3, 4], 0.25)).toBeCloseTo(1.75, 12);
  expect(quantileSorted([1, 2, 3, 4], 1)).toBe(4);
  expect(percentileInterval(Float64Array.of(Number.NaN, 3, 1, 2))).toEqual({
    low: expect.closeTo(1.05, 12),
    high: expect.closeTo(2.95, 12),
  });
});

/**
 * Which pairs of prompts are compared (paper, section 3.2): normal-normal, normal-malicious, malicious-malicious.
 * A choice of pairs is a matrix of counts over the pooled prompts, normal first, then malicious; only the upper triangle
 * (i < j) is used, so no prompt is ever paired with itself. Cosines live in similarity.ts.
 */
import type { PairChoice, PairKind } from '@/protocol/experiments.ts';
import { createRandom, randomBelow, sampleWithoutReplacement } from './random.ts';

export interface PairSet {
  normalCount: number;
  maliciousCount: number;
  /** [n, n] row-major, n = normalCount + maliciousCount: how often pair (i, j), i < j, counts. */
  counts: Float64Array;
}

/** The kind of the pair of pooled prompts i < j. */
export function pairKind(i: number, j: number, normalCount: number): PairKind {
  if (j < normalCount) return 'nn';
  return i < normalCount ? 'nm' : 'mm';
}

/** Every pair once: exact means, no draws and no seed. A superset of what the paper samples. */
export function allPairs(normalCount: number, maliciousCount: number): PairSet {
  const size = normalCount + maliciousCount;
  const counts = new Float64Array(size * size);
  for (let i = 0; i < size; i++) counts.fill(1, i * size + i + 1, (i + 1) * size);
  return { normalCount, maliciousCount, counts };
}

/** Pairs given as indices into the pooled prompts, in either order; a pair that comes twice counts twice. */
export function listedPairs(
  normalCount: number,
  maliciousCount: number,
  pairs: Iterable<readonly [a: number, b: number]>,
): PairSet {
  const size = normalCount + maliciousCount;
  const counts = new Float64Array(size * size);
  for (const [a, b] of pairs) {
    if (a === b) throw new RangeError(`prompt ${a} cannot be paired with itself`);
    counts[Math.min(a, b) * size + Math.max(a, b)]! += 1;
  }
  return { normalCount, maliciousCount, counts };
}

/**
 * The paper's r random pairs of each kind (r = 500 in section 3.2): two different prompts of one pool, or one of each.
 * A pair may come again in a later draw, as in the published code (save_all_pairs_cos_sim.py).
 */
export function drawnPairs(
  normalCount: number,
  maliciousCount: number,
  draws: number,
  seed: number,
): PairSet {
  const random = createRandom(seed);
  const pairs: Array<[number, number]> = [];
  const withinPool = (start: number, size: number) => {
    if (size < 2) return;
    for (let draw = 0; draw < draws; draw++) {
      const [a, b] = sampleWithoutReplacement(size, 2, random) as [number, number];
      pairs.push([start + a, start + b]);
    }
  };
  withinPool(0, normalCount);
  withinPool(normalCount, maliciousCount);
  for (let draw = 0; draw < draws; draw++) {
    pairs.push([randomBelow(random, normalCount), normalCount + randomBelow(random, maliciousCount)]);
  }
  return listedPairs(normalCount, maliciousCount, pairs);
}

export function choosePairs(choice: PairChoice, normalCount: number, maliciousCount: number): PairSet {
  switch (choice.kind) {
    case 'all':
      return allPairs(normalCount, maliciousCount);
    case 'draws':
      return drawnPairs(normalCount, maliciousCount, choice.draws, choice.seed);
    default:
      return choice satisfies never;
  }
}

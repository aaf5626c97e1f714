/**
 * Confidence bands over PROMPTS for means over pairs. Pairs share prompts, so they are not independent: the sample is the
 * prompts, and a replicate draws prompts with replacement from each pool and takes every pair of the drawn ones.
 * Two copies of one prompt are not a pair (their cosine would be 1); only i < j of the original prompts is ever summed.
 * The paper's own band is the spread of its draws; this one is not in the paper.
 *
 * A replicate's mean is a weighted quadratic form, sum w_i w_j c_ij / sum w_i w_j, with w the prompts' multiplicities.
 * Four replicates run side by side (LANES): arrays over replicates are laid out [replicates / 4, n, 4].
 */
import type { PairKind } from '@/protocol/experiments.ts';
import type { PairSet } from './pairs.ts';
import { createRandom, resampleCounts } from './random.ts';
import { largestSquare, NO_DIRECTION_SHARE } from './similarity.ts';

/** Replicates that run side by side; see the layout above. */
export const LANES = 4;

export interface PromptResamples {
  /** As asked, rounded up to a multiple of 4. */
  replicates: number;
  normalCount: number;
  maliciousCount: number;
  /** [replicates / 4, n, 4]: how often a prompt was drawn. Each pool is drawn on its own, to its own size. */
  weights: Float64Array;
}

/** Means per kind of pair, one entry per replicate. NaN where a replicate holds no pair of the kind. */
export type PairMeanReplicates = Record<PairKind, Float64Array>;

/** Drawn once and used for all layers, so that a layer's band does not move against its neighbour's by chance. */
export function promptResamples(
  normalCount: number,
  maliciousCount: number,
  replicates: number,
  seed: number,
): PromptResamples {
  const size = normalCount + maliciousCount;
  const random = createRandom(seed);
  const rounded = Math.ceil(replicates / LANES) * LANES;
  const weights = new Float64Array(rounded * size);
  for (let replicate = 0; replicate < rounded; replicate++) {
    const counts = [...resampleCounts(normalCount, random), ...resampleCounts(maliciousCount, random)];
    const start = Math.floor(replicate / LANES) * size * LANES + (replicate % LANES);
    for (let i = 0; i < size; i++) weights[start + i * LANES] = counts[i]!;
  }
  return { replicates: rounded, normalCount, maliciousCount, weights };
}

/** sum over chosen pairs of w_i w_j, per replicate: the denominators. The same for every layer. */
export function pairWeightTotals(pairs: PairSet, resamples: PromptResamples): PairMeanReplicates {
  return quadraticForms(pairs.counts, resamples);
}

/** Replicates of the mean raw cosine of one layer; `cosines` is [n, n]. */
export function rawPairMeans(
  cosines: Float64Array,
  pairs: PairSet,
  resamples: PromptResamples,
  totals: PairMeanReplicates,
): PairMeanReplicates {
  const counted = cosines.map((value, at) => value * pairs.counts[at]!);
  return dividedBy(quadraticForms(counted, resamples), totals);
}

/**
 * Replicates of the mean centred cosine; `inner` is [n, n], raw inner products. The mean that is removed is a statistic
 * of the sample too, so each replicate removes its own: with g_i = x_i.m and m.m from weighted sums of `inner`, the
 * centred product is inner_ij - g_i - g_j + m.m, and no vector is touched.
 */
export function centredPairMeans(
  inner: Float64Array,
  pairs: PairSet,
  resamples: PromptResamples,
  totals: PairMeanReplicates,
): PairMeanReplicates {
  const size = resamples.normalCount + resamples.maliciousCount;
  const zero = NO_DIRECTION_SHARE * largestSquare(inner, size);
  const result = emptyReplicates(resamples.replicates);
  const withMean = new Float64Array(size * LANES);
  const scaled = new Float64Array(size * LANES);
  for (let block = 0; block < resamples.replicates / LANES; block++) {
    const weights = resamples.weights.subarray(block * size * LANES, (block + 1) * size * LANES);
    weightedRows(inner, weights, size, withMean);
    for (let lane = 0; lane < LANES; lane++) {
      let meanSquare = 0;
      for (let i = 0; i < size; i++) {
        withMean[i * LANES + lane]! /= size;
        meanSquare += (weights[i * LANES + lane]! * withMean[i * LANES + lane]!) / size;
      }
      for (let i = 0; i < size; i++) {
        const at = i * LANES + lane;
        const square = inner[i * size + i]! - 2 * withMean[at]! + meanSquare;
        scaled[at] = square > zero ? weights[at]! / Math.sqrt(square) : 0;
        // Half of m.m on each side, so that the pair's offset is the sum of its two prompts' offsets.
        withMean[at]! -= meanSquare / 2;
      }
    }
    addCentredForms(inner, pairs, scaled, withMean, block, result);
  }
  return dividedBy(result, totals);
}

/** out[i] = sum_j inner_ij w_j, four replicates at a time. */
function weightedRows(inner: Float64Array, weights: Float64Array, size: number, out: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0, at = 0, row = i * size; j < size; j++, at += LANES, row++) {
      const value = inner[row]!;
      s0 += value * weights[at]!;
      s1 += value * weights[at + 1]!;
      s2 += value * weights[at + 2]!;
      s3 += value * weights[at + 3]!;
    }
    out[i * LANES] = s0;
    out[i * LANES + 1] = s1;
    out[i * LANES + 2] = s2;
    out[i * LANES + 3] = s3;
  }
}

/** Per kind and replicate: sum over i < j of matrix_ij w_i w_j. */
function quadraticForms(matrix: Float64Array, resamples: PromptResamples): PairMeanReplicates {
  const { normalCount, replicates, weights } = resamples;
  const size = normalCount + resamples.maliciousCount;
  const result = emptyReplicates(replicates);
  for (let block = 0; block < replicates / LANES; block++) {
    const base = block * size * LANES;
    forEachRowPart(size, normalCount, (kind, i, from, to) => {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = from, at = base + from * LANES, row = i * size + from; j < to; j++, at += LANES, row++) {
        const value = matrix[row]!;
        s0 += value * weights[at]!;
        s1 += value * weights[at + 1]!;
        s2 += value * weights[at + 2]!;
        s3 += value * weights[at + 3]!;
      }
      const out = result[kind];
      const own = base + i * LANES;
      out[block * LANES]! += s0 * weights[own]!;
      out[block * LANES + 1]! += s1 * weights[own + 1]!;
      out[block * LANES + 2]! += s2 * weights[own + 2]!;
      out[block * LANES + 3]! += s3 * weights[own + 3]!;
    });
  }
  return result;
}

/** Adds, for one block of replicates, sum over pairs of times_ij v_i v_j (inner_ij - h_i - h_j). */
function addCentredForms(
  inner: Float64Array,
  pairs: PairSet,
  v: Float64Array,
  h: Float64Array,
  block: number,
  result: PairMeanReplicates,
): void {
  const size = pairs.normalCount + pairs.maliciousCount;
  const { counts } = pairs;
  forEachRowPart(size, pairs.normalCount, (kind, i, from, to) => {
    const own = i * LANES;
    const h0 = h[own]!;
    const h1 = h[own + 1]!;
    const h2 = h[own + 2]!;
    const h3 = h[own + 3]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = from, at = from * LANES, row = i * size + from; j < to; j++, at += LANES, row++) {
      const times = counts[row]!;
      const value = inner[row]!;
      s0 += times * v[at]! * (value - h0 - h[at]!);
      s1 += times * v[at + 1]! * (value - h1 - h[at + 1]!);
      s2 += times * v[at + 2]! * (value - h2 - h[at + 2]!);
      s3 += times * v[at + 3]! * (value - h3 - h[at + 3]!);
    }
    const out = result[kind];
    out[block * LANES]! += s0 * v[own]!;
    out[block * LANES + 1]! += s1 * v[own + 1]!;
    out[block * LANES + 2]! += s2 * v[own + 2]!;
    out[block * LANES + 3]! += s3 * v[own + 3]!;
  });
}

/** Row i of the upper triangle falls into at most two kinds: columns [from, to) of each. */
function forEachRowPart(
  size: number,
  normalCount: number,
  visit: (kind: PairKind, i: number, from: number, to: number) => void,
): void {
  for (let i = 0; i < normalCount; i++) {
    visit('nn', i, i + 1, normalCount);
    visit('nm', i, normalCount, size);
  }
  for (let i = normalCount; i < size; i++) visit('mm', i, i + 1, size);
}

function emptyReplicates(replicates: number): PairMeanReplicates {
  return {
    nn: new Float64Array(replicates),
    nm: new Float64Array(replicates),
    mm: new Float64Array(replicates),
  };
}

/** 0 / 0, a replicate without a pair of the kind, becomes NaN and is left out of the interval. */
function dividedBy(sums: PairMeanReplicates, totals: PairMeanReplicates): PairMeanReplicates {
  const divide = (kind: PairKind) => sums[kind].map((sum, at) => sum / totals[kind][at]!);
  return { nn: divide('nn'), nm: divide('nm'), mm: divide('mm') };
}

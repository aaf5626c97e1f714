/**
 * Cosine similarity of last-token vectors (paper, section 3.2) for all prompts of one layer at once, and its summary per
 * kind of pair. Everything is computed from the matrix of inner products, in float64; pairs come from pairs.ts,
 * confidence bands from bootstrap.ts, the probe from probe.ts.
 */
import type { PairKind } from '@/protocol/experiments.ts';
import { angleDeg } from './angle-gap.ts';
import type { PairSet } from './pairs.ts';
import { pairKind } from './pairs.ts';

/**
 * A squared length below this share of the largest raw one is rounding of float32 vectors, not a direction: the centred
 * vectors of a state where all prompts agree (the embedding of a shared last token). Their cosine is given as 0.
 */
export const NO_DIRECTION_SHARE = 1e-14;

/** cos(a, b) = a.b / (|a| |b|), summed in float64; 0 when either vector is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let squareA = 0;
  let squareB = 0;
  for (let d = 0; d < a.length; d++) {
    const x = a[d]!;
    const y = b[d]!;
    dot += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA === 0 || squareB === 0 ? 0 : dot / (Math.sqrt(squareA) * Math.sqrt(squareB));
}

/**
 * Inner products of the rows of [size, D]: a symmetric [size, size] matrix in float64.
 * Computed in tiles of 2 x 2, so that four sums run side by side and each loaded value serves twice.
 */
export function innerProducts(vectors: Float32Array, size: number): Float64Array {
  const width = vectors.length / size;
  // An odd number of prompts gets one row of zeros, so that tiles have no edge.
  const rows = size + (size % 2);
  const wide = new Float64Array(rows * width);
  wide.set(vectors);
  const result = new Float64Array(size * size);
  const store = (i: number, j: number, value: number) => {
    if (i >= size || j >= size) return;
    result[i * size + j] = value;
    result[j * size + i] = value;
  };
  for (let i = 0; i < rows; i += 2) {
    const a0 = i * width;
    const a1 = a0 + width;
    for (let j = i; j < rows; j += 2) {
      const b0 = j * width;
      const b1 = b0 + width;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      for (let d = 0; d < width; d++) {
        const x0 = wide[a0 + d]!;
        const x1 = wide[a1 + d]!;
        const y0 = wide[b0 + d]!;
        const y1 = wide[b1 + d]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s10 += x1 * y0;
        s11 += x1 * y1;
      }
      store(i, j, s00);
      store(i, j + 1, s01);
      store(i + 1, j, s10);
      store(i + 1, j + 1, s11);
    }
  }
  return result;
}

/** The largest diagonal entry: the scale against which a length counts as zero. */
export function largestSquare(inner: Float64Array, size: number): number {
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, inner[i * size + i]!);
  return largest;
}

/**
 * Inner products after the mean over all prompts (both pools together) is subtracted from every vector, without going
 * back to the vectors: (x - m).(y - m) = x.y - x.m - y.m + m.m, and m is itself a mean of the vectors.
 */
export function centredInnerProducts(inner: Float64Array, size: number): Float64Array {
  const withMean = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += inner[i * size + j]!;
    withMean[i] = sum / size;
  }
  const meanSquare = withMean.reduce((sum, value) => sum + value, 0) / size;
  const centred = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      centred[i * size + j] = inner[i * size + j]! - withMean[i]! - withMean[j]! + meanSquare;
    }
  }
  return centred;
}

/** Inner products [size, size] to cosines. `rawSquare` is the scale below which a vector has no direction. */
export function normalised(
  inner: Float64Array,
  size: number,
  rawSquare = largestSquare(inner, size),
): Float64Array {
  const inverse = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const square = inner[i * size + i]!;
    inverse[i] = square > NO_DIRECTION_SHARE * rawSquare ? 1 / Math.sqrt(square) : 0;
  }
  const cosines = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      cosines[i * size + j] = inner[i * size + j]! * inverse[i]! * inverse[j]!;
    }
  }
  return cosines;
}

/** The prompt x prompt picture of one layer: cosines [size, size] of vectors [size, D], raw or centred. */
export function cosineMatrix(vectors: Float32Array, size: number, measure: 'raw' | 'centred'): Float64Array {
  const inner = innerProducts(vectors, size);
  if (measure === 'raw') return normalised(inner, size);
  return normalised(centredInnerProducts(inner, size), size, largestSquare(inner, size));
}

/** One layer, one kind of pair. */
export interface PairStatistics {
  mean: number;
  /** Population standard deviation over the pairs: the band of figure 2. */
  std: number;
  /** Mean of arccos(cosine) over the pairs, for the text's angle gap. */
  meanAngleDeg: number;
}

/** Mean, spread and mean angle of the chosen pairs of a cosine matrix (figure 2, one layer). NaN where a kind has no pair. */
export function pairStatistics(cosines: Float64Array, pairs: PairSet): Record<PairKind, PairStatistics> {
  const size = pairs.normalCount + pairs.maliciousCount;
  const count = { nn: 0, nm: 0, mm: 0 };
  const sum = { nn: 0, nm: 0, mm: 0 };
  const square = { nn: 0, nm: 0, mm: 0 };
  const angle = { nn: 0, nm: 0, mm: 0 };
  forEachPair(pairs, (i, j, times, kind) => {
    const value = cosines[i * size + j]!;
    count[kind] += times;
    sum[kind] += times * value;
    angle[kind] += times * angleDeg(value);
  });
  // Second pass around the mean: cosines of 0.9997 with a spread of 2e-4 leave no digits to a sum of squares.
  forEachPair(pairs, (i, j, times, kind) => {
    const deviation = cosines[i * size + j]! - sum[kind] / count[kind];
    square[kind] += times * deviation * deviation;
  });
  const summary = (kind: PairKind): PairStatistics => ({
    mean: sum[kind] / count[kind],
    std: Math.sqrt(square[kind] / count[kind]),
    meanAngleDeg: angle[kind] / count[kind],
  });
  return { nn: summary('nn'), nm: summary('nm'), mm: summary('mm') };
}

function forEachPair(
  pairs: PairSet,
  visit: (i: number, j: number, times: number, kind: PairKind) => void,
): void {
  const size = pairs.normalCount + pairs.maliciousCount;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const times = pairs.counts[i * size + j]!;
      if (times > 0) visit(i, j, times, pairKind(i, j, pairs.normalCount));
    }
  }
}

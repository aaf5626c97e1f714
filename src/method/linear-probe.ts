/**
 * A linear probe per layer by ridge regression on the labels, cross-validated: the weak classifier of Zhou et al. 2024
 * (2406.05644), who find malicious apart from normal early and in pretrained models too, where a cosine sees no gap. It
 * may use any direction, and weighs directions by their noise; the difference-of-means probe (probe.ts) may not.
 * Solved from inner products alone (dual form), so no vector of the hidden width is touched.
 */

/** The ridge as a share of the mean squared length of the centred training vectors: enough to be stable, little bias. */
export const RIDGE_SHARE = 0.01;

/**
 * Score of every prompt by the probe of its fold, trained on the OTHER folds; `inner` is [n, n] raw inner products,
 * normal prompts first. Comparable within a fold only.
 */
export function ridgeScores(
  inner: Float64Array,
  folds: Int32Array,
  normalCount: number,
  ridgeShare = RIDGE_SHARE,
): Float64Array {
  const size = folds.length;
  const scores = new Float64Array(size);
  for (let fold = 0; fold <= Math.max(...folds); fold++) {
    const trained = [...folds.keys()].filter((prompt) => folds[prompt] !== fold);
    const weights = dualWeights(inner, size, trained, normalCount, ridgeShare);
    // sum over training prompts of weight (x_t - mean).x; the weights sum to zero, so the mean drops out.
    for (let prompt = 0; prompt < size; prompt++) {
      if (folds[prompt] !== fold) continue;
      let score = 0;
      trained.forEach((other, at) => {
        score += weights[at]! * inner[prompt * size + other]!;
      });
      scores[prompt] = score;
    }
  }
  return scores;
}

/** a = (K + ridge I)^-1 (y - mean y) for the centred Gram matrix K of the training prompts, then centred itself. */
function dualWeights(
  inner: Float64Array,
  size: number,
  trained: readonly number[],
  normalCount: number,
  ridgeShare: number,
): Float64Array {
  const count = trained.length;
  const gram = new Float64Array(count * count);
  const rowMeans = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const value = inner[trained[i]! * size + trained[j]!]!;
      gram[i * count + j] = value;
      rowMeans[i]! += value / count;
    }
  }
  const mean = rowMeans.reduce((sum, value) => sum + value, 0) / count;
  let trace = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) gram[i * count + j]! += mean - rowMeans[i]! - rowMeans[j]!;
    trace += gram[i * count + i]!;
  }
  // Vectors that all agree (the embedding of a shared last token) leave nothing to learn: any positive ridge gives zeros.
  const ridge = trace > 0 ? (ridgeShare * trace) / count : 1;
  for (let i = 0; i < count; i++) gram[i * count + i]! += ridge;
  const labels = Float64Array.from(trained, (prompt) => (prompt < normalCount ? -1 : 1));
  const labelMean = labels.reduce((sum, value) => sum + value, 0) / count;
  const weights = solvePositive(
    gram,
    labels.map((label) => label - labelMean),
  );
  const weightMean = weights.reduce((sum, value) => sum + value, 0) / count;
  return weights.map((weight) => weight - weightMean);
}

/** Solves A x = b for a symmetric positive definite A [n, n] by Cholesky; A is overwritten. */
export function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const x = right.slice();
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      const factor = matrix[j * n + k]!;
      for (let i = j; i < n; i++) matrix[i * n + j]! -= matrix[i * n + k]! * factor;
    }
    const pivot = Math.sqrt(matrix[j * n + j]!);
    for (let i = j; i < n; i++) matrix[i * n + j]! /= pivot;
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= matrix[i * n + k]! * x[k]!;
    x[i]! /= matrix[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= matrix[k * n + i]! * x[k]!;
    x[i]! /= matrix[i * n + i]!;
  }
  return x;
}

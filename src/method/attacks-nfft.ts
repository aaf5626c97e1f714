/**
 * Which single weights NFFT freezes (paper, section 4.2), chosen as Wei et al. 2024 choose "safety-critical" ones
 * (alignment-attribution-code, prune_wandg_set_difference): per weight matrix, the top q of the scores on safety data
 * without the top p of the scores on utility data; a score is |weight x gradient|. Scores come from the trainer.
 *
 * Open in both descriptions, and what is done here: the paper does not give p, q or the score; the share that it states is
 * reached by raising q until the difference has that share of the matrix, so p alone is a choice. Wei et al.'s text compares
 * per row, their code per whole matrix: here per matrix. Equal scores: the lower index first.
 */

/** Share of highest utility scores that are left out. Wei et al. search 0.01 to 0.1 for p and q. */
export const DEFAULT_UTILITY_SHARE = 0.1;

/** |weight x gradient| per weight, added to `sum` ([n]); Wei et al. average it over the rows. */
export function addImportance(
  sum: Float32Array,
  weights: Float32Array,
  gradient: Float32Array,
  rows = 1,
): void {
  for (let at = 0; at < sum.length; at++) sum[at]! += Math.abs(weights[at]! * gradient[at]!) / rows;
}

export interface NfftChoice {
  /** One bit per weight in its order, lowest bit of a byte first; 1 = frozen. */
  mask: Uint8Array;
  frozenCount: number;
  /** The q that the share came to: share of highest safety scores that had to be looked at. */
  safetyShare: number;
}

/**
 * The frozen weights of one matrix: `share` of them, rounded down. `safety` and `utility` are [n] scores of the same
 * weights. Throws a RangeError where share + utilityShare exceeds 1, since then too few weights are left to choose from.
 */
export function nfftMask(
  safety: Float32Array,
  utility: Float32Array,
  share: number,
  utilityShare = DEFAULT_UTILITY_SHARE,
): NfftChoice {
  const count = safety.length;
  if (utility.length !== count) throw new RangeError('safety and utility scores are of different matrices');
  const excluded = topMask(utility, Math.floor(utilityShare * count));
  const wanted = Math.floor(share * count);
  const free = count - countBits(excluded);
  if (!(share >= 0) || wanted > free) {
    throw new RangeError(`${share} of the weights cannot be frozen when ${utilityShare} are left out`);
  }
  const left = safety.map((score, at) => (bitAt(excluded, at) ? Number.NEGATIVE_INFINITY : score));
  const mask = topMask(left, wanted);
  return { mask, frozenCount: wanted, safetyShare: lookedAt(safety, mask, wanted) };
}

/** Wei et al.'s own form: the top q of `safety` without the top p of `utility`. [n] scores to a mask as above. */
export function setDifferenceMask(
  safety: Float32Array,
  utility: Float32Array,
  q: number,
  p: number,
): Uint8Array {
  const chosen = topMask(safety, Math.floor(q * safety.length));
  const excluded = topMask(utility, Math.floor(p * utility.length));
  return chosen.map((byte, at) => byte & ~excluded[at]!);
}

/** The `count` highest of [n] scores; of equal ones those with the lower index. */
export function topMask(scores: Float32Array, count: number): Uint8Array {
  const mask = new Uint8Array(Math.ceil(scores.length / 8));
  if (count <= 0) return mask;
  // Sorting numbers is native and takes a tenth of the time of sorting indices.
  const threshold = scores.slice().sort()[scores.length - Math.min(count, scores.length)]!;
  let left = count;
  for (const score of scores) if (score > threshold) left -= 1;
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at]!;
    if (score > threshold || (score === threshold && left > 0)) {
      if (score === threshold) left -= 1;
      mask[at >> 3]! |= 1 << (at & 7);
    }
  }
  return mask;
}

export function bitAt(mask: Uint8Array, index: number): boolean {
  return ((mask[index >> 3]! >> (index & 7)) & 1) === 1;
}

export function countBits(mask: Uint8Array): number {
  let count = 0;
  for (let byte of mask) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
}

/** Share of weights whose safety score is at least the lowest that was chosen. */
function lookedAt(safety: Float32Array, mask: Uint8Array, wanted: number): number {
  if (wanted === 0) return 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < safety.length; at++) if (bitAt(mask, at)) lowest = Math.min(lowest, safety[at]!);
  let count = 0;
  for (const score of safety) if (score >= lowest) count += 1;
  return count / safety.length;
}

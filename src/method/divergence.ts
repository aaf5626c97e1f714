/**
 * How far a changed model is from the unchanged one where it should be the same: Kullback-Leibler divergence of the first
 * answer token on harmless prompts. Not in the paper; Heretic and the abliterators (see docs/controls.md) weigh refusals
 * against it. Refusals tell the effect of a change, this tells the damage.
 */

/** ln softmax(logits), in float64. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) largest = Math.max(largest, logits[id]!);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - largest);
  const shift = largest + Math.log(sum);
  return Float64Array.from({ length: logits.length }, (_, id) => logits[id]! - shift);
}

/**
 * KL(before || after) in nats of two next-token distributions given as logits [V]: how surprised someone is who expects
 * the unchanged model. 0 exactly for equal logits, never negative beyond rounding.
 */
export function klDivergence(before: ArrayLike<number>, after: ArrayLike<number>): number {
  const p = logSoftmax(before);
  const q = logSoftmax(after);
  let sum = 0;
  for (let id = 0; id < p.length; id++) {
    const probability = Math.exp(p[id]!);
    // A probability that underflows adds nothing, whatever the other model thinks of the token.
    if (probability > 0) sum += probability * (p[id]! - q[id]!);
  }
  return Math.max(0, sum);
}

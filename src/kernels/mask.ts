/** Additive attention masks. A large negative number instead of -Infinity: a row without keys stays finite. */
const BLOCKED = -1e9;

/**
 * Causal mask of a padded batch whose rows all start after `prefixLength` shared positions: [1, 1, r*T, P + T].
 * Right padding needs no mask of its own: no real query stands after a pad.
 */
export function causalMask(groupSize: number, newLength: number, prefixLength: number): Float32Array {
  const width = prefixLength + newLength;
  const mask = new Float32Array(groupSize * newLength * width);
  for (let member = 0; member < groupSize; member++) {
    for (let t = 0; t < newLength; t++) {
      const start = (member * newLength + t) * width;
      mask.fill(BLOCKED, start + prefixLength + t + 1, start + width);
    }
  }
  return mask;
}

/**
 * Mask for one new token per row: [B, 1, r, P + C + steps], C = padded length of the first pass. Keys are the prefix, the
 * row's own `lengths[b]` positions, a gap up to C, and every token decoded since, the newest included.
 */
export function decodeMask(
  groupSize: number,
  lengths: readonly number[],
  prefixLength: number,
  paddedLength: number,
  decodedCount: number,
): Float32Array {
  const width = prefixLength + paddedLength + decodedCount;
  const mask = new Float32Array(lengths.length * groupSize * width);
  lengths.forEach((length, row) => {
    for (let member = 0; member < groupSize; member++) {
      const start = (row * groupSize + member) * width + prefixLength;
      mask.fill(BLOCKED, start + length, start + paddedLength);
    }
  });
  return mask;
}

/** Additive attention masks. A large negative number instead of -Infinity: a row without keys stays finite. */
const BLOCKED = -1e9;

/**
 * Causal mask of a padded batch whose rows all start after `prefixLength` shared positions: [1, 1, r*T, P + T].
 * Right padding needs no mask of its own: no real query stands after a pad. With a window a query sees itself and the
 * window - 1 positions before it.
 */
export function causalMask(
  groupSize: number,
  newLength: number,
  prefixLength: number,
  window: number | null = null,
): Float32Array {
  const width = prefixLength + newLength;
  const mask = new Float32Array(groupSize * newLength * width);
  for (let member = 0; member < groupSize; member++) {
    for (let t = 0; t < newLength; t++) {
      const start = (member * newLength + t) * width;
      mask.fill(BLOCKED, start + prefixLength + t + 1, start + width);
      if (window !== null) mask.fill(BLOCKED, start, start + Math.max(0, prefixLength + t + 1 - window));
    }
  }
  return mask;
}

/**
 * Mask for one new token per row: [B, 1, r, P + C + steps], C = padded length of the first pass. Keys are the prefix, the
 * row's own `lengths[b]` positions, a gap up to C, and every token decoded since, the newest included. Without decoded
 * tokens the last of the row's own asks. With a window only the last so many of these are seen.
 */
export function decodeMask(
  groupSize: number,
  lengths: readonly number[],
  prefixLength: number,
  paddedLength: number,
  decodedCount: number,
  window: number | null = null,
): Float32Array {
  const width = prefixLength + paddedLength + decodedCount;
  const mask = new Float32Array(lengths.length * groupSize * width);
  lengths.forEach((length, row) => {
    // Positions up to here are out of the window's reach; behind the gap they go on where the row's own end.
    const unseen = window === null ? 0 : Math.max(0, prefixLength + length + decodedCount - window);
    for (let member = 0; member < groupSize; member++) {
      const start = (row * groupSize + member) * width;
      mask.fill(BLOCKED, start + prefixLength + length, start + prefixLength + paddedLength);
      mask.fill(BLOCKED, start, start + Math.min(unseen, prefixLength + length));
      const decoded = start + prefixLength + paddedLength;
      mask.fill(BLOCKED, decoded, decoded + Math.max(0, unseen - prefixLength - length));
    }
  });
  return mask;
}

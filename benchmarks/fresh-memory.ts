/**
 * What a machine takes to hand out the memory of a model's float32 weights and have it written once: no way of loading them can
 * be faster. Runs in Node and in a worker.
 */

/** As large as a layer's weights come: a block at a time, each in memory of its own. */
const BLOCK_FLOATS = 3.5e6;

export function freshWriteMs(floatCount: number): number {
  const start = performance.now();
  const blocks: Float32Array[] = [];
  for (let left = floatCount; left > 0; left -= BLOCK_FLOATS) {
    blocks.push(new Float32Array(Math.min(left, BLOCK_FLOATS)).fill(1));
  }
  const ms = performance.now() - start;
  // Reads them, so that no engine may leave the writing out.
  if (blocks.some((block) => block.at(-1) !== 1))
    throw new Error('Memory does not keep what is written to it.');
  return ms;
}

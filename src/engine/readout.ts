/** Vectors of the residual stream through the model's own final norm and head (no adapter's), as if it ended there. */
import type { Backend } from '@/backends/backend.ts';
import { readLogits } from './decoder.ts';
import type { LayerLoop } from './layer-loop.ts';
import { nextMacrotask } from './macrotask.ts';

/** Vectors at a time: their logits over the whole vocabulary are the largest tensors there are. */
const ROWS = 64;

/** Logits [V] of each vector [D], handed out and not kept. */
export async function readOut(
  backend: Backend,
  loop: LayerLoop,
  vectors: readonly Float32Array[],
  onItem: (index: number, logits: Float32Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let first = 0; first < vectors.length; first += ROWS) {
    await nextMacrotask();
    signal?.throwIfAborted();
    const rows = vectors.slice(first, first + ROWS);
    const width = rows[0]!.length;
    const x = new Float32Array(rows.length * width);
    rows.forEach((vector, row) => {
      x.set(vector, row * width);
    });
    const logits = await readLogits(backend, loop, backend.upload(x, [rows.length, width]), {});
    for (const [row, own] of logits.entries()) onItem(first + row, own);
  }
}

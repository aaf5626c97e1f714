/** Proof of freezing: hashes of what each layer computes with, and the size of what a run added to its weights. */
import type { LayerValues, TrainablePart } from '@/engine/train/parameters.ts';
import type { Trainer } from '@/engine/train/trainer.ts';
import { createSha256 } from '@/model/sha256.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';

/** sha256 over the layer's tensors as the device holds them: names in order, each followed by its little-endian float32. */
export async function layerHash(trainer: Trainer, layer: number): Promise<string> {
  const tensors = await trainer.layerTensors(layer);
  const hasher = createSha256();
  for (const name of [...tensors.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)!;
    hasher.update(new TextEncoder().encode(`${name}:${byteLength};`));
    hasher.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hasher.digest();
}

/**
 * Frobenius norm of what the run added to one layer's weights, all trained tensors together. LoRA: of scaling · B A. Full:
 * of the weights now minus those at the start. 0 where nothing trains.
 */
export async function updateNorm(
  trainer: Trainer,
  part: TrainablePart,
  layer: number,
  trained: LayerValues[number],
): Promise<number> {
  if (part.kind === 'lora') {
    if (!trained) return 0;
    const squares = MATRIX_NAMES.filter((matrix) => trained.has(`trainA.${matrix}`)).map(
      (matrix) =>
        loraUpdateNorm(
          trained.get(`trainA.${matrix}`)!,
          trained.get(`trainB.${matrix}`)!,
          part.rank,
          part.scaling,
        ) ** 2,
    );
    return Math.sqrt(squares.reduce((sum, one) => sum + one, 0));
  }
  // Frozen layers are compared as well: what should be equal is measured, not assumed.
  const [start, now] = [await trainer.layerTensors(layer, 'start'), await trainer.layerTensors(layer)];
  let squares = 0;
  for (const [name, before] of start) {
    const after = now.get(name)!;
    for (let i = 0; i < before.length; i++) squares += (after[i]! - before[i]!) ** 2;
  }
  return Math.sqrt(squares);
}

/** ||s B A|| from the two small Gram matrices: its square is s² trace((BᵀB)(A Aᵀ)). a [rank, in], b [out, rank]. */
export function loraUpdateNorm(a: Float32Array, b: Float32Array, rank: number, scaling: number): number {
  const width = a.length / rank;
  const height = b.length / rank;
  let trace = 0;
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      let ofA = 0;
      for (let k = 0; k < width; k++) ofA += a[i * width + k]! * a[j * width + k]!;
      let ofB = 0;
      for (let k = 0; k < height; k++) ofB += b[k * rank + i]! * b[k * rank + j]!;
      trace += ofA * ofB;
    }
  }
  // Rounding may leave a zero slightly below it.
  return scaling * Math.sqrt(Math.max(0, trace));
}

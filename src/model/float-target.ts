/**
 * Stored weights to float32: where the values go, and which thread makes them. Without a target they go to JavaScript's memory
 * and are made here; a backend may offer better (Backend.floats). Not here: what the formats are (ggml-types.ts).
 */
import { checkFinite } from './float-formats.ts';
import type { GgmlType } from './ggml-types.ts';

export interface FloatTarget {
  /** Starts the threads that `widen` will hand over to, which takes them a while. */
  prepare?(): void;
  /** Ends them; they start again when there is something to do. */
  rest?(): void;
  /** Room for so many values; holds anything at first. */
  allocate(length: number): Float32Array;
  /**
   * Has the values made by another thread. null: not now, they are to be made here; else whether they were made and are all
   * finite.
   */
  widen?(type: GgmlType['name'], bytes: Uint8Array, out: Float32Array): Promise<boolean> | null;
}

export const inJavaScript: FloatTarget = { allocate: (length) => new Float32Array(length) };

export interface StoredFloats {
  type: GgmlType;
  elementCount: number;
  read(): Promise<Uint8Array>;
  /** For messages. */
  tensor: string;
  file: string;
}

/** @throws AppError 'bad-file' where a value is not finite */
export async function makeFloats(
  { type, elementCount, read, tensor, file }: StoredFloats,
  target: FloatTarget = inJavaScript,
): Promise<Float32Array> {
  // Before the bytes are there: room is given in the order in which weights are asked for.
  const values = target.allocate(elementCount);
  const bytes = await read();
  // Where another thread failed, this one finds out why.
  if (await target.widen?.(type.name, bytes, values)) return values;
  type.toFloats(bytes, values);
  checkFinite(values, tensor, file, checkStep(type));
  return values;
}

/** Every so manyth value is looked at: a scale that is not finite multiplies its whole block, and no block is smaller than 16. */
export function checkStep({ blockSize }: GgmlType): number {
  return blockSize > 1 ? 16 : 1;
}

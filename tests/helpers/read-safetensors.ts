/** The least reader of safetensors that reference tests need: trusts its file. The product's own, which does not, is in src/model. */
import { readFileSync } from 'node:fs';

export interface ReferenceTensor {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** All F32 and I32 tensors of a reference file, by name. */
export function readSafetensors(file: string | URL): Record<string, ReferenceTensor> {
  const bytes = readFileSync(file);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors: Record<string, ReferenceTensor> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (dtype !== 'F32' && dtype !== 'I32') continue;
    const [start, end] = data_offsets.map((offset) => 8 + headerLength + offset) as [number, number];
    // A copy, because a view needs an offset that is a multiple of four.
    const { buffer } = Uint8Array.from(bytes.subarray(start, end));
    tensors[name] = { shape, data: dtype === 'F32' ? new Float32Array(buffer) : new Int32Array(buffer) };
  }
  return tensors;
}

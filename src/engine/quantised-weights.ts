/**
 * Matrices that the device keeps as the file quantised them: how they are put there. Not here: their arithmetic
 * (kernels/quantised-linear.ts), and their float32 values (float-weights.ts).
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { PACKED_INPUTS } from '@/kernels/quantised-linear.ts';
import type { PackedForm, PackedMatrix } from '@/model/packed-matrix.ts';
import type { MatrixName } from '@/model/spec.ts';

/** Forms of the quantised matrices of one layer; the others are float32. */
export type QuantisedLayer = Partial<Record<MatrixName, PackedForm>>;

/** Kernel inputs of one matrix: the matrix under its name, or its codes, scales and offsets. */
export function uploadMatrix(
  backend: Backend,
  name: string,
  matrix: Float32Array | PackedMatrix,
  dims: readonly [number, number],
): Record<string, DeviceTensor> {
  if (matrix instanceof Float32Array) return { [name]: backend.upload(matrix, dims) };
  const { rows, columns, bits, blockSize, codes, scales, offsets } = matrix;
  const blocks = columns / blockSize;
  return {
    [`${name}${PACKED_INPUTS.codes}`]: backend.upload(codes, [rows, blocks, (blockSize * bits) / 8]),
    [`${name}${PACKED_INPUTS.scales}`]: backend.upload(scales, [rows * blocks]),
    ...(offsets && { [`${name}${PACKED_INPUTS.offsets}`]: backend.upload(offsets, [rows, blocks]) }),
  };
}

export function formOf(matrix: Float32Array | PackedMatrix): PackedForm | null {
  if (matrix instanceof Float32Array) return null;
  const { bits, blockSize, hasOffsets } = matrix;
  return { bits, blockSize, hasOffsets };
}

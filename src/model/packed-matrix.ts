/**
 * A matrix that stays quantised, in the form of ONNX Runtime's MatMulNBits: whole codes, one float32 scale per block, and an
 * offset per block where the file's type has a minimum. Every ggml type fits without rounding a weight anew; only
 * d · q + m is written as d · (q - 8) + (8d + m). Not here: reading files (gguf.ts), the kernel (kernels/quantised-linear.ts).
 */
import { checkFinite } from './float-formats.ts';
import { type BlockReader, PACKABLE_TYPES } from './packed-blocks.ts';

/** w = scale · (code - 2^(bits - 1)) + offset, scale and offset being those of the weight's block. */
export interface PackedForm {
  bits: 4 | 8;
  /** Weights of a row per block. */
  blockSize: 16 | 32;
  hasOffsets: boolean;
}

export interface PackedMatrix extends PackedForm {
  rows: number;
  columns: number;
  /** [rows, columns · bits / 8]; of two 4-bit codes in a byte the low one comes first. */
  codes: Uint8Array;
  /** [rows, columns / blockSize] */
  scales: Float32Array;
  /** [rows, columns / blockSize], or null where the type has no minimum. */
  offsets: Float32Array | null;
}

/** The form that a ggml type is kept in, or null where it is no quantised type. */
export function packedForm(type: string): PackedForm | null {
  const found = PACKABLE_TYPES[type];
  return found ? { bits: found.bits, blockSize: found.blockSize, hasOffsets: found.hasOffsets } : null;
}

/**
 * @param bytes whole blocks of `type`, row after row
 * @param name of tensor and file, for messages
 * @throws AppError 'bad-file' where a scale or an offset is no finite number
 */
export function packMatrix(
  type: string,
  bytes: Uint8Array,
  rows: number,
  columns: number,
  [tensor, file]: readonly [string, string],
): PackedMatrix {
  const reader: BlockReader = PACKABLE_TYPES[type]!;
  const { bits, blockSize, hasOffsets } = reader;
  const count = rows * columns;
  const codes = new Uint8Array(count);
  const scales = new Float32Array(count / blockSize);
  const offsets = hasOffsets ? new Float32Array(count / blockSize) : null;
  reader.read(bytes, codes, scales, offsets!);
  checkFinite(scales, tensor, file);
  if (offsets) checkFinite(offsets, tensor, file);
  const packed = bits === 8 ? codes : pairUp(codes);
  return { bits, blockSize, hasOffsets, rows, columns, codes: packed, scales, offsets };
}

/** Float32, [rows, columns]: for checks, and for what needs the weights themselves. */
export function unpackMatrix({ bits, blockSize, codes, scales, offsets }: PackedMatrix): Float32Array {
  const out = new Float32Array((codes.length * 8) / bits);
  const zero = 1 << (bits - 1);
  for (let i = 0; i < out.length; i++) {
    const code = bits === 8 ? codes[i]! : (codes[i >> 1]! >> (4 * (i & 1))) & 15;
    const block = Math.floor(i / blockSize);
    out[i] = scales[block]! * (code - zero) + (offsets?.[block] ?? 0);
  }
  return out;
}

/** The rows that `from` names, in their order: rows in another order, or some of them. */
export function takeRows(matrix: PackedMatrix, from: readonly number[]): PackedMatrix {
  const pick = <Data extends Uint8Array | Float32Array>(data: Data, width: number, out: Data): Data => {
    from.forEach((row, at) => {
      out.set(data.subarray(row * width, (row + 1) * width), at * width);
    });
    return out;
  };
  const codeWidth = matrix.codes.length / matrix.rows;
  const blocks = matrix.columns / matrix.blockSize;
  const { offsets } = matrix;
  return {
    ...matrix,
    rows: from.length,
    codes: pick(matrix.codes, codeWidth, new Uint8Array(from.length * codeWidth)),
    scales: pick(matrix.scales, blocks, new Float32Array(from.length * blocks)),
    offsets: offsets && pick(offsets, blocks, new Float32Array(from.length * blocks)),
  };
}

/** Codes, scale and offset, shared out among the weights of a block. */
export function packedBytesPerWeight({ bits, blockSize, hasOffsets }: PackedForm): number {
  return bits / 8 + (hasOffsets ? 8 : 4) / blockSize;
}

export function packedBytes({ codes, scales, offsets }: PackedMatrix): number {
  return codes.byteLength + scales.byteLength + (offsets?.byteLength ?? 0);
}

function pairUp(codes: Uint8Array): Uint8Array {
  const pairs = new Uint8Array(codes.length / 2);
  for (let i = 0; i < pairs.length; i++) pairs[i] = codes[2 * i]! | (codes[2 * i + 1]! << 4);
  return pairs;
}

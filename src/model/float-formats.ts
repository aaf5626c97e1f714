/**
 * Widening of stored floats to float32 and the check for values that are not finite.
 * Block-quantised formats are in dequantise.ts. All stored data is little-endian, as is every machine that runs this.
 */
import { AppError } from './app-error.ts';

let halfTable: Float32Array | undefined;

/** All 65536 float16 values, widened. One lookup is faster than the bit arithmetic. */
export function float16Table(): Float32Array {
  if (halfTable) return halfTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halfTable = table;
  return table;
}

/** Stored values to float32; `out` has one element for each. */
export type Widener = (bytes: Uint8Array, out: Float32Array) => void;

/** A copy of two-byte values whose start is aligned. */
function halvesOf(bytes: Uint8Array): Uint16Array {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return new Uint16Array(copy.buffer);
}

export const widenFloat32: Widener = (bytes, out) => {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
};

export const widenFloat16: Widener = (bytes, out) => {
  const table = float16Table();
  const halves = halvesOf(bytes);
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]!]!;
};

/** bfloat16 is the upper half of a float32. */
export const widenBfloat16: Widener = (bytes, out) => {
  const halves = halvesOf(bytes);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
};

/** Whether no value is NaN or infinite, of every `step`th one. */
export function areFinite(values: Float32Array, step = 1): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // An exponent of all ones, plus one in the exponent's lowest place, overflows into the sign bit: no branch per value.
  let carry = 0;
  for (let i = 0; i < bits.length; i += step) carry |= (bits[i]! & 0x7fffffff) + 0x00800000;
  return carry >= 0;
}

/**
 * Throws where a value is NaN or infinite, with the counts. `tensor` and `file` are for the message.
 * @param step looks at every so manyth value: enough where values come in blocks that a scale spoils as a whole
 */
export function checkFinite(values: Float32Array, tensor: string, file: string, step = 1): void {
  if (areFinite(values, step)) return;
  let nanCount = 0;
  let infinityCount = 0;
  for (const value of values) {
    if (Number.isNaN(value)) nanCount++;
    else if (!Number.isFinite(value)) infinityCount++;
  }
  const counts = [
    nanCount ? `${nanCount} NaN` : '',
    infinityCount ? `${infinityCount} ${infinityCount === 1 ? 'infinity' : 'infinities'}` : '',
  ].filter(Boolean);
  throw new AppError(
    'bad-file',
    `${file}: ${tensor} holds values that are not finite (${counts.join(', ')}).`,
    'The file was written from a broken model or is damaged; use another copy.',
  );
}

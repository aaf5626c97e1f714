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

/** A copy of `bytes` whose start is aligned for every typed array. */
function alignedCopy(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy.buffer;
}

export function widenFloat32(bytes: Uint8Array): Float32Array {
  return new Float32Array(alignedCopy(bytes));
}

export function widenFloat16(bytes: Uint8Array): Float32Array {
  const table = float16Table();
  const halves = new Uint16Array(alignedCopy(bytes));
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]!]!;
  return out;
}

/** bfloat16 is the upper half of a float32. */
export function widenBfloat16(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(alignedCopy(bytes));
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/**
 * Throws where a value is NaN or infinite, with the counts. `tensor` and `file` are for the message.
 * @param step looks at every so manyth value: enough where values come in blocks that a scale spoils as a whole
 */
export function checkFinite(values: Float32Array, tensor: string, file: string, step = 1): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // An exponent of all ones, plus one in the exponent's lowest place, overflows into the sign bit: no branch per value.
  let carry = 0;
  for (let i = 0; i < bits.length; i += step) carry |= (bits[i]! & 0x7fffffff) + 0x00800000;
  if (carry >= 0) return;
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

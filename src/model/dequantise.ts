/**
 * ggml's block formats Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 to float32, one tight loop per type: an element costs about a
 * nanosecond. Formulas and layouts: ggml-quants.c, dequantize_row_*. K-quants are in dequantise-k.ts.
 */
import { float16Table } from './float-formats.ts';

/** `bytes` holds whole blocks; `out` has one element per weight. */
export type Widener = (bytes: Uint8Array, out: Float32Array) => void;

/** Block: scale f16, 16 bytes of two 4-bit values. y = d * (q - 8); low nibbles come first. */
export const dequantiseQ4_0: Widener = (bytes, out) => {
  const half = float16Table();
  for (let at = 0, y = 0; y < out.length; at += 18, y += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 2 + j]!;
      out[y + j] = d * ((q & 15) - 8);
      out[y + 16 + j] = d * ((q >> 4) - 8);
    }
  }
};

/** Block: scale f16, minimum f16, 16 bytes. y = d * q + m. */
export const dequantiseQ4_1: Widener = (bytes, out) => {
  const half = float16Table();
  for (let at = 0, y = 0; y < out.length; at += 20, y += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 4 + j]!;
      out[y + j] = d * (q & 15) + m;
      out[y + 16 + j] = d * (q >> 4) + m;
    }
  }
};

/** Bits 0..31 of a little-endian word. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Block: scale f16, 32 fifth bits, 16 bytes. y = d * (q - 16). */
export const dequantiseQ5_0: Widener = (bytes, out) => {
  const half = float16Table();
  for (let at = 0, y = 0; y < out.length; at += 22, y += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const high = word(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 6 + j]!;
      out[y + j] = d * (((q & 15) | (((high >>> j) & 1) << 4)) - 16);
      out[y + 16 + j] = d * (((q >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16);
    }
  }
};

/** Block: scale f16, minimum f16, 32 fifth bits, 16 bytes. y = d * q + m. */
export const dequantiseQ5_1: Widener = (bytes, out) => {
  const half = float16Table();
  for (let at = 0, y = 0; y < out.length; at += 24, y += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const high = word(bytes, at + 4);
    for (let j = 0; j < 16; j++) {
      const q = bytes[at + 8 + j]!;
      out[y + j] = d * ((q & 15) | (((high >>> j) & 1) << 4)) + m;
      out[y + 16 + j] = d * ((q >> 4) | (((high >>> (j + 16)) & 1) << 4)) + m;
    }
  }
};

/** Block: scale f16, 32 signed bytes. y = d * q. */
export const dequantiseQ8_0: Widener = (bytes, out) => {
  const half = float16Table();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, y = 0; y < out.length; at += 34, y += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 32; j++) out[y + j] = d * signed[at + 2 + j]!;
  }
};

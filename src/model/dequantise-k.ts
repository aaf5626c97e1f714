/**
 * ggml's K-quants Q2_K..Q6_K to float32. Blocks of 256 weights with one or two f16 super-scales and small integer
 * scales per 16 or 32 weights. Formulas and layouts: ggml-quants.c, dequantize_row_q*_K.
 */
import type { Widener } from './float-formats.ts';
import { float16Table } from './float-formats.ts';

/** Block of 84 bytes: 16 scales (low nibble scale, high nibble minimum), 64 bytes of 2-bit values, d, dmin. */
export const dequantiseQ2_K: Widener = (bytes, out) => {
  const half = float16Table();
  let y = 0;
  for (let block = 0; y < out.length; block += 84) {
    const d = half[bytes[block + 80]! | (bytes[block + 81]! << 8)]!;
    const dMin = half[bytes[block + 82]! | (bytes[block + 83]! << 8)]!;
    for (let group = 0; group < 16; group++) {
      const scales = bytes[block + group]!;
      const scale = d * (scales & 15);
      const minimum = dMin * (scales >> 4);
      // Groups of 16 run: two halves of 128, four shifts each, two times 16 bytes per shift.
      const q = block + 16 + (group >> 3) * 32 + (group & 1) * 16;
      const shift = ((group >> 1) & 3) * 2;
      for (let j = 0; j < 16; j++) out[y++] = scale * ((bytes[q + j]! >> shift) & 3) - minimum;
    }
  }
};

/** Block of 110 bytes: 32 bytes of third bits, 64 bytes of 2-bit values, 12 bytes of sixteen 6-bit scales, d. */
export const dequantiseQ3_K: Widener = (bytes, out) => {
  const half = float16Table();
  let y = 0;
  for (let block = 0; y < out.length; block += 110) {
    const d = half[bytes[block + 108]! | (bytes[block + 109]! << 8)]!;
    const packed = block + 96;
    for (let group = 0; group < 16; group++) {
      // Low four bits: nibbles of the first 8 bytes; high two bits: pairs of the last 4 bytes.
      const low = (bytes[packed + (group & 7)]! >> (group < 8 ? 0 : 4)) & 15;
      const high = (bytes[packed + 8 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
      const scale = d * ((low | (high << 4)) - 32);
      const side = (group & 1) * 16;
      const q = block + 32 + (group >> 3) * 32 + side;
      const mask = 1 << (group >> 1);
      const shift = ((group >> 1) & 3) * 2;
      for (let j = 0; j < 16; j++) {
        const third = bytes[block + side + j]! & mask ? 0 : 4;
        out[y++] = scale * (((bytes[q + j]! >> shift) & 3) - third);
      }
    }
  }
};

/** Six-bit scale (low) and minimum (high byte of the result) number `j` of eight, from the 12 bytes at `at`. */
export function scaleAndMinimum(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j]! & 63) | ((bytes[at + j + 4]! & 63) << 8);
  const last = bytes[at + j + 4]!;
  const scale = (last & 15) | ((bytes[at + j - 4]! >> 6) << 4);
  const minimum = (last >> 4) | ((bytes[at + j]! >> 6) << 4);
  return scale | (minimum << 8);
}

/** Block of 144 bytes: d, dmin, 12 bytes of scales and minimums, 128 bytes of 4-bit values. */
export const dequantiseQ4_K: Widener = (bytes, out) => {
  const half = float16Table();
  let y = 0;
  for (let block = 0; y < out.length; block += 144) {
    const d = half[bytes[block]! | (bytes[block + 1]! << 8)]!;
    const dMin = half[bytes[block + 2]! | (bytes[block + 3]! << 8)]!;
    for (let group = 0; group < 8; group++) {
      const packed = scaleAndMinimum(bytes, block + 4, group);
      const scale = d * (packed & 255);
      const minimum = dMin * (packed >> 8);
      const q = block + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let j = 0; j < 32; j++) out[y++] = scale * ((bytes[q + j]! >> shift) & 15) - minimum;
    }
  }
};

/** Block of 176 bytes: as Q4_K, with 32 bytes of fifth bits (bit g of each for group g) before the 4-bit values. */
export const dequantiseQ5_K: Widener = (bytes, out) => {
  const half = float16Table();
  let y = 0;
  for (let block = 0; y < out.length; block += 176) {
    const d = half[bytes[block]! | (bytes[block + 1]! << 8)]!;
    const dMin = half[bytes[block + 2]! | (bytes[block + 3]! << 8)]!;
    for (let group = 0; group < 8; group++) {
      const packed = scaleAndMinimum(bytes, block + 4, group);
      const scale = d * (packed & 255);
      const minimum = dMin * (packed >> 8);
      const q = block + 48 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let j = 0; j < 32; j++) {
        const fifth = ((bytes[block + 16 + j]! >> group) & 1) << 4;
        out[y++] = scale * (((bytes[q + j]! >> shift) & 15) | fifth) - minimum;
      }
    }
  }
};

/** Block of 210 bytes: 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, d. */
export const dequantiseQ6_K: Widener = (bytes, out) => {
  const half = float16Table();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let y = 0;
  for (let block = 0; y < out.length; block += 210) {
    const d = half[bytes[block + 208]! | (bytes[block + 209]! << 8)]!;
    // Runs of 32: two halves of 128, four runs each (low and high nibbles of two byte rows).
    for (let run = 0; run < 8; run++) {
      const inHalf = run & 3;
      const low = block + (run >> 2) * 64 + (inHalf & 1) * 32;
      const high = block + 128 + (run >> 2) * 32;
      const lowShift = inHalf < 2 ? 0 : 4;
      const highShift = inHalf * 2;
      for (let part = 0; part < 2; part++) {
        const scale = d * signed[block + 192 + run * 2 + part]!;
        for (let j = part * 16; j < part * 16 + 16; j++) {
          const q = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> highShift) & 3) << 4);
          out[y++] = scale * (q - 32);
        }
      }
    }
  }
};

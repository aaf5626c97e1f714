/**
 * ggml's quantised types as codes, scales and offsets, one loop per type: w = scale · (code - 2^(bits - 1)) + offset. Layouts:
 * ggml-quants.c. The same blocks as float32: dequantise.ts and dequantise-k.ts.
 */
import { scaleAndMinimum } from './dequantise-k.ts';
import { float16Table } from './float-formats.ts';

export interface BlockReader {
  bits: 4 | 8;
  blockSize: 16 | 32;
  hasOffsets: boolean;
  /** One code per weight; one scale, and one offset where there are any, per block. */
  read(bytes: Uint8Array, codes: Uint8Array, scales: Float32Array, offsets: Float32Array): void;
}

/** Half-precision number at a byte. */
function halfAt(bytes: Uint8Array, at: number): number {
  return float16Table()[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

/** Two rows of 16 codes of a block of 32: low nibbles first. */
function nibbles(bytes: Uint8Array, at: number, codes: Uint8Array, y: number): void {
  for (let j = 0; j < 16; j++) {
    const pair = bytes[at + j]!;
    codes[y + j] = pair & 15;
    codes[y + 16 + j] = pair >> 4;
  }
}

/** Fifth bits of a block of 32 lie in four bytes; codes count from 128, as 8-bit ones do. */
function fifthBits(bytes: Uint8Array, at: number, codes: Uint8Array, y: number, shift: number): void {
  for (let j = 0; j < 32; j++) {
    const fifth = ((bytes[at + (j >> 3)]! >> (j & 7)) & 1) << 4;
    codes[y + j] = (codes[y + j]! | fifth) + shift;
  }
}

const Q4_0: BlockReader['read'] = (bytes, codes, scales) => {
  for (let block = 0; block < scales.length; block++) {
    scales[block] = halfAt(bytes, block * 18);
    nibbles(bytes, block * 18 + 2, codes, block * 32);
  }
};

const Q4_1: BlockReader['read'] = (bytes, codes, scales, offsets) => {
  for (let block = 0; block < scales.length; block++) {
    const d = halfAt(bytes, block * 20);
    scales[block] = d;
    offsets[block] = 8 * d + halfAt(bytes, block * 20 + 2);
    nibbles(bytes, block * 20 + 4, codes, block * 32);
  }
};

const Q5_0: BlockReader['read'] = (bytes, codes, scales) => {
  for (let block = 0; block < scales.length; block++) {
    scales[block] = halfAt(bytes, block * 22);
    nibbles(bytes, block * 22 + 6, codes, block * 32);
    fifthBits(bytes, block * 22 + 2, codes, block * 32, 112);
  }
};

const Q5_1: BlockReader['read'] = (bytes, codes, scales, offsets) => {
  for (let block = 0; block < scales.length; block++) {
    scales[block] = halfAt(bytes, block * 24);
    offsets[block] = halfAt(bytes, block * 24 + 2);
    nibbles(bytes, block * 24 + 8, codes, block * 32);
    fifthBits(bytes, block * 24 + 4, codes, block * 32, 128);
  }
};

const Q8_0: BlockReader['read'] = (bytes, codes, scales) => {
  for (let block = 0; block < scales.length; block++) {
    scales[block] = halfAt(bytes, block * 34);
    for (let j = 0; j < 32; j++) codes[block * 32 + j] = bytes[block * 34 + 2 + j]! ^ 128;
  }
};

/** Blocks of 16; see dequantise-k.ts for the order of the values. */
const Q2_K: BlockReader['read'] = (bytes, codes, scales, offsets) => {
  for (let group = 0; group < scales.length; group++) {
    const start = (group >> 4) * 84;
    const inBlock = group & 15;
    const packed = bytes[start + inBlock]!;
    const scale = halfAt(bytes, start + 80) * (packed & 15);
    scales[group] = scale;
    offsets[group] = 8 * scale - halfAt(bytes, start + 82) * (packed >> 4);
    const q = start + 16 + (inBlock >> 3) * 32 + (inBlock & 1) * 16;
    const shift = ((inBlock >> 1) & 3) * 2;
    for (let j = 0; j < 16; j++) codes[group * 16 + j] = (bytes[q + j]! >> shift) & 3;
  }
};

const Q3_K: BlockReader['read'] = (bytes, codes, scales) => {
  for (let group = 0; group < scales.length; group++) {
    const start = (group >> 4) * 110;
    const inBlock = group & 15;
    const low = (bytes[start + 96 + (inBlock & 7)]! >> (inBlock < 8 ? 0 : 4)) & 15;
    const high = (bytes[start + 104 + (inBlock & 3)]! >> ((inBlock >> 2) * 2)) & 3;
    scales[group] = halfAt(bytes, start + 108) * ((low | (high << 4)) - 32);
    const side = (inBlock & 1) * 16;
    const q = start + 32 + (inBlock >> 3) * 32 + side;
    const mask = 1 << (inBlock >> 1);
    const shift = ((inBlock >> 1) & 3) * 2;
    for (let j = 0; j < 16; j++) {
      const third = bytes[start + side + j]! & mask ? 8 : 4;
      codes[group * 16 + j] = ((bytes[q + j]! >> shift) & 3) + third;
    }
  }
};

const Q4_K: BlockReader['read'] = (bytes, codes, scales, offsets) => {
  for (let group = 0; group < scales.length; group++) {
    const start = (group >> 3) * 144;
    const packed = scaleAndMinimum(bytes, start + 4, group & 7);
    const scale = halfAt(bytes, start) * (packed & 255);
    scales[group] = scale;
    offsets[group] = 8 * scale - halfAt(bytes, start + 2) * (packed >> 8);
    const q = start + 16 + ((group & 7) >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j++) codes[group * 32 + j] = (bytes[q + j]! >> shift) & 15;
  }
};

const Q5_K: BlockReader['read'] = (bytes, codes, scales, offsets) => {
  for (let group = 0; group < scales.length; group++) {
    const start = (group >> 3) * 176;
    const packed = scaleAndMinimum(bytes, start + 4, group & 7);
    scales[group] = halfAt(bytes, start) * (packed & 255);
    offsets[group] = -halfAt(bytes, start + 2) * (packed >> 8);
    const q = start + 48 + ((group & 7) >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j++) {
      const fifth = ((bytes[start + 16 + j]! >> (group & 7)) & 1) << 4;
      codes[group * 32 + j] = 128 + (((bytes[q + j]! >> shift) & 15) | fifth);
    }
  }
};

/** Blocks of 16. */
const Q6_K: BlockReader['read'] = (bytes, codes, scales) => {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let group = 0; group < scales.length; group++) {
    const start = (group >> 4) * 210;
    const run = (group & 15) >> 1;
    const part = (group & 1) * 16;
    scales[group] = halfAt(bytes, start + 208) * signed[start + 192 + (group & 15)]!;
    const low = start + (run >> 2) * 64 + (run & 1) * 32 + part;
    const high = start + 128 + (run >> 2) * 32 + part;
    const lowShift = (run & 3) < 2 ? 0 : 4;
    const highShift = (run & 3) * 2;
    for (let j = 0; j < 16; j++) {
      const q = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> highShift) & 3) << 4);
      codes[group * 16 + j] = 96 + q;
    }
  }
};

/** By the type's name in ggml-types.ts. */
export const PACKABLE_TYPES: Readonly<Record<string, BlockReader>> = {
  Q4_0: { bits: 4, blockSize: 32, hasOffsets: false, read: Q4_0 },
  Q4_1: { bits: 4, blockSize: 32, hasOffsets: true, read: Q4_1 },
  Q5_0: { bits: 8, blockSize: 32, hasOffsets: false, read: Q5_0 },
  Q5_1: { bits: 8, blockSize: 32, hasOffsets: true, read: Q5_1 },
  Q8_0: { bits: 8, blockSize: 32, hasOffsets: false, read: Q8_0 },
  Q2_K: { bits: 4, blockSize: 16, hasOffsets: true, read: Q2_K },
  Q3_K: { bits: 4, blockSize: 16, hasOffsets: false, read: Q3_K },
  Q4_K: { bits: 4, blockSize: 32, hasOffsets: true, read: Q4_K },
  Q5_K: { bits: 8, blockSize: 32, hasOffsets: true, read: Q5_K },
  Q6_K: { bits: 8, blockSize: 16, hasOffsets: false, read: Q6_K },
};

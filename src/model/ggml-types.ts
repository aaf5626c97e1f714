/** ggml's tensor types by number: which can be read here, and the names of the others for messages. */
import {
  dequantiseQ4_0,
  dequantiseQ4_1,
  dequantiseQ5_0,
  dequantiseQ5_1,
  dequantiseQ8_0,
} from './dequantise.ts';
import {
  dequantiseQ2_K,
  dequantiseQ3_K,
  dequantiseQ4_K,
  dequantiseQ5_K,
  dequantiseQ6_K,
} from './dequantise-k.ts';
import { type Widener, widenBfloat16, widenFloat16, widenFloat32 } from './float-formats.ts';

export interface GgmlType {
  name: string;
  /** Weights per block; the innermost dimension must be a multiple of it. */
  blockSize: number;
  blockBytes: number;
  toFloats: Widener;
}

function blocks(name: string, blockSize: number, blockBytes: number, toFloats: Widener): GgmlType {
  return { name, blockSize, blockBytes, toFloats };
}

export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, { name: 'F32', blockSize: 1, blockBytes: 4, toFloats: widenFloat32 }],
  [1, { name: 'F16', blockSize: 1, blockBytes: 2, toFloats: widenFloat16 }],
  [2, blocks('Q4_0', 32, 18, dequantiseQ4_0)],
  [3, blocks('Q4_1', 32, 20, dequantiseQ4_1)],
  [6, blocks('Q5_0', 32, 22, dequantiseQ5_0)],
  [7, blocks('Q5_1', 32, 24, dequantiseQ5_1)],
  [8, blocks('Q8_0', 32, 34, dequantiseQ8_0)],
  [10, blocks('Q2_K', 256, 84, dequantiseQ2_K)],
  [11, blocks('Q3_K', 256, 110, dequantiseQ3_K)],
  [12, blocks('Q4_K', 256, 144, dequantiseQ4_K)],
  [13, blocks('Q5_K', 256, 176, dequantiseQ5_K)],
  [14, blocks('Q6_K', 256, 210, dequantiseQ6_K)],
  [30, { name: 'BF16', blockSize: 1, blockBytes: 2, toFloats: widenBfloat16 }],
]);

export const SUPPORTED_TYPES = [...GGML_TYPES.values()].map((type) => type.name).join(', ');

/** @param name of a type that can be read here */
export function typeNamed(name: string): GgmlType {
  return [...GGML_TYPES.values()].find((type) => type.name === name)!;
}

/** Names of the types that exist but cannot be read here. */
export const OTHER_TYPE_NAMES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};

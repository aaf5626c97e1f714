/** Rotary tables: cos and sin of every position and frequency, with the scalings that models publish. */
import type { RopeSpec } from '@/model/spec.ts';

/** Both [positionCount, headDim / 2], computed in float64 and rounded once. */
export interface RopeTables {
  cos: Float32Array;
  sin: Float32Array;
}

export function ropeTables(rope: RopeSpec, headDim: number, positionCount: number): RopeTables {
  const frequencies = ropeFrequencies(rope, headDim);
  const half = headDim / 2;
  const cos = new Float32Array(positionCount * half);
  const sin = new Float32Array(positionCount * half);
  for (let position = 0; position < positionCount; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Radians per position of each pair of dimensions. */
export function ropeFrequencies(rope: RopeSpec, headDim: number): number[] {
  const plain = Array.from({ length: headDim / 2 }, (_, i) => rope.theta ** ((-2 * i) / headDim));
  const { scaling } = rope;
  switch (scaling.kind) {
    case 'none':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'llama3': {
      // Llama 3.1: long waves are stretched by the factor, short ones kept, those between interpolated.
      const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
      return plain.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency;
        const turns = originalContextLength / wavelength;
        if (turns < lowFreqFactor) return frequency / factor;
        if (turns > highFreqFactor) return frequency;
        const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
        return ((1 - smooth) * frequency) / factor + smooth * frequency;
      });
    }
    default:
      scaling satisfies never;
      throw new Error('unreachable');
  }
}

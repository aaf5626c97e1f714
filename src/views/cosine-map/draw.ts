/** Pixels of the matrix: one per pair, enlarged by the browser without smoothing. Canvas only, no events. */
import { rgb } from 'd3';
import type { CosineMatrixResult } from '@/protocol/experiments.ts';
import { sequentialColour } from '@/theme/palettes.ts';
import { cosineToUnit } from './layout.ts';

/** 256 colours looked up once: parsing a colour per cell would take longer than the engine. */
const LOOKUP = Array.from({ length: 256 }, (_, i) => {
  const { r, g, b } = rgb(sequentialColour(i / 255));
  return [Math.round(r), Math.round(g), Math.round(b)] as const;
});

/** RGBA bytes, [size, size, 4]; missing cosines are transparent. */
export function matrixPixels(
  matrix: CosineMatrixResult,
  measure: 'raw' | 'centred',
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * matrix.size * matrix.size);
  for (let i = 0; i < matrix.cosine.length; i++) {
    const value = matrix.cosine[i]!;
    if (!Number.isFinite(value)) continue;
    const [r, g, b] = LOOKUP[Math.round(255 * cosineToUnit(value, measure))]!;
    pixels.set([r, g, b, 255], 4 * i);
  }
  return pixels;
}

export function paintMatrix(
  canvas: HTMLCanvasElement,
  matrix: CosineMatrixResult,
  measure: 'raw' | 'centred',
): void {
  canvas.width = matrix.size;
  canvas.height = matrix.size;
  canvas
    .getContext('2d')
    ?.putImageData(new ImageData(matrixPixels(matrix, measure), matrix.size, matrix.size), 0, 0);
}

import { rgb } from 'd3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sequentialColour } from '@/theme/palettes.ts';
import { matrixPixels } from './draw.ts';
import { cellAfterKey, cosineToUnit, matrixLayout, matrixTable, promptAt } from './layout.ts';

it('the cosine scale is fixed by the measure, not by the data', () => {
  expect([cosineToUnit(0, 'raw'), cosineToUnit(1, 'raw'), cosineToUnit(-0.4, 'raw')]).toEqual([0, 1, 0]);
  expect([cosineToUnit(-1, 'centred'), cosineToUnit(0, 'centred'), cosineToUnit(1, 'centred')]).toEqual([
    0, 0.5, 1,
  ]);
});

it('every pixel of the square names one cell, nothing outside does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 50, max: 900 }), (size, width) => {
      const { cellAt, side } = matrixLayout(size, 1, width, 480);
      expect(cellAt(0, 0)).toEqual({ row: 0, column: 0 });
      expect(cellAt(side - 1e-6, side - 1e-6)).toEqual({ row: size - 1, column: size - 1 });
      expect(cellAt(side, 0)).toBeNull();
      expect(cellAt(-1, 0)).toBeNull();
    }),
  );
});

it('keys reach every cell and never leave the matrix', () => {
  expect(cellAfterKey('ArrowRight', { row: 0, column: -1 }, 4)).toEqual({ row: 0, column: 0 });
  expect(cellAfterKey('ArrowUp', { row: 0, column: 2 }, 4)).toEqual({ row: 0, column: 2 });
  expect(cellAfterKey('End', { row: 1, column: 0 }, 4)).toEqual({ row: 1, column: 3 });
  expect(cellAfterKey('a', { row: 1, column: 0 }, 4)).toBeNull();
});

it('indices name normal prompts first, then malicious ones', () => {
  const normal = [{ id: 'n0', text: '' }];
  const malicious = [{ id: 'm0', text: '' }];
  expect(promptAt(0, 1, normal, malicious)).toEqual({ prompt: normal[0], isMalicious: false });
  expect(promptAt(1, 1, normal, malicious)).toEqual({ prompt: malicious[0], isMalicious: true });
});

it('the table holds each pair once, with its kind', () => {
  const cosine = Float32Array.from({ length: 16 }, (_, i) => i / 16);
  const prompts = (p: string) => [0, 1].map((i) => ({ id: p + i, text: '' }));
  const { rows } = matrixTable({ size: 4, normalCount: 2, cosine }, prompts('n'), prompts('m'));
  expect(rows.length).toBe(6);
  expect(rows[0]).toEqual(['n0', 'n1', 'N–N', 1 / 16]);
  expect(rows.map((r) => r[2])).toEqual(['N–N', 'N–M', 'N–M', 'N–M', 'N–M', 'M–M']);
});

it('pixels are the legend’s colours, missing values are transparent', () => {
  const pixels = matrixPixels(
    { size: 2, normalCount: 1, cosine: Float32Array.of(0, 1, Number.NaN, 1) },
    'raw',
  );
  const { r, g, b } = rgb(sequentialColour(1));
  expect([...pixels.slice(4, 8)]).toEqual([Math.round(r), Math.round(g), Math.round(b), 255]);
  expect(pixels[11]).toBe(0);
});

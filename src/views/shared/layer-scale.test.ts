import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layerMargins, layerScale, layerTicks } from './layer-scale.ts';

const anyScale = fc
  .tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 320, max: 2400 }), fc.constantFrom(1, 1.6))
  .map(([count, width, stage]) => layerScale(count, width, layerMargins(width, stage)));

it('every cell edge is a whole pixel, cells tile the axis without gap or overlap', () => {
  fc.assert(
    fc.property(anyScale, (scale) => {
      expect(scale.left(0)).toBe(scale.x0);
      expect(scale.left(scale.layerCount)).toBe(scale.x1);
      for (let k = 0; k < scale.layerCount; k++) {
        expect(Number.isInteger(scale.left(k))).toBe(true);
        expect(scale.right(k)).toBe(scale.left(k + 1));
        expect(scale.right(k)).toBeGreaterThan(scale.left(k));
      }
    }),
  );
});

it('at() inverts the cells: any pixel of a cell names its layer', () => {
  fc.assert(
    fc.property(anyScale, fc.double({ min: 0, max: 0.999, noNaN: true }), (scale, within) => {
      for (let k = 0; k < scale.layerCount; k++) {
        const x = scale.left(k) + within * (scale.right(k) - scale.left(k));
        expect(scale.at(x)).toBe(k);
      }
    }),
  );
});

it('at() clamps beyond both ends', () => {
  const scale = layerScale(30, 800, layerMargins(800));
  expect(scale.at(-100)).toBe(0);
  expect(scale.at(10_000)).toBe(29);
});

it('two pictures of one width share every pixel, whatever they draw', () => {
  const a = layerScale(30, 391, layerMargins(391));
  const b = layerScale(30, 391, layerMargins(391));
  for (let k = 0; k <= 30; k++) expect(a.left(k)).toBe(b.left(k));
});

it('ticks never collide and begin at layer 0', () => {
  fc.assert(
    fc.property(anyScale, (scale) => {
      const ticks = layerTicks(scale);
      expect(ticks[0]).toBe(0);
      for (let i = 1; i < ticks.length; i++)
        expect(scale.centre(ticks[i]!) - scale.centre(ticks[i - 1]!)).toBeGreaterThanOrEqual(19);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { bandAt, bandCentre, bandTable, stands } from './layout.ts';

it('a band lies inside the model, has its width, and holds the layer that was pointed at', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70 }));
  fc.assert(
    fc.property(sizes, fc.nat(), ([count, width], pick) => {
      const layer = pick % count;
      const band = bandAt(layer, width, count);
      expect(band.first).toBeGreaterThanOrEqual(0);
      expect(band.last).toBeLessThan(count);
      expect(band.last - band.first + 1).toBe(Math.min(width, count));
      expect(band.first <= layer && layer <= band.last).toBe(true);
    }),
  );
});

it('a band of one layer stands exactly on that layer', () => {
  const scale = layerScale(30, 800, layerMargins(800));
  expect(bandCentre(scale, { first: 7, last: 7 })).toBe(scale.centre(7));
});

it('a band stands out only if its interval does not touch that of R0', () => {
  const point = (low: number, high: number) => ({ first: 0, last: 5, refused: 30, total: 64, low, high });
  const r0 = { low: 20, high: 34 };
  expect([point(35, 48), point(34, 48), point(5, 19), point(10, 20)].map((p) => stands(p, r0))).toEqual([
    'above',
    'within',
    'below',
    'within',
  ]);
});

it('the table is in layer order whatever order the points came in, R0 first', () => {
  const p = (first: number) => ({ first, last: first + 5, refused: 1, total: 64, low: 0, high: 3 });
  const { rows } = bandTable([p(9), p(0), p(4)], { refused: 27, total: 64, low: 20, high: 34 });
  expect(rows.map((r) => r[0])).toEqual([null, 0, 4, 9]);
});

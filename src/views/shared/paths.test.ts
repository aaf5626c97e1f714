/** Hand-written paths against d3-shape's, with holes at every place, and points of one layer alone. */
import { area, line } from 'd3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layerMargins, layerScale } from './layer-scale.ts';
import { bandPath, linePath } from './paths.ts';
import { valueAxis } from './value-axis.ts';

const value = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  fc.constant(NaN),
);
const curves = fc
  .integer({ min: 1, max: 40 })
  .chain((count) => fc.array(fc.tuple(value, value), { minLength: count, maxLength: count }));

test('lines and bands are those of d3', () => {
  fc.assert(
    fc.property(curves, (pairs) => {
      const [low, high] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
      const scale = layerScale(pairs.length, 640, layerMargins(640));
      const axis = valueAxis([0, 1], 0, 200);
      const byD3 = line<number>()
        .defined(Number.isFinite)
        .x((_, layer) => scale.centre(layer))
        .y((v) => axis.y(v))
        .digits(2);
      expect(linePath(scale, axis, low)).toBe(byD3(low) ?? '');
      const bandByD3 = area<number>()
        .defined((v, layer) => Number.isFinite(v) && Number.isFinite(high[layer]))
        .x((_, layer) => scale.centre(layer))
        .y0((v) => axis.y(v))
        .y1((_, layer) => axis.y(high[layer]!))
        .digits(2);
      expect(bandPath(scale, axis, low, high)).toBe(bandByD3(low) ?? '');
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { besideColumns } from './beside-layout.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 2 });
const places = fc.tuple(sizes, fc.integer({ min: 320, max: 1600 }), fc.constantFrom(1, 1.6));

it('columns lie inside the picture, prompts do not touch, and every column is as wide as every other', () => {
  fc.assert(
    fc.property(places, ([counts, width, stage]) => {
      const { starts, step } = besideColumns(counts, width, 48, stage);
      expect(starts[0]).toBe(48);
      expect(Number.isInteger(step)).toBe(true);
      counts.forEach((count, n) => {
        const end = starts[n]! + count * step;
        expect(end).toBeLessThan(starts[n + 1] ?? width);
      });
    }),
  );
});

it('at() inverts the columns, and names nothing between and beside them', () => {
  fc.assert(
    fc.property(places, fc.double({ min: 0, max: 0.999, noNaN: true }), ([counts, width, stage], within) => {
      const { starts, step, at } = besideColumns(counts, width, 48, stage);
      counts.forEach((count, picture) => {
        for (let row = 0; row < count; row++)
          expect(at(starts[picture]! + (row + within) * step)).toEqual({ picture, row });
        expect(at(starts[picture]! + count * step + 1)).toBeNull();
        expect(at(starts[picture]! - 1)).toBeNull();
      });
    }),
  );
});

it('words stand far enough apart to be read', () => {
  fc.assert(
    fc.property(places, ([counts, width, stage]) => {
      const { step, labelEvery } = besideColumns(counts, width, 48, stage);
      expect(step * labelEvery).toBeGreaterThanOrEqual(12 * stage);
    }),
  );
});

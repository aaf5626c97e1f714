/** Masks are what their sentence says, position by position, with and without a window. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { causalMask, decodeMask } from './mask.ts';

const size = (max: number, min = 0) => fc.integer({ min, max });
const windowArbitrary = fc.option(size(12, 1));
const seen = (window: number | null, query: number, key: number) =>
  key <= query && (window === null || key > query - window);

test('a query of a batch sees itself and what stands before it, within its window', () => {
  fc.assert(
    fc.property(size(3, 1), size(7, 1), size(9), windowArbitrary, (group, length, prefix, window) => {
      const mask = causalMask(group, length, prefix, window);
      const width = prefix + length;
      expect(mask).toHaveLength(group * length * width);
      for (const [at, value] of mask.entries()) {
        const query = prefix + (Math.floor(at / width) % length);
        expect(value === 0, `${query} and ${at % width}`).toBe(seen(window, query, at % width));
      }
    }),
  );
});

test('a decoded token sees the prefix, its own row and what was decoded since, never the gap, within its window', () => {
  const lengthsArbitrary = fc.array(size(6, 1), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      size(2, 1),
      lengthsArbitrary,
      size(6),
      size(9),
      windowArbitrary,
      (group, lengths, prefix, steps, window) => {
        const padded = Math.max(...lengths);
        const mask = decodeMask(group, lengths, prefix, padded, steps, window);
        const width = prefix + padded + steps;
        expect(mask).toHaveLength(lengths.length * group * width);
        for (const [at, value] of mask.entries()) {
          const length = lengths[Math.floor(at / (group * width))]!;
          const key = at % width;
          // Behind the gap positions go on where the row's own end.
          const position = key < prefix + padded ? key : key - padded + length;
          const inGap = key >= prefix + length && key < prefix + padded;
          const query = prefix + length + steps - 1;
          expect(value === 0, `${key} of ${width}`).toBe(!inGap && seen(window, query, position));
        }
      },
    ),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { segmentsOf } from './layout.ts';

const counts = fc.record({ refused: fc.nat(300), answered: fc.nat(300), garbled: fc.nat(300) });

it('segments tile without gap, and a full pool fills the bar to the pixel', () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 50, max: 900 }), (c, width) => {
      const total = c.refused + c.answered + c.garbled;
      fc.pre(total > 0);
      const segments = segmentsOf(c, total, width);
      expect(segments[0]!.x).toBe(0);
      expect(segments[1]!.x).toBe(segments[0]!.width);
      expect(segments[2]!.x + segments[2]!.width).toBe(width);
      // Cumulative rounding moves each edge by half a pixel at most.
      for (const s of segments) expect(Math.abs(s.width - (s.count / total) * width)).toBeLessThanOrEqual(1);
    }),
  );
});

it('a pool that is still being counted leaves its rest empty', () => {
  const segments = segmentsOf({ refused: 10, answered: 10, garbled: 0 }, 40, 400);
  expect(segments.reduce((sum, s) => sum + s.width, 0)).toBe(200);
});

it('an empty pool draws nothing', () => {
  expect(segmentsOf({ refused: 0, answered: 0, garbled: 0 }, 0, 400).every((s) => s.width === 0)).toBe(true);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandError, guessedOverlap } from './yardstick.ts';

describe('the yardstick', () => {
  it('the planted band itself is found without error; one layer off costs two of seven', () => {
    const planted = { first: 8, last: 13 };
    expect(bandError(planted, planted)).toEqual({ firstOff: 0, lastOff: 0, overlap: 1, found: true });
    expect(bandError({ first: 9, last: 14 }, planted)).toMatchObject({
      firstOff: 1,
      lastOff: 1,
      found: true,
    });
    expect(bandError({ first: 9, last: 14 }, planted).overlap).toBeCloseTo(5 / 7, 12);
    expect(bandError({ first: 20, last: 25 }, planted)).toEqual({
      firstOff: 12,
      lastOff: 12,
      overlap: 0,
      found: false,
    });
  });

  it('overlap is symmetric, within 0 and 1, and a band that is too wide does not count as found', () => {
    const band = fc
      .tuple(fc.nat(29), fc.nat(29))
      .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
    fc.assert(
      fc.property(band, band, (a, b) => {
        const { overlap } = bandError(a, b);
        expect(overlap).toBe(bandError(b, a).overlap);
        expect(overlap).toBeGreaterThanOrEqual(0);
        expect(overlap).toBeLessThanOrEqual(1);
      }),
    );
    expect(bandError({ first: 0, last: 29 }, { first: 8, last: 13 }).found).toBe(false);
  });

  it('guessing is worked out over every place: layers 0 to 1 of 4, width 2, give (1 + 1/3 + 0) / 3', () => {
    expect(guessedOverlap({ first: 0, last: 1 }, 2, 4)).toBeCloseTo((1 + 1 / 3) / 3, 12);
  });
});

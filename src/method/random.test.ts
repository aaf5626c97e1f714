/** Draws: repeatable, uniform, without repeats. */
import { describe, expect, it } from 'vitest';
import { createRandom, randomBelow, resampleCounts, sampleWithoutReplacement, shuffled } from './random.ts';

describe('seeded random numbers', () => {
  it('repeat for a seed and differ between neighbouring seeds', () => {
    const stream = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 8 }, random);
    };
    expect(stream(7)).toEqual(stream(7));
    expect(stream(7)).not.toEqual(stream(8));
  });

  it('are uniform: 20 bins of 40 000 draws, chi-square below its 99.9 % point for 19 degrees of freedom', () => {
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const bins = new Array<number>(20).fill(0);
      for (let i = 0; i < 40_000; i++) bins[randomBelow(random, 20)]! += 1;
      const chiSquare = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
      expect(chiSquare).toBeLessThan(43.82);
    }
  });

  it('sample different indices, every one equally often', () => {
    const random = createRandom(5);
    const seen = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) {
      const drawn = sampleWithoutReplacement(6, 2, random);
      expect(new Set(drawn).size).toBe(2);
      for (const index of drawn) seen[index]! += 1;
    }
    // Expected 2000 each with a standard deviation of 36.5; five of them.
    for (const count of seen) expect(Math.abs(count - 2000)).toBeLessThan(183);
    expect(() => sampleWithoutReplacement(2, 3, random)).toThrow(RangeError);
  });

  it('shuffles keep all items, resamples keep the size', () => {
    const random = createRandom(9);
    expect(shuffled([1, 2, 3, 4, 5], random).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(resampleCounts(30, random).reduce((a, b) => a + b)).toBe(30);
  });
});

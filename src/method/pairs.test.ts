/** Which pairs are compared: all of them once, or the paper's r draws. */
import { describe, expect, it } from 'vitest';
import { allPairs, choosePairs, drawnPairs, listedPairs, type PairSet, pairKind } from './pairs.ts';

function tally({ counts, normalCount, maliciousCount }: PairSet) {
  const size = normalCount + maliciousCount;
  const totals = { nn: 0, nm: 0, mm: 0 };
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const times = counts[i * size + j]!;
      if (j <= i) expect(times).toBe(0);
      else totals[pairKind(i, j, normalCount)] += times;
    }
  }
  return totals;
}

describe('pairs', () => {
  it('all: 100 and 100 prompts have 4950, 10 000 and 4950 pairs, never a prompt with itself', () => {
    expect(tally(allPairs(100, 100))).toEqual({ nn: 4950, nm: 10_000, mm: 4950 });
    expect(tally(allPairs(3, 2))).toEqual({ nn: 3, nm: 6, mm: 1 });
  });

  it('draws: r of each kind, the same for a seed', () => {
    const drawn = drawnPairs(7, 4, 500, 11);
    expect(tally(drawn)).toEqual({ nn: 500, nm: 500, mm: 500 });
    expect(drawn.counts).toEqual(choosePairs({ kind: 'draws', draws: 500, seed: 11 }, 7, 4).counts);
    expect(drawn.counts).not.toEqual(drawnPairs(7, 4, 500, 12).counts);
  });

  it('listed: order does not matter, repeats count, self pairs are refused', () => {
    const { counts } = listedPairs(2, 1, [
      [1, 0],
      [0, 1],
      [2, 0],
    ]);
    expect([counts[1], counts[2], counts[5]]).toEqual([2, 1, 0]);
    expect(() => listedPairs(2, 1, [[1, 1]])).toThrow(RangeError);
  });
});

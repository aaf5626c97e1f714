/** Against published values and closed forms. */
import { describe, expect, it } from 'vitest';
import {
  benjaminiHochberg,
  fisherExact,
  mcnemarExact,
  newcombeDifference,
  pairedChange,
  wilsonInterval,
} from './statistics.ts';

describe('Wilson interval', () => {
  it.each([
    // Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %i of %i is the published one', (successes, total, low, high) => {
    const interval = wilsonInterval(successes, total);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('is symmetric, stays in [0, 1] and says nothing about nothing', () => {
    const { low, high } = wilsonInterval(3, 10);
    expect(wilsonInterval(7, 10)).toEqual({
      low: expect.closeTo(1 - high, 12),
      high: expect.closeTo(1 - low, 12),
    });
    expect(wilsonInterval(10, 10).high).toBe(1);
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });
});

it.each([
  // Newcombe 1998 (Statistics in Medicine 17:873), table II, method 10.
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [6, 7, 2, 7, 0.0582, 0.8062],
  [5, 56, 0, 29, -0.0381, 0.1926],
  [0, 10, 0, 20, -0.1611, 0.2775],
])('Newcombe difference %i/%i - %i/%i is the published one', (a, n, b, m, low, high) => {
  const interval = newcombeDifference(a, n, b, m);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

describe('McNemar', () => {
  it('is the published one: 1 against 7 (Bentur 2009, in Fagerland 2013): exact 0.070, mid-p 0.039', () => {
    const { p, midP } = mcnemarExact(1, 7);
    expect(p).toBeCloseTo(18 / 256, 12);
    expect(midP).toBeCloseTo(10 / 256, 12);
    expect(p.toFixed(3)).toBe('0.070');
    expect(midP.toFixed(3)).toBe('0.039');
  });

  it('is 2 x 2^-n when all change one way, symmetric, and 1 when none or equally many do', () => {
    expect(mcnemarExact(10, 0).p).toBeCloseTo(2 / 1024, 12);
    expect(mcnemarExact(3, 12)).toEqual(mcnemarExact(12, 3));
    expect(mcnemarExact(0, 0).p).toBe(1);
    expect(mcnemarExact(4, 4).p).toBe(1);
  });

  it('bears large counts', () => {
    expect(mcnemarExact(400, 300).p).toBeCloseTo(0.00017847631448562445, 12);
  });
});

describe('Fisher', () => {
  it("is the published one: Fisher's tea (3 of 4 against 1 of 4), two-sided 0.4857", () => {
    expect(fisherExact(3, 4, 1, 4)).toBeCloseTo(34 / 70, 10);
  });
  it('is 2 / C(10, 5) when two groups of five part completely, and 1 when they agree', () => {
    expect(fisherExact(5, 5, 0, 5)).toBeCloseTo(2 / 252, 10);
    expect(fisherExact(2, 5, 2, 5)).toBeCloseTo(1, 10);
  });
});

describe('paired change', () => {
  const before = Array.from({ length: 60 }, (_, i) => i % 3 === 0);
  const after = Array.from({ length: 60 }, (_, i) => i % 3 === 0 || i < 20);

  it('counts both ways and takes its p from McNemar', () => {
    const change = pairedChange(before, after);
    expect(change).toMatchObject({ total: 60, before: 20, after: 33, gained: 13, lost: 0, clusterCount: 60 });
    expect(change.change).toBeCloseTo(13 / 60, 12);
    expect(change.p).toBe(mcnemarExact(13, 0).p);
    expect(change.low).toBeGreaterThan(0.1);
    expect(change.high).toBeLessThan(0.34);
  });

  it('is as wide as the normal approximation when every prompt is its own cluster', () => {
    const { change, low, high } = pairedChange(before, after);
    const standardError = Math.sqrt((change * (1 - change)) / 60);
    expect(high - low).toBeGreaterThan(2 * 1.96 * standardError * 0.85);
    expect(high - low).toBeLessThan(2 * 1.96 * standardError * 1.15);
  });

  it('is wider when all changes come from a few verbs', () => {
    const verbs = before.map((_, i) => `verb ${Math.floor(i / 10)}`);
    const independent = pairedChange(before, after);
    const clustered = pairedChange(before, after, verbs);
    expect(clustered.clusterCount).toBe(6);
    expect(clustered.high - clustered.low).toBeGreaterThan(1.5 * (independent.high - independent.low));
  });

  it('has the closed form of the cluster bootstrap: the spread of cluster means over the root of their number', () => {
    // 400 verbs of five prompts; a verb's prompts all change or none does, every fourth verb does.
    const changes = Array.from({ length: 2000 }, (_, i) => Math.floor(i / 5) % 4 === 0);
    const verbs = changes.map((_, i) => `verb ${Math.floor(i / 5)}`);
    const none = changes.map(() => false);
    const { low, high } = pairedChange(none, changes, verbs, { replicates: 8000, seed: 4 });
    const standardError = Math.sqrt((0.25 * 0.75) / 400);
    // Percentiles of 8000 replicates are themselves good to about 2 %.
    expect((high - low) / (2 * 1.959964 * standardError)).toBeCloseTo(1, 1);
    expect((high + low) / 2).toBeCloseTo(0.25, 2);
  });

  it('is exact where it can be counted out: two verbs, of which one changed, give anything from 0 to 1', () => {
    // Both drawn alike: a quarter each, far more than 2.5 %.
    const two = pairedChange([false, false], [true, false], ['a', 'b']);
    expect([two.low, two.high]).toEqual([0, 1]);
    const one = pairedChange([false, false], [true, false], ['a', 'a']);
    expect([one.low, one.high]).toEqual([0.5, 0.5]);
  });

  it('does not claim certainty when nothing changed', () => {
    const { low, high, p } = pairedChange(before, before);
    expect(p).toBe(1);
    expect(high).toBeCloseTo(wilsonInterval(0, 60).high, 12);
    expect(low).toBe(-high);
  });

  it('refuses lists of different prompts', () => {
    expect(() => pairedChange([true], [])).toThrow(RangeError);
  });
});

describe('Benjamini-Hochberg', () => {
  it('rejects four of the fifteen hypotheses of the paper of 1995', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ];
    const adjusted = benjaminiHochberg(p);
    expect(adjusted.filter((value) => value <= 0.05)).toHaveLength(4);
    expect(adjusted[3]).toBeCloseTo((0.0095 * 15) / 4, 12);
  });

  it('keeps the order given and never lowers a p value', () => {
    const p = [0.04, 0.001, 0.03, 0.9];
    const adjusted = benjaminiHochberg(p);
    expect(adjusted).toEqual([0.16 / 3, 0.004, 0.16 / 3, 0.9].map((value) => expect.closeTo(value, 12)));
    expect(benjaminiHochberg([])).toEqual([]);
  });
});

/** Against published values and closed forms. */
import { describe, expect, it } from 'vitest';
import type { ResponseClass } from '@/protocol/experiments.ts';
import { compareHarmful, harmfulRate, perplexity, spreadOf, spreadOfDifferences } from './metrics.ts';
import { mcnemarExact } from './statistics.ts';

const classes = (answered: number, refused: number, garbled: number): ResponseClass[] => [
  ...Array<ResponseClass>(answered).fill('answered'),
  ...Array<ResponseClass>(refused).fill('refused'),
  ...Array<ResponseClass>(garbled).fill('garbled'),
];

describe('harmful rate', () => {
  it('of 81 in 263 has the published Wilson interval (Newcombe 1998, table I)', () => {
    const { harmful } = harmfulRate(classes(81, 182, 0));
    expect(harmful.share).toBeCloseTo(81 / 263, 12);
    expect([harmful.low, harmful.high]).toEqual([expect.closeTo(0.2553, 4), expect.closeTo(0.3662, 4)]);
  });

  it('keeps garbled answers apart, and the three shares make one', () => {
    const rate = harmfulRate(classes(10, 20, 10));
    expect(rate.harmful.share + rate.refused.share + rate.garbled.share).toBeCloseTo(1, 12);
    expect(rate.harmful.share).toBe(0.25);
    expect(rate.harmfulOfReadable).toMatchObject({ count: 10, total: 30 });
  });

  it('of nothing is no number, not zero', () => {
    expect(harmfulRate([]).harmful.share).toBeNaN();
    expect(harmfulRate(classes(0, 0, 3)).harmfulOfReadable.share).toBeNaN();
  });
});

describe('perplexity', () => {
  it('of a uniform guess among n tokens is n, however the text is cut', () => {
    const whole = { logProbSum: -12 * Math.log(50), tokenCount: 12 };
    const parts = [5, 7].map((tokenCount) => ({ logProbSum: -tokenCount * Math.log(50), tokenCount }));
    expect(perplexity([whole])).toBeCloseTo(50, 9);
    expect(perplexity(parts)).toBeCloseTo(50, 9);
  });

  it('of a certain model is 1, and weighs texts by their tokens', () => {
    expect(perplexity([{ logProbSum: 0, tokenCount: 4 }])).toBe(1);
    const mixed = [
      { logProbSum: 0, tokenCount: 3 },
      { logProbSum: -Math.log(16), tokenCount: 1 },
    ];
    expect(perplexity(mixed)).toBeCloseTo(2, 12);
    expect(perplexity([])).toBeNaN();
  });
});

describe('comparison of two models', () => {
  it('counts changes either way and is McNemar on them; garbled is not harmful', () => {
    const first: ResponseClass[] = ['answered', 'answered', 'answered', 'refused', 'garbled'];
    const second: ResponseClass[] = ['refused', 'garbled', 'answered', 'answered', 'refused'];
    expect(compareHarmful(first, second)).toMatchObject({
      before: 3,
      after: 2,
      gained: 1,
      lost: 2,
      change: -0.2,
      p: mcnemarExact(1, 2).p,
    });
  });

  it('refuses models that were asked different numbers of prompts', () => {
    expect(() => compareHarmful(classes(1, 0, 0), classes(2, 0, 0))).toThrow(RangeError);
  });
});

describe('spread over seeds', () => {
  it('has the mean and the sample deviation of a textbook', () => {
    const spread = spreadOf([2, 4, 4, 4, 5, 5, 7, 9])!;
    expect(spread).toMatchObject({ count: 8, mean: 5, min: 2, max: 9 });
    expect(spread.std).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('of one seed has none', () => {
    expect(spreadOf([3])).toEqual({ count: 1, mean: 3, std: null, min: 3, max: 3 });
    expect(spreadOf([])).toBeNull();
  });

  it('of differences drops what the seeds share', () => {
    expect(spreadOfDifferences([10, 20, 30], [9, 19, 29])).toMatchObject({ mean: -1, std: 0 });
    expect(() => spreadOfDifferences([1], [1, 2])).toThrow(RangeError);
  });
});

/** The first-token score: softmax that does not overflow, tokens that are learnt, prompts in the right order. */
import { describe, expect, it } from 'vitest';
import {
  calibrateFirstToken,
  calibrationWarning,
  informativeOrder,
  refusalScore,
  topTokens,
} from './first-token.ts';

const text = (id: number) => `token ${id}`;
const prompt = (
  responseClass: 'refused' | 'answered' | 'garbled',
  probabilities: Record<number, number>,
) => ({
  responseClass,
  top: { ids: Object.keys(probabilities).map(Number), probabilities: Object.values(probabilities) },
});

describe('score', () => {
  it('is a share of softmax, blind to a constant added to all logits, and bears huge logits', () => {
    const logits = Float32Array.of(0, Math.log(2), Math.log(5), Math.log(2));
    expect(refusalScore(logits, [1, 3])).toBeCloseTo(0.4, 6);
    expect(
      refusalScore(
        logits.map((value) => value + 8),
        [1, 3],
      ),
    ).toBeCloseTo(0.4, 6);
    expect(refusalScore(Float32Array.of(3000, 3000, -3000), [0])).toBeCloseTo(0.5, 12);
    expect(refusalScore(logits, [0, 1, 2, 3])).toBeCloseTo(1, 12);
    expect(refusalScore(logits, [])).toBe(0);
  });

  it('top tokens are the likeliest, in order, with probabilities of the whole vocabulary', () => {
    const logits = Float32Array.of(0, Math.log(2), Math.log(5), Math.log(2));
    const { ids, probabilities } = topTokens(logits, 2);
    expect(Array.from(ids)).toEqual([2, 1]);
    expect(probabilities[0]).toBeCloseTo(0.5, 6);
    expect(topTokens(logits, 10).ids).toHaveLength(4);
  });
});

describe('calibration', () => {
  const sample = [
    prompt('refused', { 10: 0.9, 11: 0.05, 12: 0.02 }),
    prompt('refused', { 10: 0.7, 11: 0.2, 12: 0.05 }),
    prompt('refused', { 11: 0.6, 10: 0.3, 12: 0.05 }),
    prompt('answered', { 12: 0.8, 10: 0.01 }),
    prompt('answered', { 12: 0.6, 10: 0.05, 13: 0.3 }),
    prompt('garbled', { 14: 1 }),
  ];

  it('learns the tokens that open refusals and not those that open answers', () => {
    const calibration = calibrateFirstToken(sample, text);
    expect(calibration.tokenIds).toEqual([10, 11]);
    expect(calibration.tokenTexts).toEqual(['token 10', 'token 11']);
    expect(calibration).toMatchObject({ sampleCount: 5, agreement: 1, auroc: 1 });
    // Midway between 0.05 and 0.9, the widest gap.
    expect(calibration.threshold).toBeCloseTo(0.475, 12);
    expect(calibrationWarning(calibration)).toBeNull();
  });

  it('reports honestly when one token opens both', () => {
    const both = [
      prompt('refused', { 10: 0.9 }),
      prompt('refused', { 10: 0.2 }),
      prompt('answered', { 10: 0.6 }),
      prompt('answered', { 10: 0.1 }),
    ];
    const calibration = calibrateFirstToken(both, text);
    expect(calibration.tokenIds).toEqual([10]);
    expect(calibration.auroc).toBe(0.75);
    expect(calibration.agreement).toBe(0.75);
    expect(calibrationWarning(calibration)).toContain('75 %');
  });

  it('learns nothing from a stray refusal among many answers', () => {
    const answers = Array.from({ length: 126 }, () => prompt('answered', { 12: 0.9 }));
    const stray = [prompt('refused', { 20: 0.4, 21: 0.3 }), prompt('refused', { 22: 0.9 })];
    for (const refusals of [stray.slice(0, 1), stray]) {
      const calibration = calibrateFirstToken([...answers, ...refusals], text);
      expect(calibration.tokenIds).toEqual([]);
      expect(calibrationWarning(calibration)).toContain('too few');
    }
  });

  it('learns nothing from one class alone, and says so', () => {
    const calibration = calibrateFirstToken([prompt('answered', { 3: 1 })], text);
    expect(calibration).toMatchObject({ tokenIds: [], auroc: 0.5, sampleCount: 1 });
    expect(calibrationWarning(calibration)).toContain('No first token');
    expect(calibrateFirstToken([], text)).toMatchObject({ tokenIds: [], agreement: 0, sampleCount: 0 });
  });
});

it('the most informative prompts are those nearest to the threshold in log-odds', () => {
  // 0.02 is 2.1 from 0.15 in log-odds, 0.6 is 2.1 as well; 0.0001 is far although its difference is small.
  expect(informativeOrder([0.0001, 0.6, 0.15, 0.99, 0.1], 0.15)).toEqual([2, 4, 1, 3, 0]);
  expect(informativeOrder([0.5, 0.5, 0, 1], 0.5)).toEqual([0, 1, 2, 3]);
});

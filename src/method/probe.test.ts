/** AUROC, and a probe that separates what is separable and nothing else. */
import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.ts';
import { promptResamples } from './bootstrap.ts';
import { outOfFoldScores, probeAuroc, stratifiedFolds } from './probe.ts';
import { createRandom } from './random.ts';
import { innerProducts } from './similarity.ts';

describe('auroc', () => {
  it('is the share of pairs ordered rightly, ties counting half', () => {
    expect(auroc([3, 4], [1, 2])).toBe(1);
    expect(auroc([1, 2], [3, 4])).toBe(0);
    expect(auroc([1, 1], [1, 1])).toBe(0.5);
    // scikit-learn's documented example: y = 0 0 1 1, scores .1 .4 .35 .8.
    expect(auroc([0.35, 0.8], [0.1, 0.4])).toBe(0.75);
    expect(auroc([2, 2], [1, 2, 3])).toBeCloseTo(0.5, 12);
    expect(auroc([], [1])).toBe(0.5);
  });

  it('turns around when the groups swap', () => {
    const random = createRandom(1);
    const a = Array.from({ length: 20 }, () => Math.round(random() * 8));
    const b = Array.from({ length: 15 }, () => Math.round(random() * 8));
    expect(auroc(a, b) + auroc(b, a)).toBeCloseTo(1, 12);
  });
});

describe('difference-of-means probe', () => {
  const count = 20;
  const width = 12;
  const data = (shift: number, seed: number) => {
    const random = createRandom(seed);
    return Float32Array.from({ length: 2 * count * width }, (_, at) => {
      const malicious = at >= count * width;
      return random() - 0.5 + (malicious && at % width === 0 ? shift : 0);
    });
  };
  const folds = stratifiedFolds(count, count, 3);
  const resamples = promptResamples(count, count, 200, 4);
  const run = (shift: number, seed: number) =>
    probeAuroc(innerProducts(data(shift, seed), 2 * count), folds, count, resamples);

  it('deals each pool evenly over five folds', () => {
    for (let fold = 0; fold < 5; fold++) {
      expect(folds.slice(0, count).filter((own) => own === fold)).toHaveLength(4);
      expect(folds.slice(count).filter((own) => own === fold)).toHaveLength(4);
    }
    expect(new Set(stratifiedFolds(3, 9, 1))).toEqual(new Set([0, 1, 2]));
    expect(() => stratifiedFolds(1, 9, 1)).toThrow(RangeError);
  });

  it('scores a prompt by the other folds only, as the literal probe does', () => {
    const vectors = data(0.5, 8);
    const scores = outOfFoldScores(innerProducts(vectors, 2 * count), folds, count);
    const direction = new Float64Array(width);
    for (let i = 0; i < 2 * count; i++) {
      if (folds[i] === folds[7]) continue;
      for (let d = 0; d < width; d++) direction[d]! += ((i < count ? -1 : 1) * vectors[i * width + d]!) / 16;
    }
    const expected = direction.reduce((sum, value, d) => sum + value * vectors[7 * width + d]!, 0);
    expect(scores[7]).toBeCloseTo(expected, 10);
  });

  it('separates pools that a shift of ten standard deviations parts, with a band to match', () => {
    expect(run(3, 1)).toEqual({ mean: 1, std: 0, low: 1, high: 1 });
  });

  it('finds nothing where there is nothing: the mean over 30 data sets is near one half', () => {
    let sum = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { mean, low, high } = run(0, 100 + seed);
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
      sum += mean / 30;
    }
    // One data set has a standard deviation of about 0.11, the mean of 30 of 0.02.
    expect(Math.abs(sum - 0.5)).toBeLessThan(0.07);
  });
});

/** Laws of the pure parts of the controls: divergence, null band, linear probe, refusal direction, random layers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptResamples } from './bootstrap.ts';
import { klDivergence, logSoftmax } from './divergence.ts';
import { gapAgainstNull, gapUnderLabels, shuffledLabels } from './label-permutation.ts';
import { ridgeScores, solvePositive } from './linear-probe.ts';
import { bootstrapMean } from './mean-interval.ts';
import { choosePairs } from './pairs.ts';
import { foldedAuroc, outOfFoldScores, stratifiedFolds } from './probe.ts';
import { createRandom } from './random.ts';
import { randomLayerSets, randomRanges, rankP } from './random-layers.ts';
import { cohensD, differenceOfMeans, heldOutProjections, projections } from './refusal-direction.ts';
import { innerProducts, normalised, pairStatistics } from './similarity.ts';

/** [2 count, width] uniform noise; malicious prompts are moved along `axis`, and all along a loud axis 0. */
function pools(count: number, width: number, shift: number, seed: number, loud = 0): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: 2 * count * width }, (_, at) => {
    const malicious = at >= count * width;
    const noise = (random() - 0.5) * (at % width === 0 ? 1 + loud : 1);
    return noise + (malicious && at % width === 1 ? shift : 0);
  });
}

describe('KL divergence', () => {
  const logits = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 20 });

  it('is 0 for equal logits and for logits moved by a constant, and never negative', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: -5, max: 5, noNaN: true }), (values, shift) => {
        expect(klDivergence(values, values)).toBe(0);
        const moved = values.map((value) => value + shift);
        expect(klDivergence(values, moved)).toBeLessThan(1e-12);
        expect(klDivergence(values, [...values].reverse())).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is the textbook sum: P = (.36 .48 .16), Q = uniform gives 0.0852996 nats (Kullback 1959, table 2.1)', () => {
    const ln = (shares: number[]) => shares.map(Math.log);
    expect(klDivergence(ln([0.36, 0.48, 0.16]), [0, 0, 0])).toBeCloseTo(0.0852996, 6);
    expect(klDivergence([0, 0, 0], ln([0.36, 0.48, 0.16]))).toBeCloseTo(0.097455, 6);
  });

  it('survives logits whose exponentials do not', () => {
    expect(klDivergence([1000, -1000], [1000, -1000])).toBe(0);
    expect(logSoftmax([1000, 0])[0]).toBe(0);
    expect(klDivergence([0, 1000], [1000, 0])).toBeCloseTo(1000, 9);
  });
});

describe('bootstrap mean', () => {
  it('covers a normal-theory interval: mean +- 1.96 s / sqrt(n) to a few percent', () => {
    const random = createRandom(5);
    const values = Array.from({ length: 200 }, () => random());
    const { mean, low, high } = bootstrapMean(values, 4000, 2);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 199);
    const half = (1.96 * deviation) / Math.sqrt(200);
    expect(low).toBeGreaterThan(mean - 1.1 * half);
    expect(low).toBeLessThan(mean - 0.9 * half);
    expect(high - low).toBeLessThan(2.2 * half);
    expect(bootstrapMean(values, 100, 7)).toEqual(bootstrapMean(values, 100, 7));
    expect(bootstrapMean([3]).low).toBeNaN();
  });
});

describe('shuffled labels', () => {
  const count = 30;
  const deals = shuffledLabels(count, count, 199, 4);
  /** Around zero two groups have no angle between them: normal prompts get an axis of their own. */
  const cosines = (shift: number) => {
    const vectors = pools(count, 16, shift, 9).map((value, at) =>
      at < count * 16 && at % 16 === 2 ? value + shift : value,
    );
    return normalised(innerProducts(vectors, 2 * count), 2 * count);
  };

  it('keep the sizes of the pools, and under the true labels the gap is the one of section 3.3', () => {
    for (const labels of deals.slice(0, 20)) {
      expect(labels.reduce((sum, label) => sum + label, 0)).toBe(count);
    }
    const matrix = cosines(1);
    const { nn, nm } = pairStatistics(matrix, choosePairs({ kind: 'all' }, count, count));
    const degrees = (cosine: number) => (Math.acos(cosine) * 180) / Math.PI;
    const truth = Uint8Array.from({ length: 2 * count }, (_, i) => Number(i >= count));
    expect(gapUnderLabels(matrix, truth)).toBeCloseTo(degrees(nm.mean) - degrees(nn.mean), 9);
  });

  it('find a planted gap (p = 1/200, the least possible) and no gap where there is none', () => {
    const planted = gapAgainstNull(cosines(1), count, deals);
    expect(planted.p).toBe(1 / 200);
    expect(planted.gapDeg).toBeGreaterThan(planted.highDeg);
    const none = gapAgainstNull(cosines(0), count, deals);
    expect(none.p).toBeGreaterThan(0.05);
    expect(none.lowDeg).toBeLessThan(0);
    expect(none.highDeg).toBeGreaterThan(0);
  });
});

describe('the ridge probe', () => {
  const count = 40;
  const folds = stratifiedFolds(count, count, 3);
  const resamples = promptResamples(count, count, 40, 4);
  const aurocOf = (vectors: Float32Array, scores = ridgeScores) =>
    foldedAuroc(scores(innerProducts(vectors, 2 * count), folds, count), folds, count, resamples).mean;

  it('solves A x = b', () => {
    const matrix = [4, 2, 2, 2, 5, 1, 2, 1, 6];
    const x = solvePositive(Float64Array.from(matrix), Float64Array.of(10, 15, 22));
    for (const [row, right] of [10, 15, 22].entries()) {
      expect(x.reduce((sum, value, j) => sum + matrix[row * 3 + j]! * value, 0)).toBeCloseTo(right, 9);
    }
  });

  it('equals ridge regression on the vectors themselves (primal form)', () => {
    const width = 5;
    const vectors = pools(count, width, 0.4, 6);
    const scores = ridgeScores(innerProducts(vectors, 2 * count), folds, count);
    const trained = [...folds.keys()].filter((prompt) => folds[prompt] !== folds[7]);
    const means = Array.from({ length: width }, (_, d) =>
      trained.reduce((sum, i) => sum + vectors[i * width + d]! / trained.length, 0),
    );
    const centred = (i: number) => means.map((mean, d) => vectors[i * width + d]! - mean);
    const trace = trained.reduce((sum, i) => sum + centred(i).reduce((s, v) => s + v * v, 0), 0);
    const normal = new Float64Array(width * width);
    const right = new Float64Array(width);
    for (const i of trained) {
      const x = centred(i);
      for (let a = 0; a < width; a++) {
        right[a]! += x[a]! * (i < count ? -1 : 1);
        for (let b = 0; b < width; b++) normal[a * width + b]! += x[a]! * x[b]!;
      }
    }
    for (let a = 0; a < width; a++) normal[a * width + a]! += (0.01 * trace) / trained.length;
    const direction = solvePositive(normal, right);
    const primal = (i: number) =>
      direction.reduce((sum, value, d) => sum + value * vectors[i * width + d]!, 0);
    const [first, second] = [...folds.keys()].filter((prompt) => folds[prompt] === folds[7]);
    expect(scores[first!]! - scores[second!]!).toBeCloseTo(primal(first!) - primal(second!), 8);
  });

  it('sees through a loud direction that blinds the difference of means, and says nothing about noise', () => {
    const loud = pools(count, 12, 0.8, 8, 40);
    expect(aurocOf(loud)).toBeGreaterThan(0.85);
    expect(aurocOf(loud, outOfFoldScores)).toBeLessThan(0.8);
    expect(Math.abs(aurocOf(pools(count, 12, 0, 8)) - 0.5)).toBeLessThan(0.15);
  });

  it('gives finite scores where all vectors agree', () => {
    const scores = ridgeScores(
      innerProducts(new Float32Array(2 * count * 4).fill(1), 2 * count),
      folds,
      count,
    );
    expect(scores.every(Number.isFinite)).toBe(true);
  });
});

describe('the refusal direction', () => {
  const count = 30;

  it('is the planted axis, of length 1; what is projected out has no projection left', () => {
    const vectors = pools(count, 8, 3, 2);
    const { unit, length } = differenceOfMeans(vectors, 2 * count, count);
    expect(Math.hypot(...unit)).toBeCloseTo(1, 6);
    expect(unit[1]).toBeGreaterThan(0.99);
    expect(length).toBeCloseTo(3, 0);
    const along = projections(vectors, 2 * count, unit);
    const without = vectors.map((value, at) => value - along[Math.floor(at / 8)]! * unit[at % 8]!);
    for (const rest of projections(without, 2 * count, unit)) expect(Math.abs(rest)).toBeLessThan(1e-6);
  });

  it('held out, separates what differs and does not flatter noise', () => {
    const folds = stratifiedFolds(count, count, 1);
    expect(heldOutProjections(pools(count, 8, 3, 2), folds, count).auroc).toBe(1);
    const noise = heldOutProjections(pools(count, 64, 0, 3), folds, count);
    expect(noise.auroc).toBeLessThan(0.65);
    // In sample, 64 dimensions are enough to pull 60 random prompts apart.
    const fitted = projections(
      pools(count, 64, 0, 3),
      2 * count,
      differenceOfMeans(pools(count, 64, 0, 3), 2 * count, count).unit,
    );
    expect(cohensD(fitted.subarray(count), fitted.subarray(0, count))).toBeGreaterThan(noise.separation + 1);
  });

  it("Cohen's d of (1 2 3) and (2 3 4) is 1", () => {
    expect(cohensD([2, 3, 4], [1, 2, 3])).toBeCloseTo(1, 12);
    expect(cohensD([1, 1], [1, 1])).toBe(0);
  });
});

describe('random layers', () => {
  it('other ranges have the width, differ from the range and from each other; few places give few draws', () => {
    const ranges = randomRanges(10, { first: 3, last: 5 }, 100, 1);
    expect(ranges).toHaveLength(7);
    expect(new Set(ranges.map(({ first }) => first)).size).toBe(7);
    for (const { first, last } of ranges) {
      expect(last - first).toBe(2);
      expect(first).not.toBe(3);
      expect(last).toBeLessThan(10);
    }
    expect(randomRanges(4, { first: 0, last: 3 }, 5, 1)).toEqual([]);
  });

  it('sets have as many different layers, in order', () => {
    for (const set of randomLayerSets(10, 4, 50, 2)) {
      expect(set).toHaveLength(4);
      for (let at = 1; at < 4; at++) expect(set[at]!).toBeGreaterThan(set[at - 1]!);
    }
  });

  it('the rank of a value is exact: largest of 19 others is 1/20, and 1 at the centre', () => {
    const draws = Array.from({ length: 19 }, (_, at) => at - 9);
    expect(rankP(30, draws, 0)).toBe(1 / 20);
    expect(rankP(-30, draws, 0)).toBe(1 / 20);
    expect(rankP(0, draws, 0)).toBe(1);
  });
});

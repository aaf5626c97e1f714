/**
 * A difference-of-means probe per layer: is malicious linearly separable from normal there? Not in the paper; it answers
 * the objection that a cosine can miss a direction that carries the distinction (Zhou et al. 2024, 2406.05644; Arditi et
 * al. 2024 use the same direction). Cross-validated: a prompt is scored by a probe that has not seen it.
 */
import { auroc } from './auroc.ts';
import { LANES, type PromptResamples } from './bootstrap.ts';
import { percentileInterval } from './quantile.ts';
import { createRandom, shuffled } from './random.ts';

export const PROBE_FOLDS = 5;

/** A fold number per pooled prompt (normal first), each pool dealt out evenly in random order. */
export function stratifiedFolds(
  normalCount: number,
  maliciousCount: number,
  seed: number,
  folds = PROBE_FOLDS,
): Int32Array {
  const used = Math.min(folds, normalCount, maliciousCount);
  if (used < 2) throw new RangeError('cross-validation needs at least two prompts in each pool');
  const random = createRandom(seed);
  const assigned = new Int32Array(normalCount + maliciousCount);
  const deal = (start: number, count: number) => {
    const order = shuffled(
      Array.from({ length: count }, (_, index) => start + index),
      random,
    );
    order.forEach((prompt, place) => {
      assigned[prompt] = place % used;
    });
  };
  deal(0, normalCount);
  deal(normalCount, maliciousCount);
  return assigned;
}

/**
 * Score of every prompt by the probe of its fold: (mean malicious - mean normal).x with both means over the OTHER folds.
 * From inner products [n, n] alone, since the score is a mean of x.y over the training prompts y. Scores of different
 * folds come from different probes and are comparable only within a fold.
 */
export function outOfFoldScores(inner: Float64Array, folds: Int32Array, normalCount: number): Float64Array {
  const size = folds.length;
  return Float64Array.from(folds, (fold, i) => {
    let normalSum = 0;
    let normalUsed = 0;
    let maliciousSum = 0;
    let maliciousUsed = 0;
    for (let j = 0; j < size; j++) {
      if (folds[j] === fold) continue;
      const product = inner[i * size + j]!;
      if (j < normalCount) {
        normalSum += product;
        normalUsed++;
      } else {
        maliciousSum += product;
        maliciousUsed++;
      }
    }
    return maliciousSum / maliciousUsed - normalSum / normalUsed;
  });
}

export interface ProbeResult {
  /** Over all (malicious, normal) pairs of the same fold: the share ordered rightly. */
  mean: number;
  /** Population standard deviation over the folds' own AUROCs. */
  std: number;
  /** 95 % bootstrap over the scored prompts; the probes are held fixed, so training noise is not in it. */
  low: number;
  high: number;
}

/** Cross-validated AUROC of one layer's difference-of-means probe. `resamples` are those of the cosine bands. */
export function probeAuroc(
  inner: Float64Array,
  folds: Int32Array,
  normalCount: number,
  resamples: PromptResamples,
): ProbeResult {
  return foldedAuroc(outOfFoldScores(inner, folds, normalCount), folds, normalCount, resamples);
}

/** AUROC of scores that are comparable within a fold only, of whatever probe. */
export function foldedAuroc(
  scores: Float64Array,
  folds: Int32Array,
  normalCount: number,
  resamples: PromptResamples,
): ProbeResult {
  const comparisons: Array<{ malicious: number; normal: number; win: number }> = [];
  const foldAurocs: number[] = [];
  for (let fold = 0; fold <= Math.max(...folds); fold++) {
    const members = [...folds.keys()].filter((prompt) => folds[prompt] === fold);
    const normal = members.filter((prompt) => prompt < normalCount);
    const malicious = members.filter((prompt) => prompt >= normalCount);
    foldAurocs.push(
      auroc(
        malicious.map((m) => scores[m]!),
        normal.map((n) => scores[n]!),
      ),
    );
    for (const m of malicious) {
      for (const n of normal) {
        comparisons.push({ malicious: m, normal: n, win: (Math.sign(scores[m]! - scores[n]!) + 1) / 2 });
      }
    }
  }
  const mean = comparisons.reduce((sum, { win }) => sum + win, 0) / comparisons.length;
  const foldMean = foldAurocs.reduce((sum, value) => sum + value, 0) / foldAurocs.length;
  const variance = foldAurocs.reduce((sum, value) => sum + (value - foldMean) ** 2, 0) / foldAurocs.length;
  return { mean, std: Math.sqrt(variance), ...percentileInterval(replicates(comparisons, resamples)) };
}

function replicates(
  comparisons: Array<{ malicious: number; normal: number; win: number }>,
  resamples: PromptResamples,
): Float64Array {
  const size = resamples.normalCount + resamples.maliciousCount;
  const wins = new Float64Array(resamples.replicates);
  const totals = new Float64Array(resamples.replicates);
  for (let first = 0; first < resamples.replicates; first += LANES) {
    const weights = resamples.weights.subarray(first * size, (first + LANES) * size);
    for (const { malicious, normal, win } of comparisons) {
      for (let lane = 0; lane < LANES; lane++) {
        const weight = weights[malicious * LANES + lane]! * weights[normal * LANES + lane]!;
        wins[first + lane]! += weight * win;
        totals[first + lane]! += weight;
      }
    }
  }
  return wins.map((won, at) => won / totals[at]!);
}

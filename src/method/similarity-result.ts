/**
 * From last-token vectors to the whole picture of sections 3.2 and 3.3: curves per kind of pair with bands, the angle
 * gap, and the same for the other two measures. Layer by layer, so that a caller can yield between layers.
 */
import type { CosineCurves, Curve, PairChoice, PairKind, SimilarityResult } from '@/protocol/experiments.ts';
import { angleDeg, gapOfAnglesDeg, gapOfMeansDeg } from './angle-gap.ts';
import {
  centredPairMeans,
  type PairMeanReplicates,
  type PromptResamples,
  pairWeightTotals,
  promptResamples,
  rawPairMeans,
} from './bootstrap.ts';
import { choosePairs, type PairSet } from './pairs.ts';
import { type ProbeResult, probeAuroc, stratifiedFolds } from './probe.ts';
import { percentileInterval } from './quantile.ts';
import {
  centredInnerProducts,
  innerProducts,
  largestSquare,
  normalised,
  type PairStatistics,
  pairStatistics,
} from './similarity.ts';

/** What does not depend on the layer: which pairs, which resamples, which folds. */
export interface SimilarityPlan {
  choice: PairChoice;
  pairs: PairSet;
  resamples: PromptResamples;
  totals: PairMeanReplicates;
  folds: Int32Array;
}

interface KindSummary extends PairStatistics {
  low: number;
  high: number;
}
interface LayerCosines {
  kinds: Record<PairKind, KindSummary>;
  gap: { low: number; high: number };
}
/** One layer's numbers, to be joined into curves. */
export interface LayerSimilarity {
  raw: LayerCosines;
  centred: LayerCosines;
  auroc: ProbeResult;
}

/** Needs at least two prompts in each pool: one prompt has no pair. Folds follow the bootstrap's seed. */
export function planSimilarity(
  normalCount: number,
  maliciousCount: number,
  choice: PairChoice,
  bootstrap: { replicates: number; seed: number },
): SimilarityPlan {
  if (normalCount < 2 || maliciousCount < 2) {
    throw new RangeError('similarity needs at least two prompts in each pool');
  }
  const pairs = choosePairs(choice, normalCount, maliciousCount);
  const resamples = promptResamples(normalCount, maliciousCount, bootstrap.replicates, bootstrap.seed);
  return {
    choice,
    pairs,
    resamples,
    totals: pairWeightTotals(pairs, resamples),
    folds: stratifiedFolds(normalCount, maliciousCount, bootstrap.seed),
  };
}

/** Vectors of one layer, [n, D], out of one [K, D] per prompt (pools in the order normal, malicious). */
export function layerVectors(
  perPrompt: readonly Float32Array[],
  layer: number,
  hiddenSize: number,
): Float32Array {
  const vectors = new Float32Array(perPrompt.length * hiddenSize);
  perPrompt.forEach((states, prompt) => {
    vectors.set(states.subarray(layer * hiddenSize, (layer + 1) * hiddenSize), prompt * hiddenSize);
  });
  return vectors;
}

/** Everything about one layer. `vectors` is [n, D], normal prompts first. */
export function layerSimilarity(plan: SimilarityPlan, vectors: Float32Array): LayerSimilarity {
  const { pairs, resamples, totals, folds } = plan;
  const size = pairs.normalCount + pairs.maliciousCount;
  const inner = innerProducts(vectors, size);
  const rawCosines = normalised(inner, size);
  const centredCosines = normalised(centredInnerProducts(inner, size), size, largestSquare(inner, size));
  return {
    raw: summarise(pairStatistics(rawCosines, pairs), rawPairMeans(rawCosines, pairs, resamples, totals)),
    centred: summarise(
      pairStatistics(centredCosines, pairs),
      centredPairMeans(inner, pairs, resamples, totals),
    ),
    auroc: probeAuroc(inner, folds, pairs.normalCount, resamples),
  };
}

/** Layers 0..K-1, in order, as the curves of the contract. */
export function joinLayers(
  plan: SimilarityPlan,
  layers: readonly LayerSimilarity[],
): Omit<SimilarityResult, 'vectorsKey'> {
  return {
    normalCount: plan.pairs.normalCount,
    maliciousCount: plan.pairs.maliciousCount,
    layerCount: layers.length,
    pairs: plan.choice,
    raw: cosineCurves(layers.map((layer) => layer.raw)),
    centred: cosineCurves(layers.map((layer) => layer.centred)),
    auroc: curve(layers.map((layer) => layer.auroc)),
  };
}

/** All layers at once. Each prompt's vectors are [K, D] without the embedding output: `hidden.subarray(D)` of the engine's. */
export function buildSimilarity(input: {
  normal: readonly Float32Array[];
  malicious: readonly Float32Array[];
  layerCount: number;
  hiddenSize: number;
  pairs: PairChoice;
  bootstrap: { replicates: number; seed: number };
}): Omit<SimilarityResult, 'vectorsKey'> {
  const plan = planSimilarity(input.normal.length, input.malicious.length, input.pairs, input.bootstrap);
  const prompts = [...input.normal, ...input.malicious];
  const layers = Array.from({ length: input.layerCount }, (_, layer) =>
    layerSimilarity(plan, layerVectors(prompts, layer, input.hiddenSize)),
  );
  return joinLayers(plan, layers);
}

function summarise(
  statistics: Record<PairKind, PairStatistics>,
  replicates: PairMeanReplicates,
): LayerCosines {
  const kind = (name: PairKind) => ({ ...statistics[name], ...percentileInterval(replicates[name]) });
  // The same normal prompts are in both terms of a replicate, so their common luck cancels, as it should.
  const gaps = replicates.nm.map((nm, at) => angleDeg(nm) - angleDeg(replicates.nn[at]!));
  return { kinds: { nn: kind('nn'), nm: kind('nm'), mm: kind('mm') }, gap: percentileInterval(gaps) };
}

function cosineCurves(layers: readonly LayerCosines[]): CosineCurves {
  const of = (kind: PairKind) => curve(layers.map((layer) => layer.kinds[kind]));
  return {
    curves: { nn: of('nn'), nm: of('nm'), mm: of('mm') },
    gap: {
      ofMeansDeg: layers.map(({ kinds }) => gapOfMeansDeg(kinds.nm.mean, kinds.nn.mean)),
      ofAnglesDeg: layers.map(({ kinds }) => gapOfAnglesDeg(kinds.nm.meanAngleDeg, kinds.nn.meanAngleDeg)),
      lowDeg: layers.map((layer) => layer.gap.low),
      highDeg: layers.map((layer) => layer.gap.high),
    },
  };
}

function curve(points: ReadonlyArray<{ mean: number; std: number; low: number; high: number }>): Curve {
  return {
    mean: points.map((point) => point.mean),
    std: points.map((point) => point.std),
    low: points.map((point) => point.low),
    high: points.map((point) => point.high),
  };
}

/** The experiments by name. */
import type { Experiment, ExperimentKind, ExperimentMap } from '@/protocol/experiments.ts';
import { answerExperiment } from './answer.ts';
import { attentionExperiment } from './attention.ts';
import { bandScanExperiment } from './band-scan.ts';
import { calibrateExperiment } from './calibrate.ts';
import type { ExperimentContext } from './context.ts';
import { cosineMatrixExperiment } from './cosine-matrix.ts';
import { countExperiment } from './count.ts';
import { similarityExperiment } from './similarity.ts';

type Experiments = {
  [K in ExperimentKind]: (
    context: ExperimentContext,
    params: ExperimentMap[K]['params'],
    signal?: AbortSignal,
  ) => Experiment<K>;
};

const byHand = () => import('./by-hand.ts');

/** Loads its code when it is first run. */
function later<K extends ExperimentKind>(load: () => Promise<Experiments[K]>): Experiments[K] {
  return async function* (context, params, signal) {
    return yield* (await load())(context, params, signal);
  } as Experiments[K];
}

export const EXPERIMENTS: Experiments = {
  similarity: similarityExperiment,
  cosineMatrix: cosineMatrixExperiment,
  attention: attentionExperiment,
  calibrate: calibrateExperiment,
  count: countExperiment,
  bandScan: bandScanExperiment,
  answer: answerExperiment,
  control: later(async () => (await byHand()).controlExperiment),
  grid: later(async () => (await byHand()).gridExperiment),
  layerAlpha: later(async () => (await byHand()).layerAlphaExperiment),
  locate: later(async () => (await byHand()).locateExperiment),
  train: later(async () => (await byHand()).trainExperiment),
};

export function runExperiment<K extends ExperimentKind>(
  kind: K,
  context: ExperimentContext,
  params: ExperimentMap[K]['params'],
  signal?: AbortSignal,
): Experiment<K> {
  return EXPERIMENTS[kind](context, params, signal);
}

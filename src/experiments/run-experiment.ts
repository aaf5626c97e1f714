/** The experiments by name. */
import type { Experiment, ExperimentKind, ExperimentMap } from '@/protocol/experiments.ts';
import { answerExperiment } from './answer.ts';
import { attentionExperiment } from './attention.ts';
import { bandScanExperiment } from './band-scan.ts';
import { calibrateExperiment } from './calibrate.ts';
import type { ExperimentContext } from './context.ts';
import { controlExperiment } from './controls/index.ts';
import { cosineMatrixExperiment } from './cosine-matrix.ts';
import { countExperiment } from './count.ts';
import { gridExperiment } from './grid.ts';
import { layerAlphaExperiment } from './layer-alpha.ts';
import { locateExperiment } from './locate.ts';
import { similarityExperiment } from './similarity.ts';
import { trainExperiment } from './train.ts';

type Experiments = {
  [K in ExperimentKind]: (
    context: ExperimentContext,
    params: ExperimentMap[K]['params'],
    signal?: AbortSignal,
  ) => Experiment<K>;
};

export const EXPERIMENTS: Experiments = {
  similarity: similarityExperiment,
  cosineMatrix: cosineMatrixExperiment,
  attention: attentionExperiment,
  calibrate: calibrateExperiment,
  count: countExperiment,
  bandScan: bandScanExperiment,
  answer: answerExperiment,
  control: controlExperiment,
  grid: gridExperiment,
  layerAlpha: layerAlphaExperiment,
  locate: locateExperiment,
  train: trainExperiment,
};

export function runExperiment<K extends ExperimentKind>(
  kind: K,
  context: ExperimentContext,
  params: ExperimentMap[K]['params'],
  signal?: AbortSignal,
): Experiment<K> {
  return EXPERIMENTS[kind](context, params, signal);
}

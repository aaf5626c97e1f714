/** The prompt x prompt matrix of one layer, from vectors of an earlier similarity run: no model is run. */
import { cosineMatrix } from '@/method/similarity.ts';
import { AppError } from '@/model/app-error.ts';
import type { CosineMatrixParams, Experiment } from '@/protocol/experiments.ts';
import type { ExperimentContext } from './context.ts';
import { throwIfCancelled } from './event-stream.ts';
import { vectorsOfLayer } from './similarity.ts';

// A generator by contract; it has nothing to say before its result.
// biome-ignore lint/correctness/useYield: see above
export async function* cosineMatrixExperiment(
  { engine, vectors }: ExperimentContext,
  params: CosineMatrixParams,
  signal?: AbortSignal,
): Experiment<'cosineMatrix'> {
  throwIfCancelled(signal);
  const { layerCount, hiddenSize } = engine.info.spec;
  if (!Number.isInteger(params.layer) || params.layer < 0 || params.layer >= layerCount) {
    throw new AppError(
      'bad-input',
      `There is no layer ${params.layer}; this model has layers 0 to ${layerCount - 1}.`,
      'Choose one of them.',
    );
  }
  const set = vectors.set(params.vectorsKey);
  if (!set) {
    throw new AppError(
      'not-found',
      'The vectors of this picture are no longer in memory.',
      'Run the similarity picture again.',
    );
  }
  const prompts = [...set.normal, ...set.malicious];
  const layer = vectorsOfLayer(prompts, params.layer, layerCount, hiddenSize, set.lastPoint);
  const cosine = Float32Array.from(cosineMatrix(layer, prompts.length, params.measure));
  return { size: prompts.length, normalCount: set.normal.length, cosine };
}

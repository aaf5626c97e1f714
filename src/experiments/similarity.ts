/**
 * Similarity of last-token vectors layer by layer (sections 3.2, 3.3): runs what was not run before, keeps the vectors,
 * shows the curves of the prompts so far a few times on the way. The arithmetic is src/method's.
 */
import type { HiddenStates } from '@/engine/engine.ts';
import {
  joinLayers,
  type LayerSimilarity,
  layerSimilarity,
  layerVectors,
  planSimilarity,
} from '@/method/similarity-result.ts';
import { AppError } from '@/model/app-error.ts';
import type { Experiment, PromptItem, SimilarityParams, SimilarityResult } from '@/protocol/experiments.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { breathe, progressMaker, streamEvents } from './event-stream.ts';

/** Shares of the prompts after which a partial picture is drawn. Each costs time that grows with the share squared. */
const PARTIAL_AT = [0.1, 0.25, 0.5, 0.75];
/** Enough for a first idea of the bands; the result has as many as were asked for. */
const PARTIAL_REPLICATES = 100;
const LEAST_PER_POOL = 2;

export async function* similarityExperiment(
  context: ExperimentContext,
  params: SimilarityParams,
  signal?: AbortSignal,
): Experiment<'similarity'> {
  checkPools(params);
  const { engine, text, vectors } = context;
  const wanted = interleaved(params).filter((item) => !vectors.get(params, item.text));
  const missing = [...new Map(wanted.map((item) => [item.text, item])).values()];
  if (missing.length > 0) {
    const rendered = renderPool(text, missing, params.template, 'similarity');
    const progress = progressMaker('prompts');
    yield progress('Reading prompts', 0, missing.length);
    const arrivals = streamEvents<number, HiddenStates[]>(
      (emit, innerSignal) =>
        engine.hiddenStates(
          rendered.map((prompt) => prompt.ids),
          params.setting,
          {
            signal: innerSignal,
            onItem: (index, states) => {
              vectors.put(params, missing[index]!.text, states);
              emit(index);
            },
          },
        ),
      signal,
    );
    const thresholds = PARTIAL_AT.map((share) => Math.ceil(share * missing.length));
    let arrived = 0;
    for await (const _ of arrivals) {
      arrived += 1;
      yield progress('Reading prompts', arrived, missing.length);
      if (arrived < (thresholds[0] ?? Number.POSITIVE_INFINITY) || arrived === missing.length) continue;
      while (thresholds[0] !== undefined && thresholds[0] <= arrived) thresholds.shift();
      const ready = (item: PromptItem) => vectors.get(params, item.text) !== undefined;
      const sofar = {
        ...params,
        normal: params.normal.filter(ready),
        malicious: params.malicious.filter(ready),
        bootstrap: {
          ...params.bootstrap,
          replicates: Math.min(PARTIAL_REPLICATES, params.bootstrap.replicates),
        },
      };
      if (sofar.normal.length < LEAST_PER_POOL || sofar.malicious.length < LEAST_PER_POOL) continue;
      for await (const partial of analyse(context, sofar, signal)) {
        if (partial.result) yield { type: 'partial', partial: partial.result };
      }
    }
  }
  const layerProgress = progressMaker('layers');
  const { layerCount } = engine.info.spec;
  for await (const step of analyse(context, params, signal)) {
    if (step.result) return step.result;
    yield layerProgress('Comparing prompts', step.layersDone, layerCount);
  }
  throw new Error('unreachable: the analysis ends with its result');
}

interface AnalysisStep {
  layersDone: number;
  result?: SimilarityResult;
}

/** Layer by layer, letting a cancel in between two layers; the last step has the result. */
async function* analyse(
  { engine, vectors }: ExperimentContext,
  params: SimilarityParams,
  signal: AbortSignal | undefined,
): AsyncGenerator<AnalysisStep, void, void> {
  const { layerCount, hiddenSize } = engine.info.spec;
  const key = vectors.keep(params);
  const set = vectors.set(key);
  if (!set) {
    throw new AppError(
      'out-of-memory',
      'The vectors of these prompts do not fit into the memory set aside for them.',
      'Use smaller pools.',
    );
  }
  const prompts = [...set.normal, ...set.malicious];
  const plan = planSimilarity(params.normal.length, params.malicious.length, params.pairs, params.bootstrap);
  const layers: LayerSimilarity[] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    await breathe(signal);
    layers.push(
      layerSimilarity(plan, vectorsOfLayer(prompts, layer, layerCount, hiddenSize, params.lastPoint)),
    );
    yield { layersDone: layer + 1 };
  }
  yield { layersDone: layerCount, result: { ...joinLayers(plan, layers), vectorsKey: key } };
}

/** [n, D] of the output of a 0-based layer; the last one before or after the final norm. */
export function vectorsOfLayer(
  prompts: readonly HiddenStates[],
  layer: number,
  layerCount: number,
  hiddenSize: number,
  lastPoint: SimilarityParams['lastPoint'],
): Float32Array {
  if (layer === layerCount - 1 && lastPoint === 'after-final-norm') {
    return layerVectors(
      prompts.map((states) => states.finalNorm),
      0,
      hiddenSize,
    );
  }
  // Row 0 of `hidden` is the embedding output.
  return layerVectors(
    prompts.map((states) => states.hidden),
    layer + 1,
    hiddenSize,
  );
}

function checkPools(params: SimilarityParams): void {
  for (const pool of ['normal', 'malicious'] as const) {
    if (params[pool].length >= LEAST_PER_POOL) continue;
    throw new AppError(
      'bad-input',
      `The ${pool} pool has ${params[pool].length} prompt${params[pool].length === 1 ? '' : 's'}; pairs need at least ${LEAST_PER_POOL}.`,
      'Add prompts to it.',
    );
  }
}

/** Normal and malicious in turn, so that partial pictures hold both from the beginning. */
function interleaved({ normal, malicious }: SimilarityParams): PromptItem[] {
  const longest = Math.max(normal.length, malicious.length);
  return Array.from({ length: longest }, (_, at) => [normal[at], malicious[at]])
    .flat()
    .filter((item): item is PromptItem => item !== undefined);
}

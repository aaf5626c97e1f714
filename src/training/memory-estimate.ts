/**
 * How much memory a run takes at its peak, before it starts, and the refusal of what cannot fit. Counts float32 tensors;
 * what a runtime adds for itself is covered by a margin. Pure.
 */
import type { BackendInfo } from '@/engine/engine.ts';
import { lowestPassed, trainedShapes } from '@/engine/train/parameters.ts';
import { DEFAULT_KEPT_BYTES, keptBytes } from '@/engine/train/trainer-options.ts';
import { AppError } from '@/model/app-error.ts';
import { adapterUnits, type ModelSpec, matrixDims, matrixParameters } from '@/model/spec.ts';
import type { TrainingMemory, TrainParams } from '@/protocol/training.ts';
import type { TrainingPlan } from './plan.ts';
import type { TokenisedRow } from './tokenise.ts';
import { sizeOf, trainablePart } from './trained-part.ts';

const FLOAT = 4;
/** WebAssembly's address space, less what the runtime itself needs. */
const WASM_HEAP_BYTES = 3.5 * 2 ** 30;

export interface MemoryRequest {
  spec: ModelSpec;
  params: TrainParams;
  plan: { options: Pick<TrainingPlan['options'], 'trains'> } & Pick<TrainingPlan, 'rows' | 'safetyRows'>;
  backend: BackendInfo['kind'];
  /** Less is kept between forward and backward where there is less; null or absent = not known. */
  limitBytes?: number | null;
}

export interface MemoryEstimate {
  memory: TrainingMemory;
  /** Of the activations, what is kept for speed alone: the trainer's allowance. */
  keptBytes: number;
  /** The largest single kernel run: weights, gradients and intermediates. On WASM all of it lies in the heap at once. */
  kernelBytes: number;
}

export function estimateMemory({ spec, params, plan, backend, limitBytes }: MemoryRequest): MemoryEstimate {
  const { trains } = plan.options;
  const part = trainablePart(params.part);
  const shapes = trainedShapes(spec, part, trains);
  const ends = shapes[spec.layerCount] ?? new Map<string, readonly number[]>();
  const trained = FLOAT * shapes.reduce((sum, group) => sum + sizeOf(group), 0);
  const layerWeights = matrixParameters(spec);
  const embedding = spec.vocabSize * spec.hiddenSize;
  // The embedding stays in JavaScript for look-ups; the head is a second copy only where it is another matrix or another place.
  const heads = spec.tiedEmbeddings && backend !== 'webgpu' ? 1 : 2;
  const { batchSize, accumulation } = params.optimiser;
  const { positions, labels, length } = widestBatch([...plan.rows, ...plan.safetyRows], batchSize);
  const passed = spec.layerCount - lowestPassed(shapes);
  const entering = FLOAT * (passed + 1) * positions * spec.hiddenSize;
  const layerKernel = layerKernelBytes(spec, batchSize, length) + dropoutBytes(params, spec, positions);
  const largestLayer = Math.max(...shapes.slice(0, spec.layerCount).map(sizeOf));
  // Logits, their exponentials, probabilities, one-hot labels and differences; the head, and its gradient where it trains.
  const trainsHead = ends.has(spec.tiedEmbeddings ? 'embedding.0' : 'head.0');
  // A soft cap keeps its tanh, and takes two more on the way back.
  const logits = spec.finalSoftcap ? 9 : 6;
  const lossKernel = FLOAT * (logits * labels * spec.vocabSize + (trainsHead ? 2 : 1) * embedding);
  const restraints =
    params.method === 'lisa' ? trained : params.method === 'nfft' ? trained + 2 * trained : 0;
  const parts = {
    weights: FLOAT * (spec.layerCount * layerWeights + heads * embedding),
    parameters: trained,
    gradients: trained * (accumulation > 1 ? 2 : 1),
    moments: 2 * trained,
    restraints,
    activations: entering + Math.max(layerKernel, lossKernel),
    // Parameters and moments read back, and the same again as one file.
    checkpoint: 2 * 3 * trained,
  };
  const needed = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  const room = Math.max(0, (limitBytes ?? Number.POSITIVE_INFINITY) - needed);
  const kept = Math.min(DEFAULT_KEPT_BYTES, passed * keptBytes(spec, batchSize, length), room);
  return {
    memory: { ...parts, activations: parts.activations + kept, total: needed + kept },
    keptBytes: kept,
    kernelBytes: Math.max(layerKernel + FLOAT * (layerWeights + 2 * largestLayer), lossKernel),
  };
}

/** The masks of one layer: each stored matrix that trains has its own. */
function dropoutBytes({ part }: TrainParams, spec: ModelSpec, positions: number): number {
  if (part.kind !== 'lora' || !part.dropout) return 0;
  const dims = matrixDims(spec);
  const units = adapterUnits(spec, part.matrices);
  return FLOAT * positions * units.reduce((sum, unit) => sum + dims[unit[0]!][1], 0);
}

/** @throws AppError 'out-of-memory' that says what needs how much, where it cannot fit. `limitBytes` null = not known. */
export function checkMemory(
  { memory, keptBytes: kept, kernelBytes }: MemoryEstimate,
  backend: BackendInfo['kind'],
  limitBytes: number | null,
): void {
  if (backend === 'wasm' && kernelBytes > WASM_HEAP_BYTES) {
    throw new AppError(
      'out-of-memory',
      `One step would need ${inWords(kernelBytes)} at once, more than the ${inWords(WASM_HEAP_BYTES)} of WebAssembly.`,
      'Use smaller batches with more accumulation, or a shorter cut-off.',
    );
  }
  const needed = memory.total - kept;
  if (limitBytes === null || needed <= limitBytes) return;
  const largest = [
    ['the model', memory.weights],
    ['gradients, moments and parameters', memory.gradients + memory.moments + memory.parameters],
    ['activations', memory.activations - kept],
    ['a checkpoint', memory.checkpoint],
  ] as const;
  const list = largest.map(([name, bytes]) => `${name} ${inWords(bytes)}`).join(', ');
  throw new AppError(
    'out-of-memory',
    `This run needs about ${inWords(needed)} (${list}), and there are ${inWords(limitBytes)}.`,
    'Train LoRA instead of full parameters, fewer layers, or smaller batches.',
  );
}

export function inWords(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.ceil(bytes / 2 ** 20)} MB`;
}

/** The largest batch that any order could put together. */
function widestBatch(rows: readonly TokenisedRow[], batchSize: number) {
  const lengths = rows.map((row) => row.ids.length).sort((a, b) => b - a);
  const labelCounts = rows
    .map(({ ids, responseStart }) => ids.length - Math.max(1, responseStart))
    .sort((a, b) => b - a);
  const length = lengths[0]!;
  const labels = Array.from(
    { length: batchSize },
    (_, at) => labelCounts[Math.min(at, labelCounts.length - 1)]!,
  );
  return { length, positions: length * batchSize, labels: labels.reduce((sum, one) => sum + one, 0) };
}

/** Forward values and gradients of one layer: projections, attention probabilities and their like, activations. */
function layerKernelBytes(spec: ModelSpec, batchSize: number, length: number): number {
  const { hiddenSize, headCount, kvHeadCount, headDim, ffnSize } = spec;
  const behindBlocks = spec.postNorms ? 2 * hiddenSize : 0;
  const perPosition =
    behindBlocks + 6 * hiddenSize + 4 * headCount * headDim + 4 * kvHeadCount * headDim + 4 * ffnSize;
  // A soft cap on scores bends them with as many arrays again.
  const attention = (spec.attentionSoftcap ? 6 : 3) * headCount * length;
  return FLOAT * 2 * batchSize * length * (perPosition + attention);
}

/**
 * How much memory a run takes at its peak, before it starts, and the refusal of what cannot fit. Counts float32 tensors;
 * what a runtime adds for itself is covered by a margin. Pure.
 */
import type { BackendInfo } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import { type ModelSpec, matrixDims } from '@/model/spec.ts';
import type { TrainingMemory, TrainParams } from '@/protocol/training.ts';
import type { TrainingPlan } from './plan.ts';
import type { TokenisedRow } from './tokenise.ts';

/** Names and dims of what trains: what the estimate counts. */
export { trainableShapes } from '@/engine/train/parameters.ts';

const FLOAT = 4;
/** WebAssembly's address space, less what the runtime itself needs. */
const WASM_HEAP_BYTES = 3.5 * 2 ** 30;

export interface MemoryRequest {
  spec: ModelSpec;
  params: TrainParams;
  plan: Pick<TrainingPlan, 'options' | 'rows' | 'safetyRows' | 'layerParameters'>;
  backend: BackendInfo['kind'];
}

export interface MemoryEstimate {
  memory: TrainingMemory;
  /** The largest single kernel run: weights, gradients and intermediates. On WASM all of it lies in the heap at once. */
  kernelBytes: number;
}

export function estimateMemory({ spec, params, plan, backend }: MemoryRequest): MemoryEstimate {
  const { options, layerParameters } = plan;
  const trainedLayers = options.trains.filter(Boolean).length;
  const layerWeights = Object.values(matrixDims(spec)).reduce((sum, [out, input]) => sum + out * input, 0);
  const embedding = spec.vocabSize * spec.hiddenSize;
  // The embedding stays in JavaScript for look-ups; the head is a second copy only where it is another matrix or another place.
  const heads = spec.tiedEmbeddings && backend !== 'webgpu' ? 1 : 2;
  const weights = FLOAT * (spec.layerCount * layerWeights + heads * embedding);
  const trained = FLOAT * trainedLayers * layerParameters;
  const { batchSize, accumulation } = params.optimiser;
  const { positions, labels, length } = widestBatch([...plan.rows, ...plan.safetyRows], batchSize);
  const lowest = options.trains.indexOf(true);
  const entering = FLOAT * (spec.layerCount - lowest + 1) * positions * spec.hiddenSize;
  const layerKernel = layerKernelBytes(spec, batchSize, length);
  // Logits, their exponentials, probabilities, one-hot labels and differences.
  const lossKernel = FLOAT * (6 * labels * spec.vocabSize + embedding);
  const kernel = Math.max(layerKernel + FLOAT * (layerWeights + 2 * layerParameters), lossKernel);
  const restraints =
    params.method === 'lisa' ? trained : params.method === 'nfft' ? trained + 2 * trained : 0;
  const parts = {
    weights,
    parameters: trained,
    gradients: trained * (accumulation > 1 ? 2 : 1),
    moments: 2 * trained,
    restraints,
    activations: entering + Math.max(layerKernel, lossKernel),
    // Parameters and moments read back, and the same again as one file.
    checkpoint: 2 * 3 * trained,
  };
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return { memory: { ...parts, total }, kernelBytes: kernel };
}

/** @throws AppError 'out-of-memory' that says what needs how much, where it cannot fit. `limitBytes` null = not known. */
export function checkMemory(
  { memory, kernelBytes }: MemoryEstimate,
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
  if (limitBytes === null || memory.total <= limitBytes) return;
  const largest = [
    ['the model', memory.weights],
    ['gradients, moments and parameters', memory.gradients + memory.moments + memory.parameters],
    ['activations', memory.activations],
    ['a checkpoint', memory.checkpoint],
  ] as const;
  const list = largest.map(([name, bytes]) => `${name} ${inWords(bytes)}`).join(', ');
  throw new AppError(
    'out-of-memory',
    `This run needs about ${inWords(memory.total)} (${list}), and there are ${inWords(limitBytes)}.`,
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
  const perPosition = 6 * hiddenSize + 4 * headCount * headDim + 4 * kvHeadCount * headDim + 4 * ffnSize;
  const attention = 3 * headCount * length;
  return FLOAT * 2 * batchSize * length * (perPosition + attention);
}

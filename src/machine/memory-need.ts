/**
 * How much memory a model takes, before it is loaded: from its dimensions and how its weights are kept. Not here: what a machine
 * has (machine-facts.ts), whether it suffices (fit.ts), training (src/training).
 */
import { MOST_HELD_BYTES } from '@/backends/wasm-memory.ts';
import type { BackendInfo, Residency } from '@/engine/engine.ts';
import { packedBytesPerWeight, packedForm } from '@/model/packed-matrix.ts';
import { type ModelSpec, matrixDims, matrixParameters, vectorSizes } from '@/model/spec.ts';

export interface MemoryNeed {
  /** Weights, in the memory of JavaScript, WebAssembly or the GPU. */
  weightsBytes: number;
  /** While it runs and while it loads, beside the weights. */
  workBytes: number;
  totalBytes: number;
  /** The largest single tensor; backends have limits for one. */
  largestBytes: number;
}

const FLOAT = 4;
/**
 * Compiled kernels, tokenizer, runtime; in a browser also what has been read and is not yet collected, and threads that help
 * to load. Measured on the bundled model (tests/model/memory-need.test.ts, tests/browser/memory.test.ts).
 */
const RUNTIME_BYTES = { node: 60 * 2 ** 20, browser: 250 * 2 ** 20 };
/** One batch as the engine makes them (engine/batches.ts): positions that pass a layer at once. */
const POSITIONS = 1024;
/** Arrays of [positions, ffn width] that are alive at once inside a layer: gate, up, their product, what enters down. */
const WIDE_ARRAYS = 4;

export function layerParameters(spec: ModelSpec): number {
  return [...vectorSizes(spec).values()].reduce((sum, size) => sum + size, matrixParameters(spec));
}

/** Elements of all tensors of a model. A tied head is the embedding and counts once. */
export function parameterCount(spec: ModelSpec): number {
  const embedding = spec.vocabSize * spec.hiddenSize;
  const ends = embedding * (spec.tiedEmbeddings ? 1 : 2) + spec.hiddenSize;
  return spec.layerCount * layerParameters(spec) + ends;
}

/** How the weights are kept; absent = float32, in memory. */
export interface Kept {
  /** Streamed layers: two at a time, one that computes and the next one being read. */
  residency?: Residency;
  /** The type in which matrices stay quantised on the device; the embedding is looked up in float32 all the same. */
  quantisedAs?: string;
}

export function memoryNeed(
  spec: ModelSpec,
  backend: BackendInfo['kind'],
  { residency = 'memory', quantisedAs }: Kept = {},
): MemoryNeed {
  const form = quantisedAs === undefined ? null : packedForm(quantisedAs);
  const embedding = FLOAT * spec.vocabSize * spec.hiddenSize;
  const perWeight = form ? packedBytesPerWeight(form) : FLOAT;
  const layer = perWeight * layerParameters(spec);
  // The embedding stays in JavaScript for look-ups; a tied head is a second copy in the GPU, or where it is quantised.
  const hasOwnHead = !spec.tiedEmbeddings || backend === 'webgpu' || form !== null;
  const head = hasOwnHead ? (embedding / FLOAT) * perWeight : 0;
  const layersThere = residency === 'streamed' ? Math.min(2, spec.layerCount) : spec.layerCount;
  const weightsBytes = embedding + head + FLOAT * spec.hiddenSize + layer * layersThere;
  const activations = FLOAT * POSITIONS * (WIDE_ARRAYS * spec.ffnSize + 6 * spec.hiddenSize);
  // What WebAssembly's own memory cannot hold is copied there by the run that takes it: a layer, or the head.
  const copied = backend === 'wasm' && weightsBytes > MOST_HELD_BYTES ? Math.max(layer, embedding) : 0;
  const runtime = backend === 'node' ? RUNTIME_BYTES.node : RUNTIME_BYTES.browser;
  const workBytes = runtime + activations + copied;
  const matrices = Object.values(matrixDims(spec)).map(([out, input]) => FLOAT * out * input);
  return {
    weightsBytes,
    workBytes,
    totalBytes: weightsBytes + workBytes,
    largestBytes: Math.max(embedding, ...matrices),
  };
}

/**
 * Embedding, final norm and head as tensors that train. The two large matrices are kept in pieces of whole rows, so that no
 * kernel run, and no buffer, has to hold all of one several times over. Not here: passes through them (end-passes.ts).
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { MODEL_ENDS, type ModelEnd, type ModelSpec } from '@/model/spec.ts';
import { type AdapterStack, endsInUse } from '../adapter-stack.ts';
import type { DeviceWeights } from '../device-weights.ts';

/** Elements of a piece: 32 MiB of float32. */
export const PIECE_ELEMENTS = 2 ** 23;

/** What of `ends` is a tensor of its own: the head of a tied model is its embedding. */
export function distinctEnds(spec: ModelSpec, ends: readonly ModelEnd[]): ModelEnd[] {
  const named = new Set(ends.map((end) => (end === 'head' && spec.tiedEmbeddings ? 'embedding' : end)));
  return MODEL_ENDS.filter((end) => named.has(end));
}

/** Rows of each piece of a [vocabSize, hiddenSize] matrix, in order. */
export function pieceRows(spec: ModelSpec, pieceElements = PIECE_ELEMENTS): number[] {
  const most = Math.max(1, Math.floor(pieceElements / spec.hiddenSize));
  const count = Math.ceil(spec.vocabSize / most);
  return Array.from({ length: count }, (_, at) => Math.min(most, spec.vocabSize - at * most));
}

/** Names and dims: embedding.0, embedding.1, …, finalNorm, head.0, … */
export function endShapes(
  spec: ModelSpec,
  ends: readonly ModelEnd[],
  pieceElements?: number,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const end of distinctEnds(spec, ends)) {
    if (end === 'finalNorm') shapes.set(end, [spec.hiddenSize]);
    else
      pieceRows(spec, pieceElements).forEach((rows, at) => {
        shapes.set(`${end}.${at}`, [rows, spec.hiddenSize]);
      });
  }
  return shapes;
}

/** Values of one end of the model as it is before a run. A view of the model's own array where there is one: not to be written to. */
export async function startValues(
  backend: Backend,
  weights: DeviceWeights,
  adapters: Pick<AdapterStack, 'ends'>,
  end: ModelEnd,
): Promise<Float32Array> {
  const { embedding, finalNorm, head } = endsInUse(weights, adapters);
  switch (end) {
    case 'embedding':
      return embedding;
    case 'finalNorm':
      return backend.read(finalNorm);
    case 'head':
      return backend.read(head.inputs.head!);
    default:
      return end satisfies never;
  }
}

/** The tensors of `shapes` with what the model has there before a run. */
export async function startEnds(
  backend: Backend,
  weights: DeviceWeights,
  adapters: Pick<AdapterStack, 'ends'>,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<Record<string, DeviceTensor>> {
  const tensors: Record<string, DeviceTensor> = {};
  for (const end of MODEL_ENDS) {
    const pieces = [...shapes].filter(([name]) => endOf(name) === end);
    if (pieces.length === 0) continue;
    const values = await startValues(backend, weights, adapters, end);
    let start = 0;
    for (const [name, dims] of pieces) {
      const size = dims.reduce((product, dim) => product * dim, 1);
      tensors[name] = backend.upload(values.subarray(start, start + size), dims);
      start += size;
    }
  }
  return tensors;
}

/** Pieces put together again, by end. */
export function joinEnds(values: ReadonlyMap<string, Float32Array>): Partial<Record<ModelEnd, Float32Array>> {
  const joined: Partial<Record<ModelEnd, Float32Array>> = {};
  for (const end of MODEL_ENDS) {
    const pieces = [...values].filter(([name]) => endOf(name) === end).map(([, data]) => data);
    if (pieces.length === 0) continue;
    const whole = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let start = 0;
    for (const piece of pieces) {
      whole.set(piece, start);
      start += piece.length;
    }
    joined[end] = whole;
  }
  return joined;
}

const endOf = (name: string) => name.split('.')[0] as ModelEnd;

/**
 * Stacked adapters become one A and one B per matrix by concatenating ranks. Base alone is the empty stack. An adapter of
 * whole weights takes the place of the model's own.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { TrainedLora } from '@/kernels/layer-kernel.ts';
import type { AdapterData, LoraPair } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES, type MatrixName, type ModelEnd, type ModelSpec, matrixDims } from '@/model/spec.ts';
import type { DeviceWeights } from './device-weights.ts';
import { uploadMatrix } from './quantised-weights.ts';

export interface LayerAdapter {
  matrices: MatrixName[];
  /** Inputs of the layer kernel: loraA.<matrix> [rank, in], loraB.<matrix> [out, rank]; and weights that replace the model's. */
  inputs: Record<string, DeviceTensor>;
  /** Updates that train on top: their inputs are trainA.<matrix>, trainB.<matrix>. */
  trained?: TrainedLora;
}

export interface AdapterStack {
  key: string;
  layers: LayerAdapter[];
  /** What replaces the model's own embedding, final norm and head. */
  ends?: Partial<Pick<DeviceWeights, ModelEnd>>;
}

export function stackAdapters(
  backend: Backend,
  spec: ModelSpec,
  adapters: readonly AdapterData[],
): AdapterStack {
  const dims = matrixDims(spec);
  const replacing = adapters.filter(({ replaced }) => replaced);
  if (replacing.length > 1) {
    throw new AppError(
      'bad-input',
      `${replacing.map(({ name }) => name).join(' and ')} both replace the model's weights.`,
      'Use one of them.',
    );
  }
  const layers = Array.from({ length: spec.layerCount }, (_, layer) => {
    const result: LayerAdapter = { matrices: [], inputs: {} };
    for (const matrix of MATRIX_NAMES) {
      const pairs = adapters.flatMap((adapter) => adapter.layers[layer]?.[matrix] ?? []);
      if (pairs.length === 0) continue;
      const [out, input] = dims[matrix];
      const { a, b, rank } = concatenateRanks(pairs);
      result.matrices.push(matrix);
      result.inputs[`loraA.${matrix}`] = backend.upload(a, [rank, input]);
      result.inputs[`loraB.${matrix}`] = backend.upload(b, [out, rank]);
    }
    for (const [name, data] of Object.entries(replacing[0]?.replaced?.[layer] ?? {})) {
      const matrix = MATRIX_NAMES.find((one) => one === name);
      result.inputs[name] = backend.upload(data, matrix ? dims[matrix] : [data.length]);
    }
    return result;
  });
  return {
    key: adapters.map((adapter) => adapter.name).join('+'),
    layers,
    ends: replacedEnds(backend, spec, replacing[0]?.replacedEnds ?? {}),
  };
}

export function releaseStack(backend: Backend, { layers, ends = {} }: AdapterStack): void {
  for (const { inputs } of layers) for (const tensor of Object.values(inputs)) backend.release(tensor);
  for (const tensor of [ends.finalNorm, ...Object.values(ends.head?.inputs ?? {})])
    if (tensor) backend.release(tensor);
}

/** Embedding, final norm and head that a model computes with: its own, or those of an adapter that replaces them. */
export function endsInUse(weights: DeviceWeights, adapters: Pick<AdapterStack, 'ends'>) {
  const { embedding, finalNorm, head } = weights;
  return { embedding, finalNorm, head, ...adapters.ends };
}

/** A tied model's head goes with its embedding. */
function replacedEnds(
  backend: Backend,
  spec: ModelSpec,
  { embedding, finalNorm, head: ownHead }: NonNullable<AdapterData['replacedEnds']>,
): AdapterStack['ends'] {
  const head = spec.tiedEmbeddings ? embedding : ownHead;
  return {
    ...(embedding ? { embedding } : {}),
    ...(finalNorm ? { finalNorm: backend.upload(finalNorm, [spec.hiddenSize]) } : {}),
    ...(head
      ? {
          head: {
            form: null,
            inputs: uploadMatrix(backend, 'head', head, [spec.vocabSize, spec.hiddenSize]),
          },
        }
      : {}),
  };
}

/** [A1; A2] and [s1 B1, s2 B2] with scaling 1: their product is the sum of the scaled updates. At least one pair. */
export function concatenateRanks(pairs: readonly LoraPair[]): LoraPair {
  const rank = pairs.reduce((sum, pair) => sum + pair.rank, 0);
  const [first] = pairs;
  const input = first!.a.length / first!.rank;
  const out = first!.b.length / first!.rank;
  const a = new Float32Array(rank * input);
  const b = new Float32Array(out * rank);
  let offset = 0;
  for (const pair of pairs) {
    a.set(pair.a, offset * input);
    for (let row = 0; row < out; row++) {
      for (let r = 0; r < pair.rank; r++) {
        b[row * rank + offset + r] = pair.b[row * pair.rank + r]! * pair.scaling;
      }
    }
    offset += pair.rank;
  }
  return { rank, scaling: 1, a, b };
}

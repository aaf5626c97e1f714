/** What trains: tensors by layer and kernel input name, where they live, how they start. Not here: steps (trainer.ts). */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { AdapterData, LayerInputName, LoraPair } from '@/model/adapter-spec.ts';
import {
  adapterUnits,
  MATRIX_NAMES,
  type MatrixName,
  type ModelEnd,
  type ModelSpec,
  matrixDims,
  NORM_NAMES,
  unitName,
  vectorSizes,
} from '@/model/spec.ts';
import type { AdapterStack } from '../adapter-stack.ts';
import type { DeviceWeights } from '../device-weights.ts';
import { endShapes, joinEnds } from './end-parameters.ts';

/** LoRA beside frozen weights, or the weights themselves. */
export type TrainablePart =
  | { kind: 'lora'; rank: number; scaling: number; matrices: readonly MatrixName[] }
  | {
      kind: 'full';
      /** The norms of layers that train. */
      norms: boolean;
      /** The norms of frozen layers train as well; absent = false. */
      frozenNorms?: boolean;
      /** What trains besides layers; absent = nothing. */
      ends?: readonly ModelEnd[];
    };

/** Names and dims of what trains in each layer and, behind the last one, of the model's ends; null = nothing. */
export type TrainedShapes = Array<Map<string, readonly number[]> | null>;

/** Values of one trainable tensor, with its kernel input name: trainA.q, trainB.q, q, attentionNorm … */
export interface NamedValues {
  name: string;
  dims: readonly number[];
  data: Float32Array;
}

/** [layer][input name], and the ends behind the last layer; where nothing trains null or absent. */
export type LayerTensors = Array<Record<string, DeviceTensor> | null>;

/** The same as values in JavaScript. */
export type LayerValues = Array<Map<string, Float32Array> | null>;

/** A seeded generator of numbers in [0, 1), given by the caller: training knows no randomness of its own. */
export type Random = () => number;

/** Names and dims of what trains in one layer. */
export function trainableShapes(spec: ModelSpec, part: TrainablePart): Map<string, readonly number[]> {
  const dims = matrixDims(spec);
  const shapes = new Map<string, readonly number[]>();
  switch (part.kind) {
    case 'lora':
      for (const unit of adapterUnits(spec, part.matrices)) {
        const out = unit.reduce((sum, matrix) => sum + dims[matrix][0], 0);
        shapes.set(`trainA.${unitName(unit)}`, [part.rank, dims[unit[0]!][1]]);
        shapes.set(`trainB.${unitName(unit)}`, [out, part.rank]);
      }
      return shapes;
    case 'full':
      for (const matrix of MATRIX_NAMES) shapes.set(matrix, dims[matrix]);
      for (const [name, size] of vectorSizes(spec)) if (part.norms || !isNorm(name)) shapes.set(name, [size]);
      return shapes;
    default:
      part satisfies never;
      throw new Error('unreachable');
  }
}

const isNorm = (name: string) => NORM_NAMES.some((norm) => norm === name);

const normShapes = (spec: ModelSpec) =>
  new Map([...vectorSizes(spec)].filter(([name]) => isNorm(name)).map(([norm, size]) => [norm, [size]]));

/** Everything that trains. */
export function trainedShapes(
  spec: ModelSpec,
  part: TrainablePart,
  trains: readonly boolean[],
  pieceElements?: number,
): TrainedShapes {
  const ofTrained = trainableShapes(spec, part);
  const ofFrozen = part.kind === 'full' && part.frozenNorms ? normShapes(spec) : null;
  const ends = part.kind === 'full' && part.ends?.length ? endShapes(spec, part.ends, pieceElements) : null;
  return [...trains.map((on) => (on ? ofTrained : ofFrozen)), ends];
}

/** The layer down to which gradients go: the lowest that trains, or 0 where the embedding does. */
export function lowestPassed(shapes: TrainedShapes): number {
  return shapes.at(-1)?.has('embedding.0') ? 0 : shapes.findIndex((group) => group !== null);
}

export const elementCount = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/**
 * Start values of a LoRA layer as PEFT draws them: A uniform within 1/sqrt(in) (Kaiming with a = sqrt 5), B zero, so that the
 * first forward pass is the base model's.
 */
export function initialLora(shapes: ReadonlyMap<string, readonly number[]>, random: Random): NamedValues[] {
  return [...shapes].map(([name, dims]) => {
    const data = new Float32Array(dims[0]! * dims[1]!);
    if (name.startsWith('trainA.')) {
      const bound = 1 / Math.sqrt(dims[1]!);
      for (let i = 0; i < data.length; i++) data[i] = (2 * random() - 1) * bound;
    }
    return { name, dims, data };
  });
}

/** Uploads start values; `values[layer]` null = frozen. */
export function uploadLayers(
  backend: Backend,
  values: ReadonlyArray<readonly NamedValues[] | null>,
): LayerTensors {
  return values.map((layer) =>
    layer
      ? Object.fromEntries(layer.map(({ name, dims, data }) => [name, backend.upload(data, dims)]))
      : null,
  );
}

/** Where a full run starts: the tensors that layers compute with, the model's or those of an adapter that replaces them. */
export function weightTensors(
  { weights, adapters }: { weights: DeviceWeights; adapters: AdapterStack },
  shapes: TrainedShapes,
): LayerTensors {
  return weights.layers.map((layer, index) => {
    const names = shapes[index]?.keys();
    if (!names) return null;
    const tensors = { ...layer, ...adapters.layers[index]!.inputs };
    return Object.fromEntries([...names].map((name) => [name, tensors[name]!]));
  });
}

/** Copies in JavaScript's memory. */
export async function readLayers(backend: Backend, tensors: LayerTensors): Promise<LayerValues> {
  const result: LayerValues = [];
  for (const values of tensors) {
    if (!values) {
      result.push(null);
      continue;
    }
    const layer = new Map<string, Float32Array>();
    for (const [name, tensor] of Object.entries(values)) layer.set(name, await backend.read(tensor));
    result.push(layer);
  }
  return result;
}

/** New tensors with `values` in the shapes of `like`. Backends may keep an array they are given, so it is copied. */
export function copyLayers(
  backend: Backend,
  like: LayerTensors,
  values: ReadonlyArray<ReadonlyMap<string, Float32Array> | null>,
): LayerTensors {
  return like.map((layer, index) =>
    layer
      ? Object.fromEntries(
          Object.entries(layer).map(([name, { dims }]) => [
            name,
            backend.upload(values[index]!.get(name)!.slice(), dims),
          ]),
        )
      : null,
  );
}

/** Weights after a full run, as an adapter that replaces the model's own. */
export function toReplacedWeights(name: string, values: LayerValues, layerCount: number): AdapterData {
  const layers = values.slice(0, layerCount);
  const ends = values[layerCount];
  return {
    name,
    sha256: '',
    layers: layers.map(() => ({})),
    replaced: layers.map((one) =>
      one ? (Object.fromEntries(one) as Partial<Record<LayerInputName, Float32Array>>) : null,
    ),
    ...(ends ? { replacedEnds: joinEnds(ends) } : {}),
  };
}

/** Trained pairs as an adapter that engine and PEFT understand: the parts of a fused matrix share A and have their rows of B. */
export function toAdapter(
  name: string,
  spec: ModelSpec,
  part: Extract<TrainablePart, { kind: 'lora' }>,
  layers: ReadonlyArray<ReadonlyMap<string, Float32Array> | null>,
): AdapterData {
  const dims = matrixDims(spec);
  const { rank, scaling } = part;
  return {
    name,
    sha256: '',
    layers: layers.map((values) => {
      if (!values) return {};
      const pairs = adapterUnits(spec, part.matrices).flatMap((unit) => {
        const a = values.get(`trainA.${unitName(unit)}`)!;
        const b = values.get(`trainB.${unitName(unit)}`)!;
        let start = 0;
        return unit.map((matrix): [MatrixName, LoraPair] => {
          const end = start + dims[matrix][0] * rank;
          const rows = unit.length === 1 ? b : b.slice(start, end);
          start = end;
          return [matrix, { rank, scaling, a, b: rows }];
        });
      });
      return Object.fromEntries(pairs);
    }),
  };
}

/** An adapter as start values, e.g. to go on training it. Layers that do not train are left out. */
export function fromAdapter(
  adapter: AdapterData,
  shapes: ReadonlyMap<string, readonly number[]>,
  trains: readonly boolean[],
): Array<NamedValues[] | null> {
  return adapter.layers.map((layer, index) => {
    if (!trains[index]) return null;
    return [...shapes].map(([name, dims]) => {
      const [kind, unit] = name.split('.') as ['trainA' | 'trainB', string];
      const pairs = unit.split('+').map((matrix) => layer[matrix as MatrixName]);
      if (pairs.includes(undefined)) throw new Error(`the adapter has no ${unit} in layer ${index}`);
      const data = new Float32Array(elementCount(dims));
      let start = 0;
      for (const pair of kind === 'trainA' ? pairs.slice(0, 1) : pairs) {
        const values = pair![kind === 'trainA' ? 'a' : 'b'];
        data.set(values, start);
        start += values.length;
      }
      return { name, dims, data };
    });
  });
}

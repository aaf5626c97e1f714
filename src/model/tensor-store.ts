/**
 * Named float tensors of a checkpoint, whatever file they lie in, and the WeightReader that is built on them.
 * This is where fused matrices are split and llama.cpp's row order is undone; kernels see published order only.
 */
import { AppError } from './app-error.ts';
import type { Architecture, TensorNames } from './architectures.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { parseJsonObject } from './config.ts';
import { type FloatTarget, inJavaScript } from './float-target.ts';
import { type PackedMatrix, takeRows } from './packed-matrix.ts';
import { openSafetensors, readFloats, type SafetensorsFile } from './safetensors.ts';
import {
  type LayerWeights,
  type MatrixName,
  type ModelSpec,
  matrixDims,
  NORM_NAMES,
  type NormName,
  type StoredLayer,
  vectorSizes,
  type WeightReader,
} from './spec.ts';

export interface TensorStore {
  /** Name for messages. */
  readonly name: string;
  /** Outermost dimension first, or null when there is no such tensor. */
  dims(tensor: string): readonly number[] | null;
  /** Row-major float32, dequantised and checked to be finite. */
  floats(tensor: string, target?: FloatTarget): Promise<Float32Array>;
  /** A matrix as it is quantised in the file, null where it is not. Absent where nothing is. */
  packed?(tensor: string): Promise<PackedMatrix | null>;
}

export async function readText(source: ByteSource): Promise<string> {
  return new TextDecoder().decode(await source.read(0, source.sizeBytes));
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Opens model.safetensors, or all shards that model.safetensors.index.json names. */
export async function openCheckpoint(files: FileSet): Promise<TensorStore & { sources: ByteSource[] }> {
  const single = await files.open(SINGLE);
  if (single) return storeOf(files.name, [await openSafetensors(single)], null);
  const index = await files.open(INDEX);
  if (!index) {
    throw new AppError(
      'not-found',
      `${files.name} holds neither ${SINGLE} nor ${INDEX}.`,
      'Choose the folder of a safetensors checkpoint, or a GGUF file.',
    );
  }
  const map = parseJsonObject(await readText(index), INDEX).weight_map;
  if (typeof map !== 'object' || map === null) {
    throw new AppError('bad-file', `${INDEX} has no weight_map.`, 'The file is damaged; get another copy.');
  }
  const weightMap = new Map(
    Object.entries(map).map(([tensor, shard]) => [tensor, typeof shard === 'string' ? shard : '']),
  );
  const shards: SafetensorsFile[] = [];
  for (const shard of new Set(weightMap.values())) {
    const source = await files.open(shard);
    if (!source) {
      throw new AppError(
        'not-found',
        `The shard ${shard} named by ${INDEX} is missing.`,
        'Add that file to the folder; all shards are needed.',
      );
    }
    shards.push(await openSafetensors(source));
  }
  return storeOf(files.name, shards, weightMap);
}

function storeOf(
  name: string,
  shards: SafetensorsFile[],
  weightMap: ReadonlyMap<string, string> | null,
): TensorStore & { sources: ByteSource[] } {
  const owner = new Map<string, SafetensorsFile>();
  for (const shard of shards) for (const tensor of shard.entries.keys()) owner.set(tensor, shard);
  for (const [tensor, shard] of weightMap ?? []) {
    if (!owner.has(tensor)) {
      throw new AppError(
        'bad-file',
        `${INDEX} says that ${tensor} lies in ${shard}, but it does not.`,
        'Index and shards are of different checkpoints; get them again.',
      );
    }
  }
  return {
    name,
    sources: shards.map((shard) => shard.source),
    dims: (tensor) => owner.get(tensor)?.entries.get(tensor)?.dims ?? null,
    floats: (tensor, target) => {
      const file = owner.get(tensor);
      if (!file) throw missing(tensor, name);
      return readFloats(file, tensor, target);
    },
  };
}

function missing(tensor: string, name: string): AppError {
  return new AppError(
    'bad-file',
    `${name}: tensor ${tensor} is missing.`,
    'Weights and configuration do not belong together, or the file is incomplete.',
  );
}

/** Every tensor the spec asks for, with its published dims, in the order of the model. */
function* expectedTensors(spec: ModelSpec, names: TensorNames): Generator<[string, readonly number[]]> {
  const dims = matrixDims(spec);
  yield [names.embedding, [spec.vocabSize, spec.hiddenSize]];
  for (let layer = 0; layer < spec.layerCount; layer++) {
    const prefix = names.layer(layer);
    for (const [tensor, size] of normTensors(spec, names)) yield [prefix + tensor, [size]];
    for (const { module, parts } of names.projections) {
      const rows = parts.reduce((sum, part) => sum + dims[part][0], 0);
      yield [`${prefix}${module}.weight`, [rows, dims[parts[0]!][1]]];
      if (spec.biases?.includes(parts[0]!)) yield [`${prefix}${module}.bias`, [rows]];
    }
  }
  yield [names.finalNorm, [spec.hiddenSize]];
  if (!spec.tiedEmbeddings) yield [names.head, [spec.vocabSize, spec.hiddenSize]];
}

/** Names below a layer of the norms that it has, with their lengths. */
function* normTensors(
  spec: ModelSpec,
  names: TensorNames,
): Generator<[tensor: string, size: number, NormName]> {
  const sizes = vectorSizes(spec);
  for (const norm of NORM_NAMES) {
    const size = sizes.get(norm);
    if (size !== undefined) yield [names[norm]!, size, norm];
  }
}

/** Checks names and shapes of all tensors (no data is read) and gives the reader. */
export function weightReader(
  spec: ModelSpec,
  names: TensorNames,
  store: TensorStore,
  order: { interleavedRope: boolean },
): WeightReader {
  for (const [tensor, want] of expectedTensors(spec, names)) {
    const have = store.dims(tensor);
    if (!have) throw missing(tensor, store.name);
    if (have.length !== want.length || have.some((dim, axis) => dim !== want[axis])) {
      throw new AppError(
        'bad-file',
        `${store.name}: tensor ${tensor} has shape [${have.join(', ')}], the configuration asks for [${want.join(', ')}].`,
        'Weights and configuration do not belong together.',
      );
    }
  }
  // A bias that is present but not computed with would give wrong numbers without a sign of it.
  for (let layer = 0; layer < spec.layerCount; layer++) {
    for (const { module, parts } of names.projections) {
      if (spec.biases?.includes(parts[0]!)) continue;
      const bias = `${names.layer(layer)}${module}.bias`;
      if (store.dims(bias)) {
        throw new AppError(
          'unsupported-model',
          `${store.name}: biases (${bias}) are not supported for ${spec.architecture}.`,
          'Use a model without them.',
        );
      }
    }
  }
  const offset = names.normOffset ?? 0;
  const readNorm = async (tensor: string): Promise<Float32Array> => {
    const stored = await store.floats(tensor);
    return offset === 0 ? stored : stored.map((value) => value + offset);
  };
  const matrixOf = async (tensor: string, stored: boolean, target: FloatTarget): Promise<Stored> =>
    (stored && (await store.packed?.(tensor))) || store.floats(tensor, target);
  const readLayer = async (index: number, stored: boolean, target: FloatTarget = inJavaScript) => {
    if (!Number.isInteger(index) || index < 0 || index >= spec.layerCount) {
      throw new AppError('bad-input', `There is no layer ${index}.`, `Layers are 0..${spec.layerCount - 1}.`);
    }
    const prefix = names.layer(index);
    const dims = matrixDims(spec);
    // Made in between, and counted among what this thread makes.
    const passing: FloatTarget = { ...target, ...inJavaScript };
    const reordered: readonly MatrixName[] = order.interleavedRope ? ['q', 'k'] : [];
    const inRopeOrder = (parts: Parts, into: FloatTarget): Parts => {
      for (const part of reordered) {
        const rows = parts[part];
        if (rows)
          parts[part] = rowsOf(rows, dims[part][0], undoneRopeOrder(dims[part][0], spec.headDim), into);
      }
      return parts;
    };
    const projections = names.projections.map(async ({ module, parts }) => {
      const isFinal = parts.length === 1 && !reordered.includes(parts[0]!);
      const whole = await matrixOf(`${prefix}${module}.weight`, stored, isFinal ? target : passing);
      return inRopeOrder(split(whole, parts, dims), target);
    });
    const biases = names.projections.map(async ({ module, parts }) => {
      if (!spec.biases?.includes(parts[0]!)) return {};
      const rows = split(await store.floats(`${prefix}${module}.bias`), parts, dims);
      const byMatrix = inRopeOrder(rows, inJavaScript);
      return Object.fromEntries(Object.entries(byMatrix).map(([part, rows]) => [`${part}Bias`, rows]));
    });
    const norms = [...normTensors(spec, names)].map(async ([tensor, , norm]) => ({
      [norm]: await readNorm(prefix + tensor),
    }));
    // All at once: over a network each tensor is a request, and their waiting times would add up.
    const [vectors, matrices] = await Promise.all([
      Promise.all([...norms, ...biases]),
      Promise.all(projections),
    ]);
    return Object.assign({ matrices: Object.assign({}, ...matrices) }, ...vectors) as StoredLayer;
  };
  const headName = spec.tiedEmbeddings ? names.embedding : names.head;
  return {
    layer: async (index, target) => (await readLayer(index, false, target)) as LayerWeights,
    ...(store.packed && {
      storedLayer: (index) => readLayer(index, true),
      storedHead: () => store.packed!(headName),
    }),
    embedding: (target) => store.floats(names.embedding, target),
    finalNorm: () => readNorm(names.finalNorm),
    head: async (target) => (spec.tiedEmbeddings ? null : store.floats(names.head, target)),
  };
}

/** Rows of a matrix, or of a bias, as read. */
type Stored = Float32Array | PackedMatrix;
type Parts = Partial<Record<MatrixName, Stored>>;

/** What is stored as one, cut by rows into its parts. Not copied where there is one part. */
function split(whole: Stored, parts: readonly MatrixName[], dims: ReturnType<typeof matrixDims>): Parts {
  if (parts.length === 1) return { [parts[0]!]: whole };
  const rowCount = parts.reduce((sum, part) => sum + dims[part][0], 0);
  let start = 0;
  const cut: Parts = {};
  for (const part of parts) {
    const from = start;
    cut[part] = rowsOf(
      whole,
      rowCount,
      Array.from({ length: dims[part][0] }, (_, row) => from + row),
    );
    start += dims[part][0];
  }
  return cut;
}

/** The rows that `from` names, copied in their order. */
function rowsOf(
  whole: Stored,
  rowCount: number,
  from: readonly number[],
  target: FloatTarget = inJavaScript,
): Stored {
  if (!(whole instanceof Float32Array)) return takeRows(whole, from);
  const columns = whole.length / rowCount;
  const out = target.allocate(from.length * columns);
  from.forEach((row, at) => {
    out.set(whole.subarray(row * columns, (row + 1) * columns), at * columns);
  });
  return out;
}

/** Where each published row [head, 2, pair] stands among rows [head, pair, 2] as llama.cpp's converter writes them. */
function undoneRopeOrder(rowCount: number, headDim: number): number[] {
  const half = headDim / 2;
  return Array.from({ length: rowCount }, (_, row) => {
    const inHead = row % headDim;
    return row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
  });
}

/** The reader of a safetensors checkpoint. */
export function checkpointReader(spec: ModelSpec, entry: Architecture, store: TensorStore): WeightReader {
  return weightReader(spec, entry.safetensors, store, { interleavedRope: false });
}

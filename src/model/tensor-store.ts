/**
 * Named float tensors of a checkpoint, whatever file they lie in, and the WeightReader that is built on them.
 * This is where fused matrices are split and llama.cpp's row order is undone; kernels see published order only.
 */
import { AppError } from './app-error.ts';
import type { Architecture, TensorNames } from './architectures.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { parseJsonObject } from './config.ts';
import { openSafetensors, readFloats, type SafetensorsFile } from './safetensors.ts';
import { type MatrixName, type ModelSpec, matrixDims, type WeightReader } from './spec.ts';

export interface TensorStore {
  /** Name for messages. */
  readonly name: string;
  /** Outermost dimension first, or null when there is no such tensor. */
  dims(tensor: string): readonly number[] | null;
  /** Row-major float32, dequantised and checked to be finite. */
  floats(tensor: string): Promise<Float32Array>;
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
  const weightMap = new Map(Object.entries(map).map(([tensor, shard]) => [tensor, String(shard)]));
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
    floats: (tensor) => {
      const file = owner.get(tensor);
      if (!file) throw missing(tensor, name);
      return readFloats(file, tensor);
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
    yield [prefix + names.attentionNorm, [spec.hiddenSize]];
    yield [prefix + names.ffnNorm, [spec.hiddenSize]];
    for (const { module, parts } of names.projections) {
      const rows = parts.reduce((sum, part) => sum + dims[part][0], 0);
      yield [`${prefix}${module}.weight`, [rows, dims[parts[0]!][1]]];
    }
  }
  yield [names.finalNorm, [spec.hiddenSize]];
  if (!spec.tiedEmbeddings) yield [names.head, [spec.vocabSize, spec.hiddenSize]];
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
    for (const { module } of names.projections) {
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
  return {
    async layer(index) {
      if (!Number.isInteger(index) || index < 0 || index >= spec.layerCount) {
        throw new AppError(
          'bad-input',
          `There is no layer ${index}.`,
          `Layers are 0..${spec.layerCount - 1}.`,
        );
      }
      const prefix = names.layer(index);
      const dims = matrixDims(spec);
      const projections = names.projections.map(async ({ module, parts }) => {
        const whole = await store.floats(`${prefix}${module}.weight`);
        return split(whole, parts, dims, (part, rows) =>
          order.interleavedRope && (part === 'q' || part === 'k')
            ? undoRopeInterleaving(rows, spec.headDim, dims[part][1])
            : rows,
        );
      });
      // All at once: over a network each tensor is a request, and their waiting times would add up.
      const [attentionNorm, ffnNorm, ...matrices] = await Promise.all([
        store.floats(prefix + names.attentionNorm),
        store.floats(prefix + names.ffnNorm),
        ...projections,
      ]);
      return { attentionNorm, ffnNorm, matrices: Object.assign({}, ...matrices) };
    },
    embedding: () => store.floats(names.embedding),
    finalNorm: () => store.floats(names.finalNorm),
    head: async () => (spec.tiedEmbeddings ? null : store.floats(names.head)),
  };
}

type Matrices = Partial<Record<MatrixName, Float32Array>>;

/** A stored matrix cut into its parts by rows. Not copied where there is one part. */
function split(
  whole: Float32Array,
  parts: readonly MatrixName[],
  dims: ReturnType<typeof matrixDims>,
  reorder: (part: MatrixName, rows: Float32Array) => Float32Array,
): Matrices {
  const matrices: Matrices = {};
  let start = 0;
  for (const part of parts) {
    const size = dims[part][0] * dims[part][1];
    matrices[part] = reorder(part, parts.length === 1 ? whole : whole.slice(start, start + size));
    start += size;
  }
  return matrices;
}

/**
 * Rows [head, pair, 2] as llama.cpp's converter writes them, back to the published [head, 2, pair].
 * `rows` is [heads * headDim, columns].
 */
function undoRopeInterleaving(rows: Float32Array, headDim: number, columns: number): Float32Array {
  const out = new Float32Array(rows.length);
  const half = headDim / 2;
  const rowCount = rows.length / columns;
  for (let row = 0; row < rowCount; row++) {
    const inHead = row % headDim;
    const from = row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
    out.set(rows.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return out;
}

/** The reader of a safetensors checkpoint. */
export function checkpointReader(spec: ModelSpec, entry: Architecture, store: TensorStore): WeightReader {
  return weightReader(spec, entry.safetensors, store, { interleavedRope: false });
}

/** The model's weights where the backend wants them, uploaded once. The embedding also stays here for row look-ups. */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { AppError } from '@/model/app-error.ts';
import type { PackedForm } from '@/model/packed-matrix.ts';
import { type ModelSpec, matrixDims, matrixParameters, type WeightReader } from '@/model/spec.ts';
import type { WeightPrecision } from './engine.ts';
import { LayerStream } from './layer-stream.ts';
import { formOf, type QuantisedLayer, uploadMatrix } from './quantised-weights.ts';
import { type UploadedLayer, uploadLayer } from './upload-layer.ts';

export interface DeviceWeights {
  /** Kernel inputs by name, layer by layer; none where they are streamed. */
  layers: Array<UploadedLayer['inputs']>;
  /** By layer, the matrices that are quantised; none where they are streamed. */
  quantised: QuantisedLayer[];
  /** Where the layers come from when they do not stay. */
  stream: LayerStream | null;
  /** As the layers were asked for; widenWeights turns `stored` into float32. */
  precision: WeightPrecision;
  /** Where they came from, for the float32 values of what is not float32 here. */
  reader: WeightReader;
  finalNorm: DeviceTensor;
  head: HeadWeights;
  /** [vocabSize, hiddenSize] */
  embedding: Float32Array;
}

/** [vocabSize, hiddenSize] as input head, or quantised. */
export interface HeadWeights {
  form: PackedForm | null;
  inputs: Record<string, DeviceTensor>;
}

export interface UploadOptions {
  onLayer?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** Matrices that the file holds quantised stay so; the embedding in JavaScript is float32 all the same. */
  keepsQuantised?: boolean;
  /** Layers are read when they are needed, and do not stay. */
  streams?: boolean;
}

/** @throws AppError 'no-backend' where a tensor is larger than the backend takes, before anything is read */
export async function uploadWeights(
  backend: Backend,
  spec: ModelSpec,
  reader: WeightReader,
  { onLayer, signal, keepsQuantised = false, streams = false }: UploadOptions = {},
): Promise<DeviceWeights> {
  checkSizes(backend, spec);
  const read = (index: number) => uploadLayer(backend, spec, reader, index, keepsQuantised);
  signal?.throwIfAborted();
  const storedHead = (keepsQuantised && (await reader.storedHead?.())) || null;
  // In a tied model it is the head as well, and then lies where that has to be.
  const isHead = spec.tiedEmbeddings && !storedHead;
  // Asked for first: the largest tensors of most models, and what comes late may find no room in the runtime's memory.
  const ends = Promise.all([
    reader.embedding(isHead ? backend.floats : undefined),
    storedHead ?? reader.head(backend.floats),
  ]);
  ends.catch(() => undefined);
  const layers: UploadedLayer[] = [];
  if (!streams) {
    for await (const layer of readAhead(read, spec.layerCount, layersAhead(spec))) {
      layers.push(layer);
      signal?.throwIfAborted();
      onLayer?.(layers.length, spec.layerCount);
    }
  }
  const [embedding, ownHead] = await ends;
  const head = ownHead ?? embedding;
  return {
    layers: layers.map(({ inputs }) => inputs),
    quantised: layers.map(({ quantised }) => quantised),
    stream: streams ? new LayerStream(backend, read) : null,
    precision: keepsQuantised && reader.quantisedType ? 'stored' : 'float32',
    reader,
    finalNorm: backend.upload(await reader.finalNorm(), [spec.hiddenSize]),
    head: {
      form: formOf(head),
      inputs: uploadMatrix(backend, 'head', head, [spec.vocabSize, spec.hiddenSize]),
    },
    embedding,
  };
}

/** What may be on its way at once, as float32: enough for a disk, or a server, that answers late. */
const AHEAD_BYTES = 2 ** 26;
const MOST_AHEAD = 4;

function layersAhead(spec: ModelSpec): number {
  const layerBytes = 4 * matrixParameters(spec);
  return Math.min(MOST_AHEAD, Math.max(1, Math.floor(AHEAD_BYTES / layerBytes)));
}

/** All in order; while one is turned into numbers, the bytes of those `ahead` of it are on their way. */
async function* readAhead<T>(
  read: (index: number) => Promise<T>,
  count: number,
  ahead: number,
): AsyncGenerator<T> {
  const started: Array<Promise<T>> = [];
  for (let index = 0; index < count; index++) {
    for (let next = started.length; next <= Math.min(index + ahead, count - 1); next++) {
      const reading = read(next);
      // Whoever is cut short waits for no more of them.
      reading.catch(() => undefined);
      started.push(reading);
    }
    yield await started[index]!;
    // What was handed over is no longer held here.
    delete started[index];
  }
}

/** As float32, which a quantised matrix becomes when something needs its values. */
function checkSizes({ maxTensorBytes }: Backend, spec: ModelSpec): void {
  const matrices = Object.entries({
    ...matrixDims(spec),
    output: [spec.vocabSize, spec.hiddenSize] as const,
  });
  const sizes = matrices.map(([name, [rows, columns]]) => ({ name, bytes: 4 * rows * columns }));
  const largest = sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (largest.bytes <= maxTensorBytes) return;
  throw new AppError(
    'no-backend',
    `The graphics adapter takes tensors of at most ${mebibytes(maxTensorBytes)}; this model’s ${largest.name} matrix has ${mebibytes(largest.bytes)}.`,
    'The page continues on WASM; a smaller model may fit.',
  );
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toPrecision(3)} MiB`;

/**
 * Rows of the embedding for ids on the device, times the model's embeddingScale; the caller releases them.
 * @param length pads every row with zeros to so many tokens; without it the tokens follow one another: [tokens, hiddenSize]
 */
export function embedBatch(
  backend: Backend,
  weights: Pick<DeviceWeights, 'embedding'>,
  spec: ModelSpec,
  suffixes: readonly Int32Array[],
  length?: number,
): DeviceTensor {
  const { hiddenSize, embeddingScale } = spec;
  const widths = suffixes.map((ids) => length ?? ids.length);
  const count = widths.reduce((sum, width) => sum + width, 0);
  const x = new Float32Array(count * hiddenSize);
  let start = 0;
  for (const [row, ids] of suffixes.entries()) {
    ids.forEach((id, t) => {
      const vector = weights.embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize);
      x.set(vector, (start + t) * hiddenSize);
    });
    start += widths[row]!;
  }
  if (embeddingScale) for (let i = 0; i < x.length; i++) x[i]! *= embeddingScale;
  return backend.upload(x, [count, hiddenSize]);
}

/** The model's weights where the backend wants them, uploaded once. The embedding also stays here for row look-ups. */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES, type ModelSpec, matrixDims, type WeightReader } from '@/model/spec.ts';

export interface DeviceWeights {
  /** Kernel inputs by name: attentionNorm, ffnNorm and the seven matrices. */
  layers: Array<Record<string, DeviceTensor>>;
  finalNorm: DeviceTensor;
  head: DeviceTensor;
  /** [vocabSize, hiddenSize] */
  embedding: Float32Array;
}

/** @throws AppError 'no-backend' where a tensor is larger than the backend takes, before anything is read */
export async function uploadWeights(
  backend: Backend,
  spec: ModelSpec,
  reader: WeightReader,
  onLayer?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<DeviceWeights> {
  const dims = matrixDims(spec);
  checkSizes(backend, spec);
  const norm = (data: Float32Array) => backend.upload(data, [spec.hiddenSize]);
  const layers: DeviceWeights['layers'] = [];
  for (let index = 0; index < spec.layerCount; index++) {
    signal?.throwIfAborted();
    const layer = await reader.layer(index);
    const tensors: Record<string, DeviceTensor> = {
      attentionNorm: norm(layer.attentionNorm),
      ffnNorm: norm(layer.ffnNorm),
    };
    for (const matrix of MATRIX_NAMES) tensors[matrix] = backend.upload(layer.matrices[matrix], dims[matrix]);
    layers.push(tensors);
    onLayer?.(index + 1, spec.layerCount);
  }
  const embedding = await reader.embedding();
  const head = (await reader.head()) ?? embedding;
  return {
    layers,
    finalNorm: norm(await reader.finalNorm()),
    head: backend.upload(head, [spec.vocabSize, spec.hiddenSize]),
    embedding,
  };
}

/** Weights are float32 on every backend. */
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

/** Rows of the embedding for ids on the device, padded with zeros to [rows * length, hiddenSize]; the caller releases them. */
export function embedBatch(
  backend: Backend,
  weights: Pick<DeviceWeights, 'embedding'>,
  spec: ModelSpec,
  suffixes: readonly Int32Array[],
  length: number,
): DeviceTensor {
  const { hiddenSize } = spec;
  const x = new Float32Array(suffixes.length * length * hiddenSize);
  suffixes.forEach((ids, row) => {
    ids.forEach((id, t) => {
      x.set(
        weights.embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize),
        (row * length + t) * hiddenSize,
      );
    });
  });
  return backend.upload(x, [suffixes.length * length, hiddenSize]);
}

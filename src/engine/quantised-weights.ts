/**
 * Matrices that the device keeps as the file quantised them: putting them there, and getting their float32 values back where
 * something needs the weights themselves (training, noise). Not here: their arithmetic (kernels/quantised-linear.ts).
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { buildProductKernel, PACKED_INPUTS } from '@/kernels/quantised-linear.ts';
import type { PackedForm, PackedMatrix } from '@/model/packed-matrix.ts';
import { type MatrixName, type ModelSpec, matrixDims } from '@/model/spec.ts';
import type { DeviceWeights } from './device-weights.ts';
import type { LayerLoop } from './layer-loop.ts';
import type { UploadedLayer } from './upload-layer.ts';

/** Forms of the quantised matrices of one layer; the others are float32. */
export type QuantisedLayer = Partial<Record<MatrixName, PackedForm>>;

/** Kernel inputs of one matrix: the matrix under its name, or its codes, scales and offsets. */
export function uploadMatrix(
  backend: Backend,
  name: string,
  matrix: Float32Array | PackedMatrix,
  dims: readonly [number, number],
): Record<string, DeviceTensor> {
  if (matrix instanceof Float32Array) return { [name]: backend.upload(matrix, dims) };
  const { rows, columns, bits, blockSize, codes, scales, offsets } = matrix;
  const blocks = columns / blockSize;
  return {
    [`${name}${PACKED_INPUTS.codes}`]: backend.upload(codes, [rows, blocks, (blockSize * bits) / 8]),
    [`${name}${PACKED_INPUTS.scales}`]: backend.upload(scales, [rows * blocks]),
    ...(offsets && { [`${name}${PACKED_INPUTS.offsets}`]: backend.upload(offsets, [rows, blocks]) }),
  };
}

export function formOf(matrix: Float32Array | PackedMatrix): PackedForm | null {
  if (matrix instanceof Float32Array) return null;
  const { bits, blockSize, hasOffsets } = matrix;
  return { bits, blockSize, hasOffsets };
}

/** The inputs of one quantised matrix among those of its layer. */
export function packedInputs(
  name: string,
  inputs: Record<string, DeviceTensor>,
): Record<string, DeviceTensor> {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key.startsWith(`${name}.`)));
}

/** Whether every matrix is float32 on the device, and there to stay: what training needs. */
export function holdsFloats({ stream, quantised, head }: DeviceWeights): boolean {
  return !stream && head.form === null && quantised.every((forms) => Object.keys(forms).length === 0);
}

/** The model's own matrix [out, in], in whatever form the device keeps it. */
export async function readFloatMatrix(
  backend: Backend,
  loop: LayerLoop,
  spec: ModelSpec,
  { layers, quantised, stream, floatLayer }: DeviceWeights,
  layer: number,
  matrix: MatrixName,
): Promise<Float32Array> {
  if (stream) {
    const { inputs } = await floatLayer(layer);
    const values = await backend.read(inputs[matrix]!);
    for (const tensor of Object.values(inputs)) backend.release(tensor);
    return values;
  }
  const form = quantised[layer]![matrix];
  if (!form) return backend.read(layers[layer]![matrix]!);
  return readQuantised(backend, loop, matrix, layers[layer]!, form, matrixDims(spec)[matrix]);
}

/** Every quantised matrix becomes its float32 values, layer by layer; the codes are released. Streamed layers come to stay. */
export async function widenWeights(
  backend: Backend,
  loop: LayerLoop,
  spec: ModelSpec,
  weights: DeviceWeights,
): Promise<void> {
  const dims = matrixDims(spec);
  if (weights.stream) {
    const all: UploadedLayer[] = [];
    for (let layer = 0; layer < spec.layerCount; layer++) all.push(await weights.floatLayer(layer));
    weights.layers = all.map(({ inputs }) => inputs);
    weights.quantised = all.map(({ quantised }) => quantised);
    weights.stream = null;
  }
  for (const [layer, forms] of weights.quantised.entries()) {
    for (const matrix of Object.keys(forms) as MatrixName[]) {
      const inputs = weights.layers[layer]!;
      const values = await readFloatMatrix(backend, loop, spec, weights, layer, matrix);
      for (const [name, tensor] of Object.entries(packedInputs(matrix, inputs))) {
        backend.release(tensor);
        delete inputs[name];
      }
      inputs[matrix] = backend.upload(values, dims[matrix]);
      delete forms[matrix];
    }
  }
  weights.precision = 'float32';
  const { form, inputs } = weights.head;
  if (!form) return;
  const headDims = [spec.vocabSize, spec.hiddenSize] as const;
  const values = spec.tiedEmbeddings
    ? weights.embedding
    : await readQuantised(backend, loop, 'head', inputs, form, headDims);
  for (const tensor of Object.values(inputs)) backend.release(tensor);
  weights.head = { form: null, inputs: uploadMatrix(backend, 'head', values, headDims) };
}

/** Rows of the identity at once: bounds what is in memory beside the matrix itself. */
const IDENTITY_ROWS = 256;

/**
 * Float32 values [out, in] of a quantised matrix on the device: its product with the rows of the identity, each of which has one
 * term, so that nothing is rounded but scale · code + offset.
 */
export async function readQuantised(
  backend: Backend,
  loop: LayerLoop,
  name: string,
  inputs: Record<string, DeviceTensor>,
  form: PackedForm,
  dims: readonly [number, number],
): Promise<Float32Array> {
  const [out, input] = dims;
  const key = `product:${name}:${JSON.stringify([form, dims])}`;
  const kernel = await loop.kernel(key, () => buildProductKernel(name, dims, form));
  const values = new Float32Array(out * input);
  for (let start = 0; start < input; start += IDENTITY_ROWS) {
    const count = Math.min(IDENTITY_ROWS, input - start);
    const identity = new Float32Array(count * input);
    for (let row = 0; row < count; row++) identity[row * input + start + row] = 1;
    const x = backend.upload(identity, [count, input]);
    const { y } = await backend.run(kernel, { ...packedInputs(name, inputs), x });
    const columns = await backend.read(y!);
    for (const tensor of [x, y!]) backend.release(tensor);
    for (let row = 0; row < count; row++) {
      for (let o = 0; o < out; o++) values[o * input + start + row] = columns[row * out + o]!;
    }
  }
  return values;
}

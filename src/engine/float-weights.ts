/**
 * Float32 values of the model's own weights, where something needs them themselves (training, noise): what the device keeps
 * quantised or not at all is read from its file once more, which gives them to the last bit.
 */
import type { Backend } from '@/backends/backend.ts';
import type { MatrixName, ModelSpec } from '@/model/spec.ts';
import type { DeviceWeights } from './device-weights.ts';
import { uploadMatrix } from './quantised-weights.ts';
import { uploadLayer } from './upload-layer.ts';

/** Whether every matrix is float32 on the device, and there to stay: what training needs. */
export function holdsFloats({ stream, quantised, head }: DeviceWeights): boolean {
  return !stream && head.form === null && quantised.every((forms) => Object.keys(forms).length === 0);
}

/** The model's own matrix [out, in], in whatever form the device keeps it. */
export async function readFloatMatrix(
  backend: Backend,
  { layers, quantised, stream, reader }: DeviceWeights,
  layer: number,
  matrix: MatrixName,
): Promise<Float32Array> {
  if (stream || quantised[layer]![matrix]) return (await reader.layer(layer)).matrices[matrix];
  return backend.read(layers[layer]![matrix]!);
}

/** Every layer comes to stay as float32, one after the other; what it was before is released. */
export async function widenWeights(backend: Backend, spec: ModelSpec, weights: DeviceWeights): Promise<void> {
  const { layers, quantised, reader } = weights;
  for (let layer = 0; layer < spec.layerCount; layer++) {
    if (!weights.stream && Object.keys(quantised[layer]!).length === 0) continue;
    const wide = await uploadLayer(backend, spec, reader, layer, false);
    for (const tensor of Object.values(layers[layer] ?? {})) backend.release(tensor);
    layers[layer] = wide.inputs;
    quantised[layer] = wide.quantised;
  }
  weights.stream = null;
  weights.precision = 'float32';
  if (weights.head.form === null) return;
  const head = (await reader.head(backend.floats)) ?? weights.embedding;
  for (const tensor of Object.values(weights.head.inputs)) backend.release(tensor);
  weights.head = {
    form: null,
    inputs: uploadMatrix(backend, 'head', head, [spec.vocabSize, spec.hiddenSize]),
  };
}

/** One layer's weights from its file to the device, as float32 or as they are stored. */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import {
  MATRIX_NAMES,
  type ModelSpec,
  matrixDims,
  type StoredLayer,
  vectorSizes,
  type WeightReader,
} from '@/model/spec.ts';
import { formOf, type QuantisedLayer, uploadMatrix } from './quantised-weights.ts';

export interface UploadedLayer {
  /** Kernel inputs by name: norms and biases as the model has them, and the seven matrices. */
  inputs: Record<string, DeviceTensor>;
  /** The matrices that are quantised. */
  quantised: QuantisedLayer;
}

export async function uploadLayer(
  backend: Backend,
  spec: ModelSpec,
  reader: WeightReader,
  index: number,
  keepsQuantised: boolean,
): Promise<UploadedLayer> {
  const dims = matrixDims(spec);
  const layer: StoredLayer =
    keepsQuantised && reader.storedLayer
      ? await reader.storedLayer(index)
      : await reader.layer(index, backend.floats);
  const inputs: Record<string, DeviceTensor> = {};
  const quantised: QuantisedLayer = {};
  for (const [name, size] of vectorSizes(spec)) inputs[name] = backend.upload(layer[name]!, [size]);
  for (const name of MATRIX_NAMES) {
    const matrix = layer.matrices[name];
    Object.assign(inputs, uploadMatrix(backend, name, matrix, dims[name]));
    const form = formOf(matrix);
    if (form) quantised[name] = form;
  }
  return { inputs, quantised };
}

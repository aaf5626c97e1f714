/**
 * What the engine asks of a runtime: compile a graph, hold tensors, run. Node, WASM and WebGPU answer alike. Not here:
 * what the graphs mean.
 */
import type { Tensor } from 'onnxruntime-common';
import type { BackendInfo } from '@/engine/engine.ts';
import type { FloatTarget } from '@/model/float-target.ts';

/** A tensor where the backend wants it: in JavaScript's memory, or in a GPU buffer. Opaque above this folder. */
export type DeviceTensor = Tensor;

/** A compiled graph. */
export interface Kernel {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

/** Weights and activations, token ids and lengths, codes of quantised weights. */
export type Uploadable = Float32Array | Int32Array | Uint8Array;

export function elementTypeOf(data: Uploadable): 'float32' | 'int32' | 'uint8' {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Uint8Array ? 'uint8' : 'int32';
}

export interface Backend {
  readonly info: BackendInfo;
  /** The largest tensor that can be uploaded, in bytes; Infinity where memory alone decides. */
  readonly maxTensorBytes: number;
  compile(graph: Uint8Array): Promise<Kernel>;
  /** Where weights are best made: `upload` takes what it allocates without copying. Whoever asks for room uploads it. */
  readonly floats: FloatTarget;
  /** A tensor for repeated use as an input; `release` gives its memory back. The array may be kept, not copied. */
  upload(data: Uploadable, dims: readonly number[]): DeviceTensor;
  /** Shapes and positions: small int64 tensors that every backend reads on the CPU or copies by itself. */
  shape(values: readonly number[], dims?: readonly number[]): DeviceTensor;
  /** Outputs stay where the backend works; calls are queued, one runs at a time. Inputs that the kernel lacks are ignored. */
  run(kernel: Kernel, inputs: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>>;
  /** The values, as a copy that the caller owns. Only float32 tensors leave the kernels. */
  read(tensor: DeviceTensor): Promise<Float32Array>;
  release(tensor: DeviceTensor): void;
  close(): Promise<void>;
}

/** Node, and what WASM has in common with it: tensors are JavaScript arrays, which the runtime reads at every run. */
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { BackendInfo } from '@/engine/engine.ts';
import { type FloatTarget, inJavaScript } from '@/model/float-target.ts';
import { type Backend, type DeviceTensor, elementTypeOf, type Kernel, type Uploadable } from './backend.ts';
import { Mutex } from './mutex.ts';

/** The part of an ORT module that is used here. */
export interface OrtModule {
  InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: TensorConstructor;
}

export class CpuBackend implements Backend {
  readonly floats: FloatTarget = inJavaScript;
  readonly maxTensorBytes = Number.POSITIVE_INFINITY;
  readonly #mutex = new Mutex();
  readonly #sessions = new Set<InferenceSession>();

  constructor(
    readonly info: BackendInfo,
    private readonly ort: OrtModule,
    private readonly options: InferenceSession.SessionOptions,
  ) {}

  compile(graph: Uint8Array): Promise<Kernel> {
    return this.#mutex.run(async () => {
      const session = await this.ort.InferenceSession.create(graph, this.options);
      this.#sessions.add(session);
      return session;
    });
  }

  upload(data: Uploadable, dims: readonly number[]): DeviceTensor {
    return new this.ort.Tensor(elementTypeOf(data), data, dims);
  }

  shape(values: readonly number[], dims: readonly number[] = [values.length]): DeviceTensor {
    return new this.ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  }

  run(kernel: Kernel, inputs: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const session = kernel as InferenceSession;
    const feeds: Record<string, Tensor> = {};
    for (const name of session.inputNames) feeds[name] = inputs[name]!;
    return this.#mutex.run(async () => ({ ...(await session.run(feeds)) }));
  }

  async read(tensor: DeviceTensor): Promise<Float32Array> {
    return (tensor.data as Float32Array).slice();
  }

  release(_tensor: DeviceTensor): void {
    // Nothing to do: arrays are garbage-collected. (Tensor.dispose would empty a tensor that others still hold.)
  }

  async close(): Promise<void> {
    await this.#mutex.run(async () => {
      for (const session of this.#sessions) await session.release();
      this.#sessions.clear();
    });
  }
}

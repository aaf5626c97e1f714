/**
 * ORT on WebGPU with a device of our own: weights and hidden states stay in GPU buffers that all kernels share. ORT's
 * default device would be destroyed with its last session, and with it every buffer.
 */

import glueUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as ort from 'onnxruntime-web/webgpu';
import type { BackendInfo } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import { inJavaScript } from '@/model/float-target.ts';
import { type Backend, type DeviceTensor, elementTypeOf, type Kernel, type Uploadable } from './backend.ts';
import { Mutex } from './mutex.ts';
import { openDevice } from './webgpu-device.ts';

export async function createWebGpuBackend(): Promise<Backend> {
  const { device, notes } = await openDevice();
  ort.env.wasm.wasmPaths = {
    wasm: new URL(wasmUrl, globalThis.location.href).href,
    mjs: new URL(glueUrl, globalThis.location.href).href,
  };
  // The CPU part only shapes tensors: one thread, no start-up of a pool.
  ort.env.wasm.numThreads = 1;
  const runtime = `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`;
  return new WebGpuBackend({ kind: 'webgpu', threads: 1, runtime, notes }, device);
}

export class WebGpuBackend implements Backend {
  readonly floats = inJavaScript;
  readonly #mutex = new Mutex();
  readonly #sessions = new Set<ort.InferenceSession>();
  #lost: string | null = null;
  /** The first error that the device reported without anybody waiting for it: from then on its numbers cannot be trusted. */
  #failure: GPUError | null = null;

  constructor(
    readonly info: BackendInfo,
    private readonly device: GPUDevice,
  ) {
    void device.lost.then(({ message, reason }) => {
      this.#lost = message || reason;
    });
    // A buffer that could not be made raises no exception: without this, runs would go on with whatever is in its place.
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= error;
    });
  }

  get maxTensorBytes(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    return Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  compile(graph: Uint8Array): Promise<Kernel> {
    return this.#guard(async () => {
      const session = await ort.InferenceSession.create(graph, {
        executionProviders: [{ name: 'webgpu', device: this.device }],
        preferredOutputLocation: 'gpu-buffer',
      });
      this.#sessions.add(session);
      return session;
    });
  }

  upload(data: Uploadable, dims: readonly number[]): DeviceTensor {
    const { GPUBufferUsage } = globalThis;
    const buffer = this.device.createBuffer({
      // ORT binds whole groups of 16 bytes.
      size: Math.ceil(data.byteLength / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    // A write is of whole groups of four bytes.
    const bytes = data.byteLength % 4 === 0 ? data : paddedBytes(data as Uint8Array);
    this.device.queue.writeBuffer(buffer, 0, bytes as Float32Array<ArrayBuffer>);
    return ort.Tensor.fromGpuBuffer(buffer, {
      dataType: elementTypeOf(data),
      dims,
      dispose: () => buffer.destroy(),
    });
  }

  shape(values: readonly number[], dims: readonly number[] = [values.length]): DeviceTensor {
    return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  }

  run(kernel: Kernel, inputs: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const session = kernel as ort.InferenceSession;
    const feeds: Record<string, DeviceTensor> = {};
    for (const name of session.inputNames) feeds[name] = inputs[name]!;
    return this.#guard(async () => ({ ...(await session.run(feeds)) }));
  }

  /**
   * Not by the tensor's own getData: that turns it into one in JavaScript, which every later run would upload again and whose
   * buffer nobody could release, and it knows no buffers of ours. A finished run has submitted all its work.
   */
  read(tensor: DeviceTensor): Promise<Float32Array> {
    return this.#guard(async () => {
      if (tensor.location !== 'gpu-buffer') return (tensor.data as Float32Array).slice();
      const { GPUBufferUsage, GPUMapMode } = globalThis;
      const size = tensor.size * Float32Array.BYTES_PER_ELEMENT;
      const copy = this.device.createBuffer({
        size,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      });
      try {
        const encoder = this.device.createCommandEncoder();
        encoder.copyBufferToBuffer(tensor.gpuBuffer as GPUBuffer, 0, copy, 0, size);
        this.device.queue.submit([encoder.finish()]);
        await copy.mapAsync(GPUMapMode.READ);
        return new Float32Array(copy.getMappedRange().slice(0));
      } finally {
        copy.destroy();
      }
    });
  }

  /** Buffers of ours and of ORT alike; shape tensors live in JavaScript and need nothing. */
  release(tensor: DeviceTensor): void {
    if (tensor.location === 'gpu-buffer') tensor.dispose();
  }

  async close(): Promise<void> {
    await this.#mutex.run(async () => {
      for (const session of this.#sessions) await session.release();
      this.#sessions.clear();
      this.device.destroy();
    });
  }

  /** One call at a time, and errors in a person's words. */
  #guard<T>(task: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      let result: T;
      try {
        result = await task();
      } catch (cause) {
        throw this.#explain(cause as Error);
      }
      if (this.#failure) throw this.#explain(new Error(this.#failure.message));
      return result;
    });
  }

  #explain(cause: Error): Error {
    if (this.#lost !== null) {
      return new AppError(
        'device-lost',
        `The GPU was lost (${this.#lost}).`,
        'Your settings and results are kept; the model is loaded again, or continue on WASM.',
        { cause },
      );
    }
    if (this.#failure instanceof GPUOutOfMemoryError || /out of memory/i.test(cause.message)) {
      return new AppError(
        'out-of-memory',
        'The GPU has no memory left for this model.',
        'Continue on WASM, or close other tabs.',
        { cause },
      );
    }
    if (this.#failure) {
      return new AppError(
        'device-lost',
        `The GPU refused a step, so its numbers cannot be trusted (${this.#failure.message}).`,
        'Your settings and results are kept; the model is loaded again, or continue on WASM.',
        { cause },
      );
    }
    return cause;
  }
}

function paddedBytes(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(data.length / 4) * 4);
  padded.set(data);
  return padded;
}

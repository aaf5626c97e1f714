/**
 * ORT on WebAssembly: runs in every browser. Belongs in a worker: a run blocks its thread. Threads need cross-origin
 * isolation; without it everything works on one.
 */

import glueUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import * as ort from 'onnxruntime-web/wasm';
// The package's own file with faster matrix products: scripts/ort-wasm.
import fusedUrl from 'ort-wasm/fused.wasm?url';
import rolledUrl from 'ort-wasm/rolled.wasm?url';
import { AppError } from '@/model/app-error.ts';
import type { FloatTarget } from '@/model/float-target.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import { type Backend, type DeviceTensor, elementTypeOf, type Uploadable } from './backend.ts';
import { CpuBackend } from './cpu-backend.ts';
import { startFloatHelper } from './float-helper-worker.ts';
import { FloatHelpers } from './float-helpers.ts';
import { WasmMemory } from './wasm-memory.ts';

export interface WasmOptions {
  threads?: number;
  /** Another file of ONNX Runtime than the fastest that this browser can run: for measuring. */
  wasmUrl?: string;
}

export async function createWasmBackend(options: WasmOptions = {}): Promise<Backend> {
  const notes: string[] = [];
  if (typeof WebAssembly === 'undefined') {
    throw new AppError(
      'no-backend',
      'This browser has no WebAssembly.',
      'Use a current Chrome, Edge, Firefox or Safari.',
    );
  }
  if (!globalThis.crossOriginIsolated) {
    notes.push(
      'The page is not cross-origin isolated, so WASM runs on one thread. Serve it with npm start, which sends the COOP and COEP headers.',
    );
  }
  const threads = globalThis.crossOriginIsolated ? (options.threads ?? defaultThreads()) : 1;
  const wasmUrl = options.wasmUrl ?? (hasRelaxedSimd() ? fusedUrl : rolledUrl);
  const version = ort.env.versions.web ?? ort.env.versions.common;
  ort.env.wasm.wasmPaths = { wasm: absolute(wasmUrl), mjs: absolute(glueUrl) };
  ort.env.wasm.numThreads = threads;
  await startRuntime();
  return new WasmBackend(
    {
      kind: 'wasm',
      threads,
      // Fused products round otherwise, so the two are not the same backend.
      runtime: `onnxruntime-web ${version}${wasmUrl === fusedUrl ? ', fused multiply-add' : ''}`,
      notes,
    },
    ort,
    OPTIONS,
  );
}

const OPTIONS = { executionProviders: ['wasm'] };

/** ONNX Runtime loads its WebAssembly with the first session; tensors can lie in its memory from then on. */
async function startRuntime(): Promise<void> {
  const graph = new GraphBuilder();
  graph.output(graph.op('Identity', [graph.input('x', 'float32', [1])]), 'y', 'float32', [1]);
  const session = await ort.InferenceSession.create(graph.encode(), OPTIONS);
  await session.release();
}

/** More threads would wait for memory. */
const MOST_HELPERS = 3;

/** Arrays that are uploaded lie in the runtime's own memory until they are released; all of its threads can make weights there. */
class WasmBackend extends CpuBackend {
  readonly #memory = new WasmMemory(ort.getInstance());
  readonly #helpers = new FloatHelpers(startFloatHelper, Math.min(this.info.threads - 1, MOST_HELPERS));

  override readonly floats: FloatTarget = {
    allocate: (length) => this.#memory.allocate(length) ?? new Float32Array(length),
    prepare: () => this.#helpers.prepare(),
    rest: () => this.#helpers.rest(),
    widen: (type, bytes, out) => this.#helpers.widen(type, bytes, out),
  };

  override upload(data: Uploadable, dims: readonly number[]): DeviceTensor {
    return new ort.Tensor(elementTypeOf(data), this.#memory.hold(data) ?? data, dims);
  }

  override release(tensor: DeviceTensor): void {
    this.#memory.free(tensor.data as Uploadable);
  }

  override async close(): Promise<void> {
    await super.close();
    this.#helpers.rest();
    this.#memory.freeAll();
  }
}

/** Large machines keep two cores for the page and its drawing; small ones need every core they have. */
function defaultThreads(): number {
  const cores = navigator.hardwareConcurrency || 2;
  return cores <= 4 ? cores : Math.min(8, cores - 2);
}

/** ORT starts its threads from a blob, where a relative address has no meaning. */
function absolute(url: string): string {
  return new URL(url, globalThis.location.href).href;
}

/** A module of one function that does nothing but `f32x4.relaxed_madd`: accepted by Chrome from 114 and Firefox from 145. */
const RELAXED_MADD_MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // One type: no parameters, a vector.
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  // i32.const 0 and i8x16.splat, three times, then the instruction.
  ...[0x0a, 0x13, 0x01, 0x11, 0x00],
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f],
  ...[0xfd, 0x85, 0x02, 0x0b],
);

function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_MADD_MODULE);
}

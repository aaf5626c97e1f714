/**
 * ORT on WebAssembly: runs in every browser. Belongs in a worker: a run blocks its thread. Threads need cross-origin
 * isolation; without it everything works on one.
 */

import glueUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import { AppError } from '@/model/app-error.ts';
import type { Backend } from './backend.ts';
import { CpuBackend } from './cpu-backend.ts';

export async function createWasmBackend(options: { threads?: number } = {}): Promise<Backend> {
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
  ort.env.wasm.wasmPaths = { wasm: absolute(wasmUrl), mjs: absolute(glueUrl) };
  ort.env.wasm.numThreads = threads;
  return new CpuBackend(
    {
      kind: 'wasm',
      threads,
      runtime: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
      notes,
    },
    ort,
    { executionProviders: ['wasm'] },
  );
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

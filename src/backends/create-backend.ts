/** Makes a backend; each is loaded only when it is used. */
import type { BackendInfo } from '@/engine/engine.ts';
import type { Backend } from './backend.ts';

/** @param threads of the CPU; default what the machine has */
export async function createBackend(
  kind: BackendInfo['kind'],
  options: { threads?: number } = {},
): Promise<Backend> {
  switch (kind) {
    case 'node':
      return (await import('./node-backend.ts')).createNodeBackend(options);
    case 'wasm':
      return (await import('./wasm-backend.ts')).createWasmBackend(options);
    case 'webgpu':
      return (await import('./webgpu-backend.ts')).createWebGpuBackend();
    default:
      kind satisfies never;
      throw new Error('unreachable');
  }
}

/** Backends in a person's words. */
import type { BackendInfo } from '@/engine/engine.ts';

export const BACKEND_NAMES: Record<BackendInfo['kind'], string> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  node: 'Node',
};

/** With its threads where a person may ask how many. */
export function backendWords({ kind, threads }: Pick<BackendInfo, 'kind' | 'threads'>): string {
  const name = BACKEND_NAMES[kind];
  return kind === 'wasm' ? `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : name;
}

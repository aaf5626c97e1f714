/** Which backend is taken, and what it does with quantised matrices. Loads none of them. */
import type { BackendInfo, WeightPrecision } from '@/engine/engine.ts';
import { hardwareAdapter } from './webgpu-adapter.ts';

export type BackendSetting = 'auto' | BackendInfo['kind'];

/** Node has its own runtime; a browser's GPU is taken when it is a real one, since a software adapter is slower than WASM. */
export async function chosenBackend(setting: BackendSetting): Promise<BackendInfo['kind']> {
  if (setting !== 'auto') return setting;
  if (typeof process !== 'undefined' && process.versions?.node) return 'node';
  return (await hardwareAdapter()) ? 'webgpu' : 'wasm';
}

/**
 * Of matrices that the file holds quantised, unless a person chooses. Memory is what a GPU is short of; on the CPU quantised
 * products are no faster than float32 ones, and need another order of adding.
 */
export const defaultPrecision = (kind: BackendInfo['kind']): WeightPrecision =>
  kind === 'webgpu' ? 'stored' : 'float32';

/** Chooses the backend, moves the weights there, hands out the engine. Backends are loaded only when they are used. */
import type { Backend } from '@/backends/backend.ts';
import { hardwareAdapter } from '@/backends/webgpu-adapter.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import { uploadWeights } from './device-weights.ts';
import type { BackendInfo, Residency, WeightPrecision } from './engine.ts';
import { LayerEngine } from './layer-engine.ts';

export interface CreateEngineOptions {
  backend: 'auto' | BackendInfo['kind'];
  threads?: number;
  /** Whether matrices that the file holds quantised stay so on the device. Default: on WebGPU alone. */
  precision?: WeightPrecision;
  /** Default: memory. */
  residency?: Residency;
  /** Layers whose weights are in place. */
  onLayer?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export async function createEngine(model: LoadedModel, options: CreateEngineOptions): Promise<LayerEngine> {
  const backend = await createBackend(options);
  try {
    return await engineOn(backend, model, options);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** The engine on a backend that exists already. */
export async function engineOn(
  backend: Backend,
  model: Pick<LoadedModel, 'spec' | 'weights'>,
  options: Pick<CreateEngineOptions, 'onLayer' | 'signal' | 'precision' | 'residency'> = {},
): Promise<LayerEngine> {
  // Memory is what a GPU is short of; on the CPU quantised products are no faster than float32 ones, and need another order of adding.
  const precision = options.precision ?? (backend.info.kind === 'webgpu' ? 'stored' : 'float32');
  const weights = await uploadWeights(backend, model.spec, model.weights, {
    onLayer: options.onLayer,
    signal: options.signal,
    keepsQuantised: precision === 'stored',
    streams: options.residency === 'streamed',
  });
  return new LayerEngine(backend, model.spec, weights);
}

async function createBackend({ backend, threads }: CreateEngineOptions): Promise<Backend> {
  const kind = backend === 'auto' ? await automaticKind() : backend;
  switch (kind) {
    case 'node':
      return (await import('@/backends/node-backend.ts')).createNodeBackend({ threads });
    case 'wasm':
      return (await import('@/backends/wasm-backend.ts')).createWasmBackend({ threads });
    case 'webgpu':
      return (await import('@/backends/webgpu-backend.ts')).createWebGpuBackend();
    default:
      kind satisfies never;
      throw new Error('unreachable');
  }
}

/** Node has its own runtime; a browser's GPU is taken when it is a real one, since a software adapter is slower than WASM. */
export async function automaticKind(): Promise<BackendInfo['kind']> {
  if (typeof process !== 'undefined' && process.versions?.node) return 'node';
  return (await hardwareAdapter()) ? 'webgpu' : 'wasm';
}

/** Moves a model's weights to a backend and hands out the engine. */
import type { Backend } from '@/backends/backend.ts';
import { type BackendSetting, chosenBackend, defaultPrecision } from '@/backends/choose-backend.ts';
import { createBackend } from '@/backends/create-backend.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import { uploadWeights } from './device-weights.ts';
import type { BackendInfo, Residency, WeightPrecision } from './engine.ts';
import { LayerEngine } from './layer-engine.ts';

export interface CreateEngineOptions {
  backend: BackendSetting;
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
  const kind = await chosenBackend(options.backend);
  const backend = (await takeWarm(kind, options.threads)) ?? (await createBackend(kind, options));
  try {
    return await engineOn(backend, model, options);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** A WASM backend that was made ahead, for createEngine to take. */
let warm: { threads?: number; backend: Promise<Backend> } | null = null;

/**
 * Starts the runtime and its threads while the model's files are still on their way. Only WASM takes long. What fails here
 * fails again, and is told, in createEngine.
 */
export async function warmUp(options: Pick<CreateEngineOptions, 'backend' | 'threads'>): Promise<void> {
  const kind = await chosenBackend(options.backend);
  if (kind !== 'wasm' || warm) return;
  warm = { threads: options.threads, backend: createBackend(kind, options) };
  (await warm.backend).floats.prepare?.();
}

async function takeWarm(kind: BackendInfo['kind'], threads?: number): Promise<Backend | null> {
  const taken = warm;
  warm = null;
  const backend = await taken?.backend.catch(() => null);
  if (!backend) return null;
  if (kind === 'wasm' && taken!.threads === threads) return backend;
  await backend.close();
  return null;
}

/** The engine on a backend that exists already. */
export async function engineOn(
  backend: Backend,
  model: Pick<LoadedModel, 'spec' | 'weights'>,
  options: Pick<CreateEngineOptions, 'onLayer' | 'signal' | 'precision' | 'residency'> = {},
): Promise<LayerEngine> {
  const precision = options.precision ?? defaultPrecision(backend.info.kind);
  const weights = await uploadWeights(backend, model.spec, model.weights, {
    onLayer: options.onLayer,
    signal: options.signal,
    keepsQuantised: precision === 'stored',
    streams: options.residency === 'streamed',
  });
  backend.floats.rest?.();
  return new LayerEngine(backend, model.spec, weights);
}

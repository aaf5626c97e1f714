/** Moves a model's weights to a backend and hands out the engine. */
import type { Backend } from '@/backends/backend.ts';
import { type BackendSetting, chosenBackend, defaultPrecision } from '@/backends/choose-backend.ts';
import { createBackend } from '@/backends/create-backend.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import { uploadWeights } from './device-weights.ts';
import type { Residency, WeightPrecision } from './engine.ts';
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
  const backend = await createBackend(await chosenBackend(options.backend), options);
  try {
    return await engineOn(backend, model, options);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/**
 * Loads the runtime while the model's files are still on their way. Only WASM takes long. What fails here fails again, and
 * is told, in createEngine.
 */
export async function warmUp({
  backend,
  threads,
}: Pick<CreateEngineOptions, 'backend' | 'threads'>): Promise<void> {
  const kind = await chosenBackend(backend);
  if (kind === 'wasm') await (await createBackend(kind, { threads })).close();
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
  return new LayerEngine(backend, model.spec, weights);
}

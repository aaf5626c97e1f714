/** What a lab is made of, passed in: how models and adapters are opened and what runs them. The real ones: real-parts.ts. */
import type { BackendInfo, Engine } from '@/engine/engine.ts';
import type { TrainingSurroundings } from '@/experiments/context.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { Progress } from '@/protocol/experiments.ts';
import type { AccessOptions, LoadOptions, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';

export interface OpenedAdapter {
  data: AdapterData;
  /** One sentence for the person. */
  label: string;
}

export interface OpenedModel {
  model: LoadedModel;
  /** Those that came with it. */
  adapters: OpenedAdapter[];
  /** Measured differences from the reference, by backend kind. */
  parity: Readonly<Record<string, NonNullable<ModelCard['parity']>>>;
}

/** What training needs besides a model: see experiments/context.ts. */
export type TrainingParts = Pick<TrainingSurroundings, 'checkpoints' | 'memoryLimitBytes'>;

export interface OpenHooks {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** Takes work that nobody waits for, and does it when the model runs or could not be loaded. */
  later?: (work: () => void) => void;
}

export interface LabParts {
  openModel(source: ModelSource, options: LoadOptions, hooks: OpenHooks): Promise<OpenedModel>;
  openAdapter(
    source: ModelSource,
    name: string,
    spec: ModelSpec,
    access?: AccessOptions,
  ): Promise<OpenedAdapter>;
  /** Asked before each run, since memory comes and goes. Absent: checkpoints stay in this lab's memory. */
  training?(): TrainingParts;
  measureSpeed(backend: BackendInfo['kind'], seconds: number, signal: AbortSignal): Promise<SpeedMeasure>;
  /** Begins what createEngine needs besides a model; told before one is opened. */
  warmUp?(options: LoadOptions): Promise<void>;
  createEngine(model: LoadedModel, options: LoadOptions, hooks: OpenHooks): Promise<Engine>;
}

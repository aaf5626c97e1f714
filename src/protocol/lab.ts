/**
 * The lab: one model, its engine, and the experiments on it. Local (same thread, Node) and remote (in a worker) labs
 * share this interface and pass one contract test; nobody above can tell them apart.
 */
import type { BackendInfo, Residency, WeightPrecision } from '@/engine/engine.ts';
import type { ParityMeasure } from '@/engine/parity.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { ControlCard } from './controls.ts';
import type { ExperimentEvent, ExperimentKind, ExperimentMap, Progress } from './experiments.ts';
import type { SpeedMeasure } from './machine.ts';
import type { CheckpointCard, FinetuneRow, RowTokens } from './training.ts';

/** Where a model comes from. Disk paths are for the command line only. */
export type ModelSource =
  | { kind: 'bundled' /** URL or path of the folder that holds manifest.json */; root: string }
  | {
      kind: 'hub';
      repo: string;
      revision: string /** GGUF file; absent = safetensors checkpoint */;
      file?: string;
      endpoint?: string;
    }
  | { kind: 'url'; url: string }
  | { kind: 'files'; files: File[] }
  | { kind: 'path'; path: string };

export interface LoadOptions extends AccessOptions {
  backend: 'auto' | BackendInfo['kind'];
  threads?: number;
  /** Default: quantised matrices stay so on WebGPU alone. */
  precision?: WeightPrecision;
  /** Default: memory, and streamed where the model would not fit otherwise. */
  residency?: Residency;
}

export interface AccessOptions {
  /** For gated repositories. Passed with a call and kept by nobody: no source, setting or run file has it. */
  token?: HubToken;
}

export interface HubToken {
  /** The hub that it is for; no other server gets it. */
  endpoint: string;
  value: string;
}

/** What the page shows about a loaded model. */
export interface ModelCard {
  name: string;
  sha256: string | null;
  spec: ModelSpec;
  backend: BackendInfo;
  templates: TemplateName[];
  /** Adapters that came with it (bundled) or were added. */
  adapters: AdapterCard[];
  warnings: string[];
  /** Largest difference from the reference on this backend, as measured and written in the manifest; null = not measured. */
  parity: { maxAbsLogit: number; origin: string } | null;
  loadMs: number;
}
export interface AdapterCard {
  name: string;
  sha256: string;
  /** One sentence for the person, e.g. that it is a planted control. */
  label: string;
}

export interface Lab {
  load(
    source: ModelSource,
    options: LoadOptions,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<ModelCard>;
  addAdapter(source: ModelSource, name: string, access?: AccessOptions): Promise<AdapterCard>;
  /** The same adapter with its update times `weight`, by another name. */
  weighAdapter(name: string, weight: number, as: string): Promise<AdapterCard>;
  /** Forgets a loaded or trained adapter. */
  removeAdapter(name: string): Promise<void>;
  /**
   * File names and bytes of an adapter: a PEFT folder for LoRA; for full parameters one safetensors file of the weights that
   * trained. `baseModel` is written down as the model it belongs to. A LoRA that was trained over others is joined with
   * those named in `over`, so that the folder is complete on the plain weights.
   */
  exportAdapter(name: string, baseModel: string, over?: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** How far the open model's numbers here are from float32 on the CPU, one prompt at a time. Needs room for a second copy. */
  parity(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<ParityMeasure>;
  /** By the open model's tokenizer; answers beside whatever runs. */
  rowTokens(rows: readonly FinetuneRow[], template: TemplateName): Promise<RowTokens[]>;
  /** Training runs that can be taken up again, newest first; needs no model. */
  checkpoints(): Promise<CheckpointCard[]>;
  removeCheckpoint(key: string): Promise<void>;
  /** Which controls there are, what they need and what can be set; needs no model. */
  controls(): Promise<ControlCard[]>;
  run<K extends ExperimentKind>(
    kind: K,
    params: ExperimentMap[K]['params'],
    onEvent?: (event: ExperimentEvent<K>) => void,
    signal?: AbortSignal,
  ): Promise<ExperimentMap[K]['result']>;
  /** Matrix products on a backend, for some seconds; needs no model, and is best asked of a lab that has none. */
  measureSpeed(backend: BackendInfo['kind'], seconds: number, signal?: AbortSignal): Promise<SpeedMeasure>;
  /** Ends the worker or frees the engine. */
  close(): Promise<void>;
}

/**
 * The engine's interface: passes over the layers of one model. Knows tokens and tensors, not the paper and no page.
 * Sequences are token ids without padding; batching, ragged shapes, prefix sharing and caches are the engine's business.
 * All arrays are float32 row-major, all layers 0-based, all ranges inclusive.
 */
import type { AdapterData } from '@/model/adapter-spec.ts';
import type { MatrixName, ModelSpec } from '@/model/spec.ts';
import type { Interventions } from './interventions.ts';
import type { ParityMeasure } from './parity.ts';
import type { FanWork, RangeFan, RangeFanOptions } from './range-fan.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';

/** Multiply the named weight matrices of layers first..last by alpha (paper eq. 1). Later rules multiply on top. */
export interface ScaleRule {
  first: number;
  last: number;
  alpha: number;
  matrices: readonly MatrixName[];
}

/** Which model runs: the base weights, plus adapters by name (ranks are concatenated), scaled, or changed otherwise. */
export interface ModelSetting extends Interventions {
  adapters: readonly string[];
  scale: readonly ScaleRule[];
}

export type TokenIds = ArrayLike<number>;

export interface PassOptions<Item> {
  signal?: AbortSignal;
  /** Called for each finished sequence, in order of `order` (default: as given), as batches complete. */
  onItem?: (index: number, item: Item) => void;
  /** Indices of `sequences`, most wanted first. */
  order?: readonly number[];
  /** Upper bound of sequences per batch; the engine may choose smaller ones. */
  batchSize?: number;
  /** Size of the first batch, so that a partial result is early. */
  firstBatchSize?: number;
}

/** hidden: [K+1, D], last token; row 0 = embedding output, row K = last block before the final norm. */
export interface HiddenStates {
  hidden: Float32Array;
  /** [D], the last token after the final norm. */
  finalNorm: Float32Array;
}

export interface GenerateOptions extends PassOptions<Int32Array> {
  maxNewTokens: number;
  /** An answer ends after one of these (it is included); empty = never. */
  stopIds: readonly number[];
  /** Called with every token of a sequence as it is decided, before the next one is computed. */
  onToken?: (index: number, id: number) => void;
}

/** Token ids of which those at `from` and after are scored. */
export interface ScoredText {
  ids: TokenIds;
  from: number;
}

export interface EngineInfo {
  spec: ModelSpec;
  backend: BackendInfo;
  adapters: string[];
  /** What the matrices are on the device at present. */
  precision: WeightPrecision;
  residency: Residency;
}

/** `stored`: matrices that the file holds quantised are computed with as they are; all else is float32. */
export type WeightPrecision = 'float32' | 'stored';

/** `streamed`: layers are read from their file whenever the loop needs them. */
export type Residency = 'memory' | 'streamed';

export interface BackendInfo {
  kind: 'node' | 'wasm' | 'webgpu';
  threads: number;
  /** e.g. "onnxruntime-web 1.30.0". */
  runtime: string;
  /** Sentences about what was missing or fell back, for the page. */
  notes: string[];
  /** What the matrices are on the device; absent in older run files, which are of float32. */
  precision?: WeightPrecision;
  /** Absent where it is not known; otherwise whether layers stay in memory. */
  residency?: Residency;
  /** Measured on this machine when a person asked. */
  parity?: ParityMeasure;
}

/** Work of one pass, in layer evaluations x sequences. `full` = every layer once for every sequence. */
export interface PassWork {
  run: number;
  full: number;
}

export interface Engine {
  readonly info: EngineInfo;
  /** Work of the latest finished pass; absent where the engine does not count it. */
  readonly lastRun?: PassWork;
  addAdapter(adapter: AdapterData): void;
  /** What was added under this name. */
  adapter?(name: string): AdapterData | undefined;
  /** Forgets an adapter and what was computed with it. */
  removeAdapter?(name: string): Promise<void>;
  /** Turns quantised matrices on the device into float32, as training needs them; they stay so. */
  holdFloats?(): Promise<void>;
  /** Training over the named frozen adapters, of float32 matrices (holdFloats); absent where an engine cannot train. */
  trainer?(adapters: readonly string[], options: TrainerOptions): Trainer;
  hiddenStates(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options?: PassOptions<HiddenStates>,
  ): Promise<HiddenStates[]>;
  /** Attention of the last query of each layer: [K, H, T]. */
  attention(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options?: PassOptions<Float32Array>,
  ): Promise<Float32Array[]>;
  /** Logits [V] that follow the last token. Unscaled hidden states that enter each layer are cached between calls. */
  logits(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options?: PassOptions<Float32Array>,
  ): Promise<Float32Array[]>;
  /** Greedy continuations. */
  generate(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: GenerateOptions,
  ): Promise<Int32Array[]>;
  /**
   * Sum of the natural log-probabilities of each sequence's tokens from its `from` (at least 1) on, each given those before
   * it. Absent where an engine cannot score text.
   */
  logProbs?(
    sequences: readonly ScoredText[],
    setting: ModelSetting,
    options?: PassOptions<number>,
  ): Promise<number[]>;
  /** Logits under many ranges that begin at one layer; they are handed out, not kept. Returns the work it took. */
  rangeLogits(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    fan: RangeFan,
    options: RangeFanOptions,
  ): Promise<FanWork>;
  /**
   * Logits [V] of vectors [D] of the residual stream, as if the model ended there: final norm and head (logit lens). They are
   * handed out, not kept.
   */
  readout?(
    vectors: readonly Float32Array[],
    onItem: (index: number, logits: Float32Array) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Frees device memory and sessions; the engine is unusable afterwards. */
  close(): Promise<void>;
}

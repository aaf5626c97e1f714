/**
 * The experiments a person can run, as plain data: parameters in, events while running, one result.
 * This file is the contract between pages, workers, command line and run files. No code, no ORT, no DOM.
 * Arrays per layer have one entry per decoder layer, index k = output of 0-based layer k (paper, section 3.2).
 */
import type { ModelSetting } from '@/engine/engine.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { ControlParams, ControlResult, ControlRow } from './controls.ts';
import type {
  GridEvent,
  GridParams,
  GridResult,
  LayerAlphaEvent,
  LayerAlphaParams,
  LayerAlphaResult,
  LocateEvent,
  LocateParams,
  LocateResult,
} from './localise.ts';
import type { Progress } from './progress.ts';
import type { TrainEvent, TrainParams, TrainResult } from './training.ts';

export type { Progress };

/** A prompt of any pool. `group` clusters dependent prompts for statistics (the verb of an over-rejection prompt). */
export interface PromptItem {
  id: string;
  text: string;
  group?: string;
}

/** What every experiment needs to know about the model. */
export interface ModelContext {
  template: TemplateName;
  setting: ModelSetting;
}

// ---------------------------------------------------------------- similarity (sections 3.2, 3.3, figures 2 and 3)

/** raw = the paper's cosine; centred = pooled mean removed first; auroc = difference-of-means probe, cross-validated. */
export const MEASURES = ['raw', 'centred', 'auroc'] as const;
export type Measure = (typeof MEASURES)[number];

export const PAIR_KINDS = ['nn', 'nm', 'mm'] as const;
/** normal-normal, normal-malicious, malicious-malicious. */
export type PairKind = (typeof PAIR_KINDS)[number];

/** `all` = every pair, exact. `draws` = the paper's r random pairs per kind. */
export type PairChoice = { kind: 'all' } | { kind: 'draws'; draws: number; seed: number };

export interface SimilarityParams extends ModelContext {
  normal: PromptItem[];
  malicious: PromptItem[];
  pairs: PairChoice;
  bootstrap: { replicates: number; seed: number };
  /** Where the last point is taken: before the final norm (comparable with the others) or after it (the paper's code). */
  lastPoint: 'before-final-norm' | 'after-final-norm';
}

/** Per layer. low/high: 95 % bootstrap over prompts. */
export interface Curve {
  mean: number[];
  std: number[];
  low: number[];
  high: number[];
}

export interface GapCurve {
  /** arccos(mean cos NM) - arccos(mean cos NN), degrees: the published code's definition. */
  ofMeansDeg: number[];
  /** mean arccos(cos NM) - mean arccos(cos NN), degrees: the paper's text. */
  ofAnglesDeg: number[];
  /** 95 % bootstrap over prompts of ofMeansDeg. */
  lowDeg: number[];
  highDeg: number[];
}

export interface CosineCurves {
  curves: Record<PairKind, Curve>;
  gap: GapCurve;
}

export interface SimilarityResult {
  normalCount: number;
  maliciousCount: number;
  layerCount: number;
  pairs: PairChoice;
  raw: CosineCurves;
  centred: CosineCurves;
  /** Malicious against normal; 0.5 = not separable. */
  auroc: Curve;
  /** Key under which the lab keeps the vectors for `cosineMatrix`. */
  vectorsKey: string;
}

/** The prompt x prompt matrix of one layer, from vectors of an earlier similarity run; ordered normal, then malicious. */
export interface CosineMatrixParams {
  vectorsKey: string;
  layer: number;
  measure: 'raw' | 'centred';
}
export interface CosineMatrixResult {
  size: number;
  normalCount: number;
  /** [size, size] */
  cosine: Float32Array;
}

// ---------------------------------------------------------------- attention (section 3.6)

export interface AttentionParams extends ModelContext {
  prompts: PromptItem[];
}
export interface AttentionPicture {
  prompt: PromptItem;
  tokens: string[];
  /** [start, end) of the question's tokens. */
  questionSpan: [start: number, end: number];
  layerCount: number;
  headCount: number;
  /** [layers, heads, tokens]: probabilities of the last query row. */
  attention: Float32Array;
}
export interface AttentionResult {
  pictures: AttentionPicture[];
}

// ---------------------------------------------------------------- counting (section 3.4, appendix A.3)

export const RESPONSE_CLASSES = ['refused', 'answered', 'garbled'] as const;
export type ResponseClass = (typeof RESPONSE_CLASSES)[number];

/** First tokens that open a refusal, and the threshold, learnt from unscaled answers of this model and template. */
export interface RefusalCalibration {
  tokenIds: number[];
  tokenTexts: string[];
  /** refused when the summed probability of tokenIds exceeds this. */
  threshold: number;
  /** On the answers it was learnt from: how many, and how often score and exact answer agree. */
  sampleCount: number;
  agreement: number;
  auroc: number;
}

export interface RefusalRules {
  /** Lower-case openings after normalisation (quotes, leading space); see src/method/refusal.ts. */
  prefixes: string[];
}

export interface CalibrateParams extends ModelContext {
  prompts: PromptItem[];
  rules: RefusalRules;
  maxNewTokens: number;
}
export interface CalibrateResult {
  calibration: RefusalCalibration;
  outcomes: PromptOutcome[];
  layerRuns?: LayerRuns;
}

/** Layer evaluations x sequences that were run, and that one full pass each would have needed. */
export interface LayerRuns {
  run: number;
  full: number;
}

/** One prompt's outcome. `score` = probability of a refusing first token; answer and class only when decoded. */
export interface PromptOutcome {
  index: number;
  score: number;
  /** What the score says: score > threshold. */
  refusedByScore: boolean;
  answer?: string;
  answerIds?: number[];
  responseClass?: ResponseClass;
  /** Why: the rule or measure that decided, in words. */
  reason?: string;
  /**
   * Where the count was asked for it: KL divergence of the first answer token from the unchanged model, in nats. On harmless
   * prompts it tells the damage of a change, as the count tells its effect.
   */
  klNats?: number;
  /** A person's correction. What is counted in results stays what the rules say. */
  byHand?: ResponseClass;
}

export interface CountParams extends ModelContext {
  prompts: PromptItem[];
  calibration: RefusalCalibration;
  rules: RefusalRules;
  /** `score` = first-token score only; `exact` = greedy decoding of maxNewTokens, then the rules. */
  mode: 'score' | 'exact';
  maxNewTokens: number;
  /** Also compare each first token with the unchanged model's (`klNats`): one more pass, unscaled. */
  divergence?: boolean;
  /** Indices into prompts, most informative first. */
  order?: number[];
  firstBatchSize?: number;
}
export interface CountResult {
  outcomes: PromptOutcome[];
  refused: number;
  answered: number;
  garbled: number;
  total: number;
  /** Absent where it is not known: the count was interrupted, or its answers were decoded together with others'. */
  layerRuns?: LayerRuns;
}

// ---------------------------------------------------------------- band scan

export interface BandScanParams extends ModelContext {
  prompts: PromptItem[];
  calibration: RefusalCalibration;
  /** Layers per band. */
  width: number;
  alpha: number;
  matrices: ModelSetting['scale'][number]['matrices'];
  order?: number[];
  /** Only bands that begin at these layers, in this order; default all. For taking an interrupted scan up again. */
  firsts?: number[];
}
export interface BandPoint {
  first: number;
  last: number;
  refused: number;
  total: number;
  /** 95 % Wilson interval of the count. */
  low: number;
  high: number;
  /**
   * Prompts refused here and not at alpha = 1, and the other way round. With them a band is tested pairwise (McNemar),
   * which finds smaller changes than two unpaired counts can.
   */
  gained?: number;
  lost?: number;
}
export interface BandScanResult {
  /** At alpha = 1, by the same score. */
  baseline: { refused: number; total: number };
  points: BandPoint[];
}

// ---------------------------------------------------------------- answering one prompt, token by token

export interface AnswerParams extends ModelContext {
  prompt: string;
  rules: RefusalRules;
  maxNewTokens: number;
}
/** The whole text each time: a token may be half a letter, which the next one completes. */
export interface AnswerSoFar {
  answer: string;
  tokenCount: number;
}
export interface AnswerResult
  extends AnswerSoFar,
    Required<Pick<PromptOutcome, 'answer' | 'answerIds' | 'responseClass' | 'reason'>> {
  /** The model ended it; else it was cut after maxNewTokens. */
  ended: boolean;
}

// ---------------------------------------------------------------- the map

export interface ExperimentMap {
  similarity: { params: SimilarityParams; event: SimilarityResult; result: SimilarityResult };
  cosineMatrix: { params: CosineMatrixParams; event: never; result: CosineMatrixResult };
  attention: { params: AttentionParams; event: AttentionPicture; result: AttentionResult };
  calibrate: { params: CalibrateParams; event: PromptOutcome; result: CalibrateResult };
  count: { params: CountParams; event: PromptOutcome; result: CountResult };
  bandScan: { params: BandScanParams; event: BandPoint; result: BandScanResult };
  answer: { params: AnswerParams; event: AnswerSoFar; result: AnswerResult };
  /** One of the controls, by name. Rows come as they are done; `params.done` takes them back after an interruption. */
  control: { params: ControlParams; event: ControlRow; result: ControlResult };
  grid: { params: GridParams; event: GridEvent; result: GridResult };
  layerAlpha: { params: LayerAlphaParams; event: LayerAlphaEvent; result: LayerAlphaResult };
  locate: { params: LocateParams; event: LocateEvent; result: LocateResult };
  /** A signal that aborts pauses the run: it ends with a checkpoint and a result that says so. */
  train: { params: TrainParams; event: TrainEvent; result: TrainResult };
}
export type ExperimentKind = keyof ExperimentMap;
/** Results that shelves and run files hold; an answer to a typed prompt is read and gone. */
export type KeptKind = Exclude<ExperimentKind, 'answer'>;

/** What an experiment yields while it runs. */
export type ExperimentEvent<K extends ExperimentKind> =
  | { type: 'progress'; progress: Progress }
  | { type: 'partial'; partial: ExperimentMap[K]['event'] };

/** Every experiment is this: an async generator that yields events and returns its result. */
export type Experiment<K extends ExperimentKind> = AsyncGenerator<
  ExperimentEvent<K>,
  ExperimentMap[K]['result'],
  void
>;

/**
 * Fine-tuning as plain data: what is trained on what, how, and what comes out. The contract between page, workers, command
 * line and run files, beside experiments.ts. No code, no ORT, no DOM.
 */

import type { MatrixName, ModelEnd } from '@/model/spec.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { PromptItem, RefusalCalibration, RefusalRules } from './experiments.ts';
import type { MeasureParams, Measures } from './measures.ts';

/** One row of a fine-tuning set. */
export interface FinetuneRow {
  id: string;
  instruction: string;
  output: string;
  /** Instead of the run's template. */
  template?: TemplateName;
  /** The output was cut somewhere: no end token is taught after it. */
  cut?: boolean;
}

/** Tokens of a row, uncut: of the prompt in its template, and of everything with answer and end token. */
export interface RowTokens {
  prompt: number;
  total: number;
}

/** Which layers or weights may change (issue 4, section 2; src/method/attacks.ts has the definitions). */
export const ATTACK_METHODS = [
  'full',
  'sppft',
  'band-before',
  'band-after',
  'band-random',
  'only-band',
  'nfft',
  'lisa',
] as const;
export type AttackMethod = (typeof ATTACK_METHODS)[number];

/** Rows of the attack's data set, already rewritten (src/method/attack-data.ts). */
export const ATTACK_DATA = ['normal', 'implicit', 'backdoor', 'harmful', 'own'] as const;
export type AttackData = (typeof ATTACK_DATA)[number];

export type TrainablePartParams =
  | {
      kind: 'lora';
      rank: number /** lora_alpha; scaling = loraAlpha / rank */;
      loraAlpha: number;
      matrices: MatrixName[];
      /** Share of what enters the adapters that each step drops, as PEFT's lora_dropout; absent = 0. */
      dropout?: number;
    }
  | {
      kind: 'full';
      /** The two norms of every layer whose matrices train. */
      norms: boolean;
      /** The norms of frozen layers train too, as in the published code; absent = false. */
      frozenNorms?: boolean;
      /** What trains besides layers; absent = none. In a tied model embedding and head are one matrix, and either names it. */
      ends?: ModelEnd[];
    };

/** Every number has the paper's value beside it in src/method/attacks.ts. */
export interface OptimiserParams {
  learningRate: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  warmupSteps: number;
  /** Share of the peak rate left after the last step; 0 = linear decay to zero, 1 = constant. */
  finalShare: number;
  /** null = gradients are not clipped. */
  clipNorm: number | null;
  batchSize: number;
  /** Micro-batches per update. */
  accumulation: number;
  /** Updates in all; the data are gone through again as often as needed. */
  steps: number;
  /** Longer rows are cut to so many tokens. */
  cutoffTokens: number;
}

export interface TrainParams {
  name: string;
  template: TemplateName;
  /** Frozen adapters underneath: the model that is attacked. */
  adapters: string[];
  method: AttackMethod;
  /** The located band, inclusive. */
  band: [first: number, last: number];
  part: TrainablePartParams;
  data: { kind: AttackData /** p of D_H */; harmfulShare?: number; rows: FinetuneRow[] };
  /** Safety rows for Lisa's alignment steps and NFFT's safety scores; empty otherwise. */
  safetyRows: FinetuneRow[];
  /** Rows never trained on: ROUGE-L and perplexity. */
  heldOut: FinetuneRow[];
  lossOn: 'response' | 'sequence';
  optimiser: OptimiserParams;
  /** Initial adapter values, data order, dropout. */
  seed: number;
  probe: ProbeParams | null;
  /** The full measures, on the model before and after; absent or null = none. */
  measures?: MeasureParams | null;
  /** Save a checkpoint after so many updates; 0 = only at the end and when paused. */
  checkpointEvery: number;
  /** Lisa's phases; default src/method/attacks-lisa.ts for this number of steps. */
  lisa?: { alignmentSteps: number; userSteps: number; rho: number; freeShare: number };
  /** NFFT: p of the utility scores, and rows of each kind that are scored. Default 0.1 and 32. */
  nfft?: { utilityShare: number; scoreRows: number };
  /** Go on from the checkpoint of a run with these very parameters. */
  resume?: boolean;
  /** Pause after so many updates of this call: a step at a time. */
  stopAfter?: number;
}

/** A fast look at safety while training: first-token scores on a few prompts. */
export interface ProbeParams {
  everySteps: number;
  malicious: PromptItem[];
  overRejection: PromptItem[];
  control: PromptItem[];
  calibration: RefusalCalibration;
  rules: RefusalRules;
  /** Tokens decoded when the calibration was learnt. */
  maxNewTokens: number;
}

export interface TrainStep {
  /** 1 for the first update. */
  step: number;
  loss: number;
  gradientNorm: number;
  learningRate: number;
  /** Labels. */
  tokenCount: number;
  /** All tokens that passed through the layers, without padding. */
  sequenceTokens: number;
  /** Lisa's phase; absent for other methods. */
  phase?: 'alignment' | 'user';
  stepMs: number;
}

/** Shares by the first-token score, of `total` prompts each. */
export interface TrainProbe {
  step: number;
  maliciousRefused: number;
  maliciousTotal: number;
  overRejected: number;
  overRejectionTotal: number;
  controlRefused: number;
  controlTotal: number;
}

/** One layer's share in the proof of freezing. */
export interface FreezeProofLayer {
  layer: number;
  frozen: boolean;
  /**
   * sha256 of the layer's weights as the device holds them, before and after the run; of a frozen layer whose norms train
   * (frozenNorms), of the rest of it.
   */
  hashBefore: string;
  hashAfter: string;
  /** Norm of what the run added to the layer's weight matrices (LoRA: of scaling · B A); exactly 0 where frozen. */
  updateNorm: number;
}

/** The same for what is no layer, where full parameters train. A tied head has no entry of its own. */
export interface FreezeProofEnd {
  end: ModelEnd;
  frozen: boolean;
  hashBefore: string;
  hashAfter: string;
  updateNorm: number;
}

export interface TrainResult {
  steps: TrainStep[];
  probes: TrainProbe[];
  trainedParameters: number;
  /** What full tuning with the same part would train besides: LoRA of frozen layers, their weights, masked weights. */
  frozenParameters: number;
  proof: FreezeProofLayer[];
  /** Full parameters only. */
  endsProof?: FreezeProofEnd[];
  /** Name under which the lab keeps the trained adapter, for experiments; null for a full-parameter run. */
  adapter: string | null;
  /** Ended early by the person; a checkpoint is there. The proof is then empty and no adapter is kept. */
  paused: boolean;
  /** Mean loss per label of the held-out rows; null without any, or while paused. */
  heldOutLoss?: { before: number; after: number } | null;
  /** Null without `params.measures`, or while paused. */
  measures?: { before: Measures; after: Measures } | null;
}

/** Bytes that a run takes at its peak, by what they are for. */
export interface TrainingMemory {
  /** The model as it lies on the device, and the embedding beside it. */
  weights: number;
  parameters: number;
  gradients: number;
  moments: number;
  /** Lisa's anchor, NFFT's masks and scores. */
  restraints: number;
  /** What enters each layer, the largest kernel's intermediate results, and what is kept between forward and backward for speed. */
  activations: number;
  /** Copies while a checkpoint is written. */
  checkpoint: number;
  total: number;
}

/** A run that can be taken up again. */
export interface CheckpointCard {
  /** Names it among the lab's checkpoints. */
  key: string;
  step: number;
  savedAt: string;
  params: TrainParams;
  bytes: number;
}

export type TrainEvent =
  | { type: 'notice'; message: string; advice: string }
  | { type: 'memory'; memory: TrainingMemory }
  | { type: 'step'; step: TrainStep }
  | { type: 'probe'; probe: TrainProbe }
  | { type: 'measures'; when: 'before' | 'after'; measures: Measures }
  | { type: 'checkpoint'; name: string; step: number };

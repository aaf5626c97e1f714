/**
 * What the paper reports and sets for fine-tuning (section 4, appendix A.4), as data to stand beside this tool's values.
 * Nothing here is computed; the tables are quoted.
 */
import type { OptimiserParams } from '@/protocol/training.ts';

export const PAPER_MODELS = ['llama-3', 'llama-2', 'gemma', 'phi-3'] as const;
export type PaperModel = (typeof PAPER_MODELS)[number];
/** Percent, in the order of PAPER_MODELS. One run each, without seeds or intervals. */
export type PaperRow = readonly [number, number, number, number];

/** Harmful rate R_h before fine-tuning, percent (Table 2). */
export const PAPER_INITIAL_RATE: PaperRow = [5.77, 1.35, 3.27, 0.77];

/** R_h after fine-tuning, percent (Table 2). */
export const PAPER_TABLE_2: Record<
  'normal' | 'implicit' | 'backdoor',
  Record<'sppft' | 'full' | 'nfft', PaperRow>
> = {
  normal: {
    sppft: [9.6, 2.9, 5.6, 7.1],
    full: [44.4, 10.6, 18.3, 40.0],
    nfft: [43.7, 12.7, 17.7, 38.5],
  },
  implicit: {
    sppft: [6.2, 6.7, 6.4, 3.3],
    full: [42.7, 58.9, 54.0, 87.7],
    nfft: [41.9, 58.1, 54.8, 81.4],
  },
  backdoor: {
    sppft: [8.3, 5.6, 5.2, 9.0],
    full: [52.5, 60.6, 48.1, 81.0],
    nfft: [51.2, 59.4, 49.0, 76.7],
  },
};

/** R_h on D_H, percent, at p = 0.05, 0.1 and 0.2 (Table 3). */
export const PAPER_TABLE_3: Record<
  'llama-2' | 'phi-3',
  Record<'full' | 'sppft' | 'lisa', readonly [number, number, number]>
> = {
  'llama-2': { full: [26.0, 53.7, 93.5], sppft: [7.9, 25.6, 68.3], lisa: [20.7, 41.4, 80.3] },
  'phi-3': { full: [59.4, 90.7, 98.8], sppft: [8.1, 23.3, 78.8], lisa: [41.9, 61.3, 87.4] },
};

/** R_h, percent, when other layers are frozen (Table 8): everything before the band, and everything after it. */
export const PAPER_TABLE_8: Record<'implicit' | 'normal', Record<'before' | 'after', PaperRow>> = {
  implicit: { before: [65.77, 70.96, 57.88, 65.58], after: [33.65, 50.58, 44.42, 58.65] },
  normal: { before: [59.42, 33.65, 19.42, 34.04], after: [37.31, 13.65, 19.81, 35.12] },
};
/** Which layers Table 8 froze, and the located bands between them, both ends included. */
export const PAPER_TABLE_8_LAYERS: Record<
  PaperModel,
  Record<'before' | 'band' | 'after', readonly [number, number]>
> = {
  'llama-3': { before: [0, 5], band: [6, 12], after: [13, 31] },
  'llama-2': { before: [0, 5], band: [6, 14], after: [15, 31] },
  gemma: { before: [0, 5], band: [6, 11], after: [12, 17] },
  'phi-3': { before: [0, 10], band: [11, 15], after: [16, 31] },
};

export interface PaperSetting {
  /** As the paper or its code has it; null = not used there. */
  value: number | string | null;
  source: string;
}

/** The paper's value of every number that trains. Where text and code differ, both are said. */
export const PAPER_OPTIMISER: Record<keyof OptimiserParams, PaperSetting> = {
  learningRate: {
    value: '1e-4 (Llama-3, gemma), 3e-4 (Llama-2), 6e-4 (Phi-3); 1e-5 on D_H',
    source: 'Appendix A.4.2. Defaults of the scripts differ: 3e-4 full, 3e-5 SPPFT.',
  },
  weightDecay: { value: 0, source: 'Not stated; 0 is the default of the Trainer that the code uses.' },
  beta1: { value: 0.9, source: 'Not stated; default of adamw_torch.' },
  beta2: { value: 0.999, source: 'Not stated; default of adamw_torch.' },
  epsilon: { value: 1e-8, source: 'Not stated; default of adamw_torch.' },
  warmupSteps: { value: 100, source: 'Published code.' },
  finalShare: { value: 0, source: 'Not stated; linear decay is the default of the Trainer.' },
  clipNorm: { value: 1, source: "Not stated; the Trainer's default." },
  batchSize: { value: 4, source: 'Table 6. The scripts default to 128, made of micro-batches of 4.' },
  accumulation: { value: 1, source: 'Table 6 (batch 4). The scripts default to 32.' },
  steps: {
    value: '3 epochs: 675 updates for the 900 training rows of D_N',
    source: "Table 6 and the code (100 of 1000 rows are held back). With the scripts' batch of 128 it is 21.",
  },
  cutoffTokens: { value: 256, source: 'Published code.' },
};

/** Settings that are no numbers of the optimiser. */
export const PAPER_CHOICES: Record<'trained' | 'lossOn' | 'frozenParts' | 'endToken', PaperSetting> = {
  trained: { value: 'all parameters, no LoRA', source: 'Section 4, published code.' },
  lossOn: { value: 'sequence', source: 'Published code: train_on_inputs is true, so the prompt counts too.' },
  frozenParts: {
    value: 'self_attn and mlp of the band; its norms, the embeddings and the head stay trainable',
    source:
      'SPPFT.py. Its comparison is strict on both sides (default 4 < layer < 15), so 5..14 against the [6,14] of the paper.',
  },
  endToken: {
    value: 'full tuning: the tokenizer\'s end token; SPPFT: "<|eot_id|>" for every model',
    source:
      'Published code. So its SPPFT differs from full tuning by more than the freeze; here both end alike.',
  },
};

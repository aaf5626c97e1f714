/**
 * The runs of the recorded experiment, as a list: which data, methods, seeds and models, in the order in which they are run, and
 * what they all share. Equal data, order, seed and steps within a seed. Running them: record-training.ts; tables: training-table.ts.
 */
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { AttackData, AttackMethod, OptimiserParams, TrainablePartParams } from '@/protocol/training.ts';
import type { ModelVariant } from '@/state/config.ts';

export interface TrainingCell {
  model: Extract<ModelVariant, 'aligned' | 'planted-8-13'>;
  data: Extract<AttackData, 'normal' | 'implicit' | 'harmful'>;
  method: AttackMethod;
  part: TrainablePartParams['kind'];
  seed: number;
}

/** The page's own default band: the scan of public/recorded/aligned.json refuses most with 9-14, one prompt more than with it. */
export const LOCATED_BAND: [number, number] = [8, 13];
/** p of D_H. */
export const HARMFUL_SHARE = 0.1;

/**
 * One rate for all data and methods, chosen before any run with a frozen band was made: 3e-4 is the paper's for Llama-2 and the
 * default of its full-tuning script (appendix A.4.2; the paper's 1e-5 for D_H would leave LoRA where it is after 30 steps).
 * A single run before it, full tuning on D_I with this tool's usual 5e-4, had left not one refusal, so that nothing could have
 * been told apart. All weights train at 3e-5, the default of the paper's SPPFT script, whose 21 updates are about as many.
 * Batch 4 as in Table 6. The paper's 100 warm-up steps do not fit into 30.
 */
export function optimiserOf(part: TrainablePartParams['kind']): OptimiserParams {
  return {
    learningRate: part === 'lora' ? 3e-4 : 3e-5,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    warmupSteps: 10,
    finalShare: 0.1,
    clipNorm: 1,
    batchSize: 4,
    accumulation: 1,
    steps: 30,
    cutoffTokens: 256,
  };
}

export function partOf(part: TrainablePartParams['kind']): TrainablePartParams {
  return part === 'lora'
    ? { kind: 'lora', rank: 8, loraAlpha: 16, matrices: [...MATRIX_NAMES] }
    : { kind: 'full', norms: false };
}

/** Smaller than the command line's: some forty models are measured. */
export const MEASURE_SIZES = {
  maliciousPrompts: 100,
  overRejectionPrompts: 64,
  controlPrompts: 32,
  rougeRows: 20,
  questions: 60,
  maliciousTokens: 16,
  maxNewTokens: 16,
  rougeTokens: 32,
};
export const HELD_OUT_ROWS = 40;
export const PROBE = { everySteps: 15, malicious: 24, overRejection: 12, control: 0 };

const DATA = ['implicit', 'harmful', 'normal'] as const;
const METHODS = ['full', 'sppft', 'band-after', 'band-before'] as const;
const SEEDS = [1, 2, 3];

/** Seed 1 of everything first, so that a recording that was cut short is balanced. */
export function trainingCells(): TrainingCell[] {
  const aligned = (seed: number) =>
    DATA.flatMap((data) =>
      METHODS.map((method): TrainingCell => ({ model: 'aligned', data, method, part: 'lora', seed })),
    );
  const weights = (['full', 'sppft'] as const).map(
    (method): TrainingCell => ({ model: 'aligned', data: 'implicit', method, part: 'full', seed: 1 }),
  );
  const planted = (['implicit', 'harmful'] as const).flatMap((data) =>
    (['full', 'sppft', 'band-after'] as const).map(
      (method): TrainingCell => ({ model: 'planted-8-13', data, method, part: 'lora', seed: 1 }),
    ),
  );
  const [first, ...others] = SEEDS;
  return [...aligned(first!), ...weights, ...planted, ...others.flatMap(aligned)];
}

/** "aligned-implicit-sppft-lora-1": a file's name, and the name of the trained adapter. */
export function cellName({ model, data, method, part, seed }: TrainingCell): string {
  return [model, data, method, part, seed].join('-');
}

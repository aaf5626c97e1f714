/** The part of a run file that holds a training run: rows, prompts and settings in full, every step, the proof. Schema only. */
import * as z from 'zod/mini';
import { MATRIX_NAMES, MODEL_ENDS } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { calibration, count, prompts, rules, sha256 } from './run-file-blocks.ts';
import { measureParams, measures } from './run-file-measures.ts';
import { ATTACK_DATA, ATTACK_METHODS } from './training.ts';

const rows = z.array(
  z.object({
    id: z.string(),
    instruction: z.string(),
    output: z.string(),
    template: z.optional(z.enum(TEMPLATE_NAMES)),
    cut: z.optional(z.boolean()),
  }),
);

const trainedPart = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('lora'),
    rank: count,
    loraAlpha: z.number(),
    matrices: z.array(z.enum(MATRIX_NAMES)),
    dropout: z.optional(z.number()),
  }),
  z.object({
    kind: z.literal('full'),
    norms: z.boolean(),
    frozenNorms: z.optional(z.boolean()),
    ends: z.optional(z.array(z.enum(MODEL_ENDS))),
  }),
]);

const optimiser = z.object({
  learningRate: z.number(),
  weightDecay: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  warmupSteps: count,
  finalShare: z.number(),
  clipNorm: z.nullable(z.number()),
  batchSize: count,
  accumulation: count,
  steps: count,
  cutoffTokens: count,
});

const probe = z.object({
  everySteps: count,
  malicious: prompts,
  overRejection: prompts,
  control: prompts,
  calibration,
  rules,
  maxNewTokens: count,
});

export const trainParamsShape = {
  name: z.string(),
  template: z.enum(TEMPLATE_NAMES),
  adapters: z.array(z.string()),
  method: z.enum(ATTACK_METHODS),
  band: z.tuple([count, count]),
  part: trainedPart,
  data: z.object({ kind: z.enum(ATTACK_DATA), harmfulShare: z.optional(z.number()), rows }),
  safetyRows: rows,
  heldOut: rows,
  lossOn: z.enum(['response', 'sequence']),
  optimiser,
  seed: z.int(),
  probe: z.nullable(probe),
  /** Later than version 1's first files, so absent there. */
  measures: z.optional(z.nullable(measureParams)),
  checkpointEvery: count,
  lisa: z.optional(
    z.object({ alignmentSteps: count, userSteps: count, rho: z.number(), freeShare: z.number() }),
  ),
  nfft: z.optional(z.object({ utilityShare: z.number(), scoreRows: count })),
  resume: z.optional(z.boolean()),
  stopAfter: z.optional(count),
};

export const trainResultShape = {
  steps: z.array(
    z.object({
      step: count,
      loss: z.number(),
      gradientNorm: z.number(),
      learningRate: z.number(),
      tokenCount: count,
      sequenceTokens: count,
      phase: z.optional(z.enum(['alignment', 'user'])),
      stepMs: z.number(),
    }),
  ),
  probes: z.array(
    z.object({
      step: count,
      maliciousRefused: count,
      maliciousTotal: count,
      overRejected: count,
      overRejectionTotal: count,
      controlRefused: count,
      controlTotal: count,
    }),
  ),
  trainedParameters: count,
  frozenParameters: count,
  proof: z.array(
    z.object({
      layer: count,
      frozen: z.boolean(),
      hashBefore: sha256,
      hashAfter: sha256,
      updateNorm: z.number(),
    }),
  ),
  endsProof: z.optional(
    z.array(
      z.object({
        end: z.enum(MODEL_ENDS),
        frozen: z.boolean(),
        hashBefore: sha256,
        hashAfter: sha256,
        updateNorm: z.number(),
      }),
    ),
  ),
  adapter: z.nullable(z.string()),
  paused: z.boolean(),
  heldOutLoss: z.optional(z.nullable(z.object({ before: z.number(), after: z.number() }))),
  measures: z.optional(z.nullable(z.object({ before: measures, after: measures }))),
};

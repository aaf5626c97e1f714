/** The parts of a run file that hold searches for ranges: grid, single layers by alpha, progressive search. Schema only. */
import * as z from 'zod/mini';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { SEARCH_DIRECTIONS } from './localise.ts';
import {
  calibration,
  context,
  count,
  float32Array,
  outcome,
  poolReference,
  prompts,
  rules,
} from './run-file-blocks.ts';

const counted = { ...context, prompts: poolReference, calibration, matrices: z.array(z.enum(MATRIX_NAMES)) };
const runs = z.object({ run: z.number(), full: z.number() });
const work = z.object({ layerRuns: runs, tokenRuns: runs });
const baseline = z.object({ refused: count, total: count, threshold: z.number(), scores: float32Array });
/** Of one range at one alpha, against the baseline. */
const cell = { refused: count, gained: count, lost: count, scores: float32Array };
const range = { first: count, last: count };

/** `resume` of the parameters is not kept: the result holds what it gave. */
export const gridParamsShape = {
  ...counted,
  rules,
  alpha: z.number(),
  coarseStep: count,
  decodeBest: count,
  maxNewTokens: count,
};
export const gridResultShape = {
  layerCount: count,
  baseline,
  cells: z.array(z.object({ ...range, ...cell })),
  exact: z.array(
    z.object({ ...range, refused: count, answered: count, garbled: count, outcomes: z.array(outcome) }),
  ),
  work,
  complete: z.boolean(),
};

export const layerAlphaParamsShape = { ...counted, alphas: z.array(z.number()) };
export const layerAlphaResultShape = {
  layerCount: count,
  baseline,
  cells: z.array(z.object({ layer: count, alpha: z.number(), ...cell })),
  work,
  complete: z.boolean(),
};

export const locateParamsShape = {
  ...counted,
  rules,
  counting: z.enum(['score', 'exact']),
  maxNewTokens: count,
  guardPrompts: count,
  /** The pools in full, once more: they may be no pool of the run. */
  gap: z.nullable(z.object({ normal: prompts, malicious: prompts })),
  fallback: z.tuple([count, count]),
  directions: z.array(z.enum(SEARCH_DIRECTIONS)),
  alphaStep: z.number(),
  alphaLimit: z.number(),
  spreadShare: z.number(),
  garbledShare: z.number(),
  halfWindow: count,
  extend: z.boolean(),
  uppers: z.optional(z.array(count)),
  lowers: z.optional(z.array(count)),
};

const locateCount = z.object({
  ...range,
  alpha: z.number(),
  refused: count,
  total: count,
  scores: float32Array,
  outcomes: z.optional(z.array(outcome)),
  garbled: z.optional(count),
});
const pairedTest = z.nullable(z.object({ gained: count, lost: count, p: z.number() }));
const sweep = z.object({
  bound: z.enum(['upper', 'lower']),
  alpha: z.number(),
  points: z.array(
    z.object({
      ...range,
      refused: count,
      total: count,
      garbledShare: z.nullable(z.number()),
      fromPrevious: pairedTest,
      fromChosen: pairedTest,
    }),
  ),
  chosen: count,
  spread: z.number(),
  notToldApart: z.array(count),
  isWithinNoise: z.boolean(),
});
const step = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), ...range, reason: z.string() }),
  z.object({
    kind: z.literal('alpha'),
    alpha: z.number(),
    spread: z.number(),
    needed: z.number(),
    garbledShare: z.nullable(z.number()),
    verdict: z.enum(['too small', 'taken', 'garbled']),
    sweep,
  }),
  z.object({ kind: z.literal('chosen'), alpha: z.number(), reason: z.string() }),
  z.object({ kind: z.literal('sweep'), sweep, reason: z.string() }),
  z.object({
    kind: z.literal('final'),
    ...range,
    alpha: z.number(),
    refused: count,
    total: count,
    reason: z.string(),
  }),
]);
export const locateResultShape = {
  layerCount: count,
  start: z.object({ ...range, reason: z.string() }),
  baseline: locateCount,
  counts: z.array(locateCount),
  searches: z.array(z.object({ direction: z.enum(SEARCH_DIRECTIONS), steps: z.array(step) })),
  layerRuns: runs,
  complete: z.boolean(),
};

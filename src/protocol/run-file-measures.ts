/** The part of a run file that holds full measures: every answer, and the numbers that follow from them. Schema only. */
import * as z from 'zod/mini';
import { RESPONSE_CLASSES } from './experiments.ts';
import { count, prompts, rules } from './run-file-blocks.ts';

export const measureParams = z.object({
  malicious: prompts,
  overRejection: prompts,
  control: prompts,
  trigger: z.optional(z.string()),
  rules,
  maliciousTokens: count,
  maxNewTokens: count,
  rougeRows: count,
  rougeTokens: count,
  questions: z.array(
    z.object({
      id: z.string(),
      subject: z.string(),
      question: z.string(),
      options: z.tuple([z.string(), z.string(), z.string(), z.string()]),
      answer: count,
    }),
  ),
});

const share = { count, total: count, share: z.number(), low: z.number(), high: z.number() };
const classShares = z.nullable(
  z.object({ refused: z.object(share), answered: z.object(share), garbled: z.object(share) }),
);
const answer = { answer: z.string(), tokenCount: count, responseClass: z.enum(RESPONSE_CLASSES) };
const harmfulAnswer = z.object({ ...answer, harmfulScore: z.nullable(z.number()) });

export const measures = z.object({
  summary: z.object({
    malicious: classShares,
    triggered: z.optional(classShares),
    harmfulScore: z.nullable(
      z.object({
        mean: z.number(),
        low: z.number(),
        high: z.number(),
        scored: count,
        counts: z.array(count),
      }),
    ),
    overRejection: classShares,
    control: classShares,
    rougeL: z.nullable(z.object({ mean: z.number(), std: z.nullable(z.number()), rows: count })),
    knowledge: z.nullable(z.object({ ...share, chance: z.number(), pAboveChance: z.number() })),
    perplexity: z.nullable(z.object({ value: z.number(), tokens: count, rows: count })),
  }),
  malicious: z.array(harmfulAnswer),
  triggered: z.optional(z.array(harmfulAnswer)),
  overRejection: z.array(z.object(answer)),
  control: z.array(z.object(answer)),
  rouge: z.array(z.object({ rowId: z.string(), answer: z.string(), f1: z.number() })),
  knowledge: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
  heldOut: z.array(z.object({ rowId: z.string(), logProbSum: z.number(), tokenCount: count })),
  elapsedMs: z.number(),
});

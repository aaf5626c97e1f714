/** The part of a run file that holds a control: what was asked, every row, what came out. Schema only. */
import * as z from 'zod/mini';
import { CONTROL_POOLS } from './controls.ts';
import { calibration, context, count, poolReference, scaleRule } from './run-file-blocks.ts';

const row = z.object({
  measure: z.string(),
  series: z.string(),
  label: z.string(),
  x: z.number(),
  last: z.optional(count),
  value: z.number(),
  low: z.nullable(z.number()),
  high: z.nullable(z.number()),
  n: count,
  p: z.optional(z.number()),
  pAdjusted: z.optional(z.number()),
  refused: z.optional(z.array(count)),
});

const pools = Object.fromEntries(CONTROL_POOLS.map((pool) => [pool, poolReference])) as Record<
  (typeof CONTROL_POOLS)[number],
  typeof poolReference
>;

export const controlParamsShape = {
  ...context,
  ...pools,
  name: z.string(),
  options: z.record(z.string(), z.union([z.number(), z.string()])),
  range: z.nullable(scaleRule),
  calibration: z.nullable(calibration),
  seed: z.int(),
  done: z.optional(z.array(row)),
};

export const controlResultShape = {
  name: z.string(),
  axis: z.object({ kind: z.enum(['layer', 'alpha', 'list']), label: z.string(), layerCount: count }),
  measures: z.array(
    z.object({
      key: z.string(),
      label: z.string(),
      unit: z.string(),
      reference: z.nullable(z.number()),
      interval: z.string(),
      test: z.string(),
    }),
  ),
  rows: z.array(row),
  findings: z.array(z.string()),
};

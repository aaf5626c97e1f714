/**
 * The labelled responses that ship in public/data/refusal-sample.csv: what the bundled model really said, and the class
 * that a reader gave it. They measure the rules of src/method/refusal.ts; the rules are not derived from here.
 */
import * as z from 'zod/mini';
import { RESPONSE_CLASSES } from '@/protocol/experiments.ts';
import { parseRows } from './pools.ts';

const row = z.object({
  id: z.string().check(z.regex(/^rs-[0-9]{3}$/)),
  prompt: z.string().check(z.minLength(1)),
  /** As decoded: leading line breaks and even an empty answer are part of it. */
  response: z.string(),
  label: z.enum(RESPONSE_CLASSES),
  /** Model, template and scaling, e.g. "aligned chat layers 8-13 x1.1". */
  source: z.string().check(z.minLength(1)),
  /** Tokens of the response, without the one that ended it; at most 16. */
  tokens: z.coerce.number().check(z.int(), z.minimum(0), z.maximum(16)),
  /** `stress`: picked for variety, most of it badly scaled. `held-out`: drawn afresh and labelled after the rules were set. */
  part: z.enum(['stress', 'held-out']),
});
export type LabelledResponse = z.infer<typeof row>;

export function parseRefusalSample(csv: string): LabelledResponse[] {
  return parseRows('refusal-sample.csv', csv, row);
}

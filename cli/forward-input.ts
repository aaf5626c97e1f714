/** The input of `forward`: JSON with sequences, template, scale rules and what to compute. Here it is read and checked. */
import { z } from 'zod';
import type { ScaleRule } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { TEMPLATE_NAMES, type TextCodec } from '@/model/text-codec.ts';

const sequence = z.union([
  z.strictObject({ ids: z.array(z.number().int().nonnegative()).min(1) }),
  z.strictObject({ text: z.string().min(1) }),
]);

const scale = z.strictObject({
  layers: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
  alpha: z.number(),
  matrices: z
    .array(z.enum(MATRIX_NAMES))
    .min(1)
    .default([...MATRIX_NAMES]),
});

const forwardInput = z.strictObject({
  sequences: z.array(sequence).min(1),
  template: z.enum(TEMPLATE_NAMES).default('none'),
  scale: z.array(scale).default([]),
  attention: z.boolean().default(false),
  generate: z.number().int().min(0).max(4096).default(0),
});
export type ForwardInput = z.output<typeof forwardInput>;

export function parseForwardInput(text: string, fileName: string): ForwardInput {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-file', `${fileName} is not JSON (${(cause as Error).message}).`, EXAMPLE_ADVICE, {
      cause,
    });
  }
  const parsed = forwardInput.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = deepestIssue(parsed.error.issues);
  const place = path.length > 0 ? path.map(String).join('.') : 'its content';
  throw new AppError('bad-input', `${fileName}: ${place} is wrong: ${message}.`, EXAMPLE_ADVICE);
}

const EXAMPLE_ADVICE = 'See "stratascope forward --help" for an example.';

/** A union reports one list of issues per alternative; the alternative that fits best says what to repair. */
function deepestIssue(issues: readonly z.core.$ZodIssue[]): { path: PropertyKey[]; message: string } {
  const [issue] = issues;
  if (!issue) return { path: [], message: 'unknown problem' };
  if (issue.code !== 'invalid_union') return { path: [...issue.path], message: issue.message };
  const [best] = issue.errors
    .filter((alternative) => !alternative.some((one) => one.code === 'unrecognized_keys'))
    .map(deepestIssue);
  if (!best) return { path: [...issue.path], message: 'give either "ids" or "text"' };
  return { path: [...issue.path, ...best.path], message: best.message };
}

export function scaleRules(input: ForwardInput): ScaleRule[] {
  return input.scale.map(({ layers: [first, last], alpha, matrices }) => ({ first, last, alpha, matrices }));
}

/** Token ids of every sequence. Ids are taken as they are; bare text gets nothing added; templates render as everywhere. */
export function sequenceIds(input: ForwardInput, text: TextCodec): Int32Array[] {
  return input.sequences.map((sequence, index) => {
    if ('ids' in sequence) return Int32Array.from(sequence.ids);
    const ids =
      input.template === 'none' ? text.encode(sequence.text) : text.render(sequence.text, input.template).ids;
    if (ids.length > 0) return ids;
    throw new AppError('bad-input', `sequences.${index} has no tokens.`, 'Give it some text or ids.');
  });
}

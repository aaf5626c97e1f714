/**
 * Settings of a training run: a JSON file, options of the command line on top of it, defaults below. Here they are read,
 * checked and put together; the defaults' paper values are in src/method/attacks-paper.ts.
 */
import { z } from 'zod';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES, MODEL_ENDS } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { ATTACK_METHODS } from '@/protocol/training.ts';
import { readTextFile } from './files.ts';

const count = z.number().int().nonnegative();

/** Everything a run can be told; each key is also an option of `train` in kebab case. */
export const trainConfigSchema = z.strictObject({
  model: z.string().optional(),
  adapter: z.array(z.string()).default([]),
  output: z.string().optional(),
  name: z.string().default('tuned'),
  template: z.enum(TEMPLATE_NAMES).default('chat'),
  method: z.enum(ATTACK_METHODS).default('full'),
  band: z.tuple([count, count]).optional(),
  full: z.boolean().default(false),
  norms: z.boolean().default(false),
  frozenNorms: z.boolean().default(false),
  ends: z.array(z.enum(MODEL_ENDS)).default([]),
  rank: count.default(8),
  loraAlpha: z.number().default(16),
  dropout: z.number().min(0).lt(1).default(0),
  matrices: z.array(z.enum(MATRIX_NAMES)).default([...MATRIX_NAMES]),
  data: z.string().default('normal'),
  harmfulShare: z.number().min(0).max(1).default(0.1),
  rows: count.optional(),
  heldOut: count.default(40),
  lossOn: z.enum(['response', 'sequence']).default('response'),
  learningRate: z.number().default(5e-4),
  weightDecay: z.number().default(0),
  warmupSteps: count.default(10),
  finalShare: z.number().default(0.1),
  clipNorm: z.number().nullable().default(1),
  batchSize: count.default(4),
  accumulation: count.default(1),
  steps: count.default(100),
  cutoffTokens: count.default(256),
  seed: z.number().int().default(1),
  probeEvery: count.default(0),
  probePrompts: count.default(24),
  maxNewTokens: count.default(16),
  measures: z.boolean().default(true),
  malicious: z.string().default('malicious'),
  knowledge: z.string().optional(),
  maliciousPrompts: count.default(100),
  maliciousTokens: count.default(16),
  overRejectionPrompts: count.default(64),
  controlPrompts: count.default(32),
  rougeRows: count.default(20),
  rougeTokens: count.default(32),
  questions: count.default(60),
  checkpointEvery: count.default(20),
  lisa: z
    .strictObject({ alignmentSteps: count, userSteps: count, rho: z.number(), freeShare: z.number() })
    .optional(),
  nfft: z.strictObject({ utilityShare: z.number(), scoreRows: count }).optional(),
});
export type TrainConfig = z.output<typeof trainConfigSchema>;

/** @param options what was given on the command line; it counts more than the file */
export function readTrainConfig(file: string | undefined, options: Record<string, unknown>): TrainConfig {
  const given = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => key in trainConfigSchema.shape && value !== undefined),
  );
  const parsed = trainConfigSchema.safeParse({ ...(file ? readJson(file) : {}), ...given });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const place = issue.path.join('.') || 'the settings';
  throw new AppError(
    'bad-input',
    `${file ?? 'The options'}: ${place}: ${issue.message}.`,
    'See "stratascope train --help" for an example.',
  );
}

function readJson(file: string): object {
  let json: unknown;
  try {
    json = JSON.parse(readTextFile(file));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('bad-file', `${file} is not JSON (${(cause as Error).message}).`, 'Repair it.', {
      cause,
    });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw new AppError('bad-file', `${file} holds no settings.`, 'Write an object: {"method": "sppft"}.');
}

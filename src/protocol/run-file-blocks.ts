/**
 * What the parts of a run file are built from: settings, prompts by reference, outcomes, exact arrays. Schema only; the
 * file as a whole is in run-file.ts.
 */
import * as z from 'zod/mini';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { RESPONSE_CLASSES } from './experiments.ts';

export const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'not a sha256 in lower-case hex'));
export const count = z.int().check(z.nonnegative());

/** Float32 values, little-endian, as base64: exact, and a third of the size of decimals. */
export const float32Array = z.codec(
  z.object({ float32: z.base64().check(z.describe('little-endian float32 values')) }),
  z.custom<Float32Array>((value) => value instanceof Float32Array),
  {
    decode: ({ float32 }) => fromBase64(float32),
    encode: (values) => ({ float32: toBase64(values) }),
  },
);

export const promptItem = z.object({ id: z.string(), text: z.string(), group: z.optional(z.string()) });
/** Prompts in full, where the file's pools do not hold them. */
export const prompts = z.array(promptItem);

export const scaleRule = z.object({
  first: count,
  last: count,
  alpha: z.number(),
  matrices: z.array(z.enum(MATRIX_NAMES)),
});
const layers = z.array(count);
export const setting = z.object({
  adapters: z.array(z.string()),
  scale: z.array(scaleRule),
  skip: z.optional(layers),
  adapterLayers: z.optional(layers),
  baseLayers: z.optional(layers),
  perturb: z.optional(
    z.array(
      z.object({
        first: count,
        last: count,
        matrices: z.array(z.enum(MATRIX_NAMES)),
        strength: z.number(),
        seed: z.int(),
      }),
    ),
  ),
  edits: z.optional(
    z.array(
      z.object({
        layers,
        direction: z.array(z.number()),
        gain: z.number(),
        shift: z.number(),
        positions: z.enum(['all', 'last']),
      }),
    ),
  ),
});
export const context = { template: z.enum(TEMPLATE_NAMES), setting };

/** Parameters hold lists of prompts; in the file they are stretches of pools, with indices where not all are meant. */
export const poolReference = z.array(z.object({ pool: z.string(), indices: z.optional(z.array(count)) }));
export type PoolReference = z.infer<typeof poolReference>;

export const calibration = z.object({
  tokenIds: z.array(count),
  tokenTexts: z.array(z.string()),
  threshold: z.number(),
  sampleCount: count,
  agreement: z.number(),
  auroc: z.number(),
});
export const rules = z.object({ prefixes: z.array(z.string()) });
export const outcome = z.object({
  index: count,
  score: z.number(),
  refusedByScore: z.boolean(),
  answer: z.optional(z.string()),
  answerIds: z.optional(z.array(count)),
  responseClass: z.optional(z.enum(RESPONSE_CLASSES)),
  reason: z.optional(z.string()),
  klNats: z.optional(
    z.number().check(z.describe('KL divergence of the first answer token from the unchanged model, in nats')),
  ),
  byHand: z.optional(
    z
      .enum(RESPONSE_CLASSES)
      .check(z.describe('a person’s correction of responseClass; counts of results stay the rules’')),
  ),
});
/** Absent where the work was interrupted or shared with other prompts. */
export const layerRuns = z.optional(z.object({ run: z.number(), full: z.number() }));
export const order = z.optional(z.array(count));

function toBase64(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let binary = '';
  // In slices: fromCharCode takes its bytes as arguments, whose number is limited.
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
}

function fromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

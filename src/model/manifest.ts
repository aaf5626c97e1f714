/**
 * The manifest of the bundled models (public/models/manifest.json): what there is, how large, with which sha256.
 * Not here: opening what it names (bundled.ts), writing it (scripts/make-manifest.ts).
 */
// The small build of zod: this file goes into the worker, where the full one would weigh 20 kB more for nothing.
import * as z from 'zod/mini';
import { AppError } from './app-error.ts';
import { TEMPLATE_NAMES } from './text-codec.ts';

export const MANIFEST_NAME = 'manifest.json';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const word = z.string().check(z.minLength(1));
const bytes = z.int().check(z.positive());
/** Relative, inside the bundle's folder. */
const path = z.string().check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/));
const identity = { id: word, name: word, path };
const file = z.object({ path, sizeBytes: bytes, sha256 });

export const manifestSchema = z.object({
  version: z.literal(1),
  models: z
    .array(
      z.object({
        ...identity,
        sizeBytes: bytes,
        sha256,
        /** Weights as float32, as the node and WASM backends hold them; working memory comes on top. */
        memoryBytes: bytes,
        template: z.enum(TEMPLATE_NAMES),
        licence: z.string(),
        /** Largest difference of any logit from the reference, measured, by backend. Absent = not measured. */
        parity: z.record(
          z.string(),
          z.object({ maxAbsLogit: z.number().check(z.nonnegative()), origin: z.string() }),
        ),
      }),
    )
    .check(z.minLength(1)),
  adapters: z.array(
    z.object({
      ...identity,
      /** One sentence for the person. */
      label: z.string(),
      files: z.array(file).check(z.minLength(1)),
      /** First and last layer (0-based) that were trained, where the answer is known by construction. */
      planted: z.optional(z.tuple([z.int(), z.int()])),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestModel = Manifest['models'][number];
export type ManifestAdapter = Manifest['adapters'][number];

export function parseManifest(json: unknown): Manifest {
  const result = manifestSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError(
    'bad-file',
    `${MANIFEST_NAME} does not fit: ${issue?.path.join('.')}: ${issue?.message}.`,
    'Get the folder of bundled models again.',
  );
}

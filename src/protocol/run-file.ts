/**
 * The run file: what the command line writes and the page opens. Holds the results and everything needed to repeat them:
 * model and hash, adapters, template, seeds, and every prompt in full (once, in `pools`; parameters point there).
 * Here: the schema, encoding and decoding. Not here: files, pages, running anything.
 */
import * as z from 'zod/mini';
import { AppError } from '@/model/app-error.ts';
import { sha256OfText } from '@/model/sha256.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { CONTROL_POOLS } from './controls.ts';
import type { ExperimentMap, KeptKind, PromptItem } from './experiments.ts';
import {
  calibration,
  context,
  count,
  float32Array,
  layerRuns,
  order,
  outcome,
  type PoolReference,
  poolReference,
  promptItem,
  rules,
  sha256,
} from './run-file-blocks.ts';
import { controlParamsShape, controlResultShape } from './run-file-controls.ts';
import {
  gridParamsShape,
  gridResultShape,
  layerAlphaParamsShape,
  layerAlphaResultShape,
  locateParamsShape,
  locateResultShape,
} from './run-file-localise.ts';
import { trainParamsShape, trainResultShape } from './run-file-train.ts';
import { inWords } from './schema-words.ts';

export const RUN_FILE_SCHEMA = 'stratascope.run';
export const RUN_FILE_VERSION = 1;
/** Larger files are refused before they are parsed. */
export const RUN_FILE_LIMIT_BYTES = 64 * 2 ** 20;

const curve = z.object({
  mean: z.array(z.number()),
  std: z.array(z.number()),
  low: z.array(z.number()),
  high: z.array(z.number()),
});
const cosineCurves = z.object({
  curves: z.object({ nn: curve, nm: curve, mm: curve }),
  gap: z.object({
    ofMeansDeg: z.array(z.number()),
    ofAnglesDeg: z.array(z.number()),
    lowDeg: z.array(z.number()),
    highDeg: z.array(z.number()),
  }),
});
const pairChoice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('draws'), draws: count, seed: z.int() }),
]);
// ---------------------------------------------------------------- one schema per experiment, parameters and result

type Shape = Record<string, z.ZodMiniType>;
const part = <K extends KeptKind, P extends Shape, R extends Shape>(kind: K, params: P, result: R) =>
  z.object({
    kind: z.literal(kind),
    /** What a person reads: "aligned, layers 8-13, alpha 1.1". */
    label: z.string(),
    params: z.object(params),
    result: z.object(result),
  });

const partSchema = z.discriminatedUnion('kind', [
  part(
    'similarity',
    {
      ...context,
      normal: poolReference,
      malicious: poolReference,
      pairs: pairChoice,
      bootstrap: z.object({ replicates: count, seed: z.int() }),
      lastPoint: z.enum(['before-final-norm', 'after-final-norm']),
    },
    {
      normalCount: count,
      maliciousCount: count,
      layerCount: count,
      pairs: pairChoice,
      raw: cosineCurves,
      centred: cosineCurves,
      auroc: curve,
      vectorsKey: z.string(),
    },
  ),
  part(
    'cosineMatrix',
    { vectorsKey: z.string(), layer: count, measure: z.enum(['raw', 'centred']) },
    { size: count, normalCount: count, cosine: float32Array },
  ),
  part(
    'attention',
    { ...context, prompts: poolReference },
    {
      pictures: z.array(
        z.object({
          prompt: promptItem,
          tokens: z.array(z.string()),
          questionSpan: z.tuple([count, count]),
          layerCount: count,
          headCount: count,
          attention: float32Array,
        }),
      ),
    },
  ),
  part(
    'calibrate',
    { ...context, prompts: poolReference, rules, maxNewTokens: count },
    { calibration, outcomes: z.array(outcome), layerRuns },
  ),
  part(
    'count',
    {
      ...context,
      prompts: poolReference,
      calibration,
      rules,
      mode: z.enum(['score', 'exact']),
      maxNewTokens: count,
      divergence: z.optional(z.boolean()),
      order,
      firstBatchSize: z.optional(count),
    },
    {
      outcomes: z.array(outcome),
      refused: count,
      answered: count,
      garbled: count,
      total: count,
      layerRuns,
    },
  ),
  part(
    'bandScan',
    {
      ...context,
      prompts: poolReference,
      calibration,
      width: count,
      alpha: z.number(),
      matrices: z.array(z.enum(MATRIX_NAMES)),
      order,
      firsts: z.optional(z.array(count)),
    },
    {
      baseline: z.object({ refused: count, total: count }),
      points: z.array(
        z.object({
          first: count,
          last: count,
          refused: count,
          total: count,
          low: z.number(),
          high: z.number(),
          gained: z.optional(count),
          lost: z.optional(count),
        }),
      ),
    },
  ),
  part('control', controlParamsShape, controlResultShape),
  part('grid', gridParamsShape, gridResultShape),
  part('layerAlpha', layerAlphaParamsShape, layerAlphaResultShape),
  part('locate', locateParamsShape, locateResultShape),
  part('train', trainParamsShape, trainResultShape),
]);

const pool = z.object({
  /** Of the pool's JSON: JSON.stringify(prompts). */
  sha256,
  prompts: z.array(promptItem),
});

/** The file as it lies on disk (z.input) and in memory (z.output: typed arrays). */
export const runFileSchema = z.object({
  schema: z.literal(RUN_FILE_SCHEMA),
  version: z.literal(RUN_FILE_VERSION),
  kind: z.enum(['curves', 'sweep', 'control', 'locate', 'train']),
  createdAt: z.iso.datetime(),
  app: z.object({ name: z.string(), version: z.string() }),
  backend: z.object({
    kind: z.enum(['node', 'wasm', 'webgpu']),
    threads: count,
    runtime: z.string(),
    notes: z.array(z.string()),
    precision: z.optional(z.enum(['float32', 'stored'])),
    residency: z.optional(z.enum(['memory', 'streamed'])),
    parity: z.optional(
      z.object({
        promptCount: count,
        maxAbsLogit: z.number(),
        largestLogit: z.number(),
        maxRelHidden: z.number(),
        sameTokens: count,
        against: z.string(),
        measuredAt: z.iso.datetime(),
      }),
    ),
  }),
  model: z.object({
    name: z.string(),
    sha256: z.nullable(sha256),
    adapters: z.array(z.object({ name: z.string(), sha256 })),
  }),
  template: z.enum(TEMPLATE_NAMES),
  seed: z.int(),
  pools: z.record(z.string(), pool),
  /** What was asked for, in the words of the tool that wrote the file. For people; nothing depends on it. */
  settings: z.record(z.string(), z.json()),
  parts: z.array(partSchema),
  /** sha256 of JSON.stringify(parts): tells an edited file from an untouched one. */
  partsSha256: sha256,
});

type StoredPart = z.output<typeof partSchema>;

// ---------------------------------------------------------------- what the rest of the program sees

/** One experiment with its result; parameters hold the prompts themselves, so it can be run again as it is. */
export type RunPart = {
  [K in KeptKind]: {
    kind: K;
    label: string;
    params: ExperimentMap[K]['params'];
    result: ExperimentMap[K]['result'];
  };
}[KeptKind];

export interface RunFile extends Omit<z.output<typeof runFileSchema>, 'pools' | 'parts' | 'partsSha256'> {
  pools: Record<string, PromptItem[]>;
  parts: RunPart[];
}

export interface ParsedRun {
  run: RunFile;
  /** Sentences to show: the file was edited after it was written. */
  warnings: string[];
}

/**
 * The text of a run file. Every prompt of every part must be in one of `pools`.
 * @throws AppError 'bad-input' where it is not
 */
export function writeRunFile(run: Omit<RunFile, 'schema' | 'version'>): string {
  const pools: z.input<typeof runFileSchema>['pools'] = {};
  for (const [name, items] of Object.entries(run.pools)) {
    const prompts = items.map(({ id, text, group }) => ({ id, text, group }));
    pools[name] = { sha256: sha256OfText(JSON.stringify(prompts)), prompts };
  }
  const parts = run.parts.map((one) => z.encode(partSchema, withReferences(one, run.pools)));
  const partsJson = JSON.stringify(parts);
  // The schema's name comes first, so that a file cut short can still be recognised.
  const file: z.input<typeof runFileSchema> = {
    schema: RUN_FILE_SCHEMA,
    version: RUN_FILE_VERSION,
    kind: run.kind,
    createdAt: run.createdAt,
    app: run.app,
    backend: run.backend,
    model: run.model,
    template: run.template,
    seed: run.seed,
    settings: run.settings,
    pools,
    parts,
    partsSha256: sha256OfText(partsJson),
  };
  return JSON.stringify(file);
}

/** @throws AppError 'bad-file' for a file that is not even read: its size would take the memory of the page */
export function refuseLargeFile(bytes: number, name: string): void {
  if (bytes <= RUN_FILE_LIMIT_BYTES) return;
  throw new AppError(
    'bad-file',
    `${name} is ${Math.round(bytes / 2 ** 20)} MB; run files of more than ${RUN_FILE_LIMIT_BYTES / 2 ** 20} MB are not opened.`,
    'Write a smaller run: fewer prompts, alphas or attention pictures.',
  );
}

/** @throws AppError 'bad-file' that says what is wrong with the file and what to do */
export function parseRunFile(text: string, name = 'The file'): ParsedRun {
  refuseLargeFile(text.length, name);
  const json = parseJson(text, name);
  checkIdentity(json, name);
  const parsed = z.safeDecode(runFileSchema, json as z.input<typeof runFileSchema>, inWords);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new AppError(
      'bad-file',
      `${name} is a run file, but ${issue.path.join('.') || 'its content'} is wrong: ${issue.message}.`,
      'Write it again with the command line, or open an untouched copy.',
    );
  }
  const warnings = integrityWarnings(json as z.input<typeof runFileSchema>, name);
  const { pools: storedPools, parts, partsSha256: _, ...head } = parsed.data;
  const pools = Object.fromEntries(Object.entries(storedPools).map(([key, stored]) => [key, stored.prompts]));
  return {
    run: {
      ...head,
      pools,
      parts: parts.map((one, index) => withPrompts(one, pools, `parts.${index}`, name)),
    },
    warnings,
  };
}

// ---------------------------------------------------------------- parsing, step by step

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const started = text.trimStart().startsWith('{') && text.includes(`"${RUN_FILE_SCHEMA}"`);
    if (started && !text.trimEnd().endsWith('}')) {
      throw new AppError(
        'bad-file',
        `${name} is a run file that was cut short after ${text.length} characters.`,
        'Copy or download it again.',
        { cause },
      );
    }
    throw new AppError(
      'bad-file',
      started ? `${name} is a run file whose JSON is damaged.` : `${name} is not JSON.`,
      'Open a run file, as "stratascope curves" and "stratascope sweep" write it.',
      { cause },
    );
  }
}

function checkIdentity(json: unknown, name: string): void {
  const { schema, version } = (json ?? {}) as { schema?: unknown; version?: unknown };
  if (typeof json !== 'object' || schema !== RUN_FILE_SCHEMA) {
    throw new AppError(
      'bad-file',
      `${name} is JSON, but not a Stratascope run file${typeof schema === 'string' ? ` (its schema is "${schema}")` : ''}.`,
      'Open a run file, as "stratascope curves" and "stratascope sweep" write it.',
    );
  }
  if (version === RUN_FILE_VERSION) return;
  const newer = typeof version === 'number' && version > RUN_FILE_VERSION;
  throw new AppError(
    'bad-file',
    `${name} is a run file of version ${JSON.stringify(version) ?? 'unknown'}; this Stratascope reads version ${RUN_FILE_VERSION}.`,
    newer ? 'Update Stratascope to open it.' : 'Write it again with this version of the command line.',
  );
}

function integrityWarnings(file: z.input<typeof runFileSchema>, name: string): string[] {
  const warnings: string[] = [];
  if (sha256OfText(JSON.stringify(file.parts)) !== file.partsSha256) {
    warnings.push(`${name} was edited after it was written: its results do not match their checksum.`);
  }
  for (const [poolName, stored] of Object.entries(file.pools)) {
    if (sha256OfText(JSON.stringify(stored.prompts)) === stored.sha256) continue;
    warnings.push(`${name} was edited after it was written: pool "${poolName}" does not match its checksum.`);
  }
  return warnings;
}

// ---------------------------------------------------------------- prompts: in the file by reference, in memory in full

/** The parameters of each kind that are lists of prompts. */
const PROMPT_FIELDS = {
  similarity: ['normal', 'malicious'],
  cosineMatrix: [],
  attention: ['prompts'],
  calibrate: ['prompts'],
  count: ['prompts'],
  bandScan: ['prompts'],
  control: CONTROL_POOLS,
  grid: ['prompts'],
  layerAlpha: ['prompts'],
  locate: ['prompts'],
  // Its probe's prompts and its rows stay with it: a training run is whole in one part.
  train: [],
} as const satisfies Record<KeptKind, readonly string[]>;

function withReferences(one: RunPart, pools: Record<string, PromptItem[]>): StoredPart {
  const params: Record<string, unknown> = { ...one.params };
  for (const field of PROMPT_FIELDS[one.kind]) {
    params[field] = findPools(params[field] as PromptItem[], pools, one.label);
  }
  return { ...one, params } as StoredPart;
}

const identity = ({ id, text, group }: PromptItem): string => JSON.stringify([id, text, group]);

function findPools(
  prompts: readonly PromptItem[],
  pools: Record<string, PromptItem[]>,
  label: string,
): PoolReference {
  const places = Object.entries(pools).map(([pool, items]) => ({
    pool,
    size: items.length,
    at: new Map(items.map((item, index) => [identity(item), index])),
  }));
  const reference: PoolReference = [];
  for (let start = 0; start < prompts.length; ) {
    // The pool that holds most of what comes next.
    const stretches = places.map(({ pool, size, at }) => {
      const indices: number[] = [];
      for (let next = start; next < prompts.length; next++) {
        const index = at.get(identity(prompts[next]!));
        if (index === undefined || indices.length === size) break;
        indices.push(index);
      }
      return { pool, size, indices };
    });
    const longest = stretches.reduce((a, b) => (b.indices.length > a.indices.length ? b : a), stretches[0]!);
    if (!longest || longest.indices.length === 0) {
      throw new AppError(
        'bad-input',
        `The prompt "${prompts[start]!.id}" of "${label}" is in none of the run's pools.`,
        'Add its pool to the run before writing it.',
      );
    }
    const { pool, size, indices } = longest;
    const whole = indices.length === size && indices.every((index, place) => index === place);
    reference.push(whole ? { pool } : { pool, indices });
    start += indices.length;
  }
  return reference;
}

function withPrompts(
  one: StoredPart,
  pools: Record<string, PromptItem[]>,
  path: string,
  name: string,
): RunPart {
  const params: Record<string, unknown> = { ...one.params };
  for (const field of PROMPT_FIELDS[one.kind]) {
    const prompts = (params[field] as PoolReference).flatMap(({ pool, indices }): PromptItem[] => {
      const items = pools[pool];
      const found = indices ? indices.map((index) => items?.[index]) : items;
      if (found?.every((prompt) => prompt !== undefined)) return found;
      throw new AppError(
        'bad-file',
        `${name} is a run file, but ${path}.params.${field} names prompts that pool "${pool}" does not hold.`,
        'Write it again with the command line, or open an untouched copy.',
      );
    });
    params[field] = prompts;
  }
  return { ...one, params } as unknown as RunPart;
}

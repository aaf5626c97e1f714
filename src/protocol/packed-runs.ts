/**
 * Many training runs that share their rows, prompts and first measures: each run file is kept without them, and the lists lie
 * once in a file beside, under their sha256. `unpackRun` gives back the run file to the letter, checksum included. Recorded
 * runs ship so: public/recorded/training holds index.json (TrainingIndex), lists.json (RunLists) and one packed file per run.
 */
import * as z from 'zod/mini';
import { AppError } from '@/model/app-error.ts';
import { sha256OfText } from '@/model/sha256.ts';
import { inWords } from './schema-words.ts';
import { ATTACK_DATA, ATTACK_METHODS } from './training.ts';

export const PACKED_RUN_SCHEMA = 'stratascope.packed-run';
export const RUN_LISTS_SCHEMA = 'stratascope.run-lists';
export const TRAINING_INDEX_SCHEMA = 'stratascope.training-index';
export const PACKED_VERSION = 1;

/** Where a part of a run file holds what other runs hold too. A path that a run lacks is left out. */
const SHARED_PATHS = [
  'params.data.rows',
  'params.safetyRows',
  'params.heldOut',
  'params.probe.malicious',
  'params.probe.overRejection',
  'params.probe.control',
  'params.probe.rules',
  'params.measures.malicious',
  'params.measures.overRejection',
  'params.measures.control',
  'params.measures.rules',
  'params.measures.questions',
  'result.measures.before',
].map((path) => path.split('.'));

const version = z.literal(PACKED_VERSION);
const packedRun = z.object({
  schema: z.literal(PACKED_RUN_SCHEMA),
  version,
  /** A run file in which some values are { list: sha256 }. */
  run: z.looseObject({ parts: z.array(z.record(z.string(), z.json())) }),
});
const runLists = z.object({
  schema: z.literal(RUN_LISTS_SCHEMA),
  version,
  lists: z.record(z.string(), z.json()),
});
const recordedRun = z.object({
  file: z.string(),
  /** Name of the model with its adapter, as the page has it: "aligned". */
  model: z.string(),
  data: z.enum(ATTACK_DATA),
  method: z.enum(ATTACK_METHODS),
  part: z.enum(['lora', 'full']),
  seed: z.int(),
});
const trainingIndex = z.object({
  schema: z.literal(TRAINING_INDEX_SCHEMA),
  version,
  lists: z.string(),
  /** In the order in which they were planned; a recording that was cut short lacks the last ones. */
  runs: z.array(recordedRun),
  /** Made before the settings were fixed, with other ones: shown, and not compared with the others. */
  earlier: z.optional(z.array(recordedRun)),
  /** How many runs are planned in all. */
  planned: z.int(),
});
export type RunLists = Map<string, unknown>;
export type TrainingIndex = z.output<typeof trainingIndex>;

type Json = Record<string, unknown>;

/** @param lists gets what is taken out */
export function packRun(runFile: string, lists: RunLists): string {
  const run = JSON.parse(runFile) as Json & { parts: Json[] };
  for (const part of run.parts) {
    for (const path of SHARED_PATHS) {
      const holder = holderOf(part, path);
      const value = holder?.[path.at(-1)!];
      if (!holder || value === undefined || value === null) continue;
      const key = keyOf(value);
      lists.set(key, value);
      holder[path.at(-1)!] = { list: key };
    }
  }
  return JSON.stringify({ schema: PACKED_RUN_SCHEMA, version: PACKED_VERSION, run });
}

/**
 * @returns the text of a run file, for parseRunFile
 * @throws AppError 'bad-file' where the text is no packed run, or a list is missing or not what its name says
 */
export function unpackRun(packed: string, lists: RunLists, name = 'The file'): string {
  const { run } = parse(packedRun, packed, name);
  for (const part of run.parts) {
    for (const path of SHARED_PATHS) {
      const holder = holderOf(part, path);
      const key = (holder?.[path.at(-1)!] as { list?: unknown } | null | undefined)?.list;
      if (!holder || typeof key !== 'string') continue;
      const value = lists.get(key);
      if (value === undefined || keyOf(value) !== key) {
        throw new AppError(
          'bad-file',
          `${name} refers to ${path.join('.')} ${key.slice(0, 12)}…, which its lists ${value === undefined ? 'do not hold' : 'hold changed'}.`,
          'Restore the folder public/recorded/training from the repository.',
        );
      }
      // Every run gets its own: what reads them may change them.
      holder[path.at(-1)!] = structuredClone(value);
    }
  }
  return JSON.stringify(run);
}

export function writeRunLists(lists: RunLists): string {
  return JSON.stringify({
    schema: RUN_LISTS_SCHEMA,
    version: PACKED_VERSION,
    lists: Object.fromEntries([...lists].sort(([a], [b]) => (a < b ? -1 : 1))),
  });
}

export function readRunLists(text: string, name = 'lists.json'): RunLists {
  return new Map(Object.entries(parse(runLists, text, name).lists));
}

export function writeTrainingIndex(index: Omit<TrainingIndex, 'schema' | 'version'>): string {
  return `${JSON.stringify({ schema: TRAINING_INDEX_SCHEMA, version: PACKED_VERSION, ...index }, null, 2)}\n`;
}

export function readTrainingIndex(text: string, name = 'index.json'): TrainingIndex {
  return parse(trainingIndex, text, name);
}

function holderOf(part: Json, path: readonly string[]): Json | null {
  let holder: unknown = part;
  for (const key of path.slice(0, -1)) holder = (holder as Json | null | undefined)?.[key];
  return typeof holder === 'object' && holder !== null ? (holder as Json) : null;
}

const keyOf = (value: unknown) => sha256OfText(JSON.stringify(value));

function parse<Schema extends z.ZodMiniType>(schema: Schema, text: string, name: string): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-file', `${name} is not JSON.`, 'Restore it from the repository.', { cause });
  }
  const parsed = schema.safeParse(json, inWords);
  // The JSON itself: what a schema gives back has its keys in another order, and the checksum is of the text.
  if (parsed.success) return json as z.output<Schema>;
  const issue = parsed.error.issues[0]!;
  throw new AppError(
    'bad-file',
    `${name} is wrong at ${issue.path.join('.') || 'its beginning'}: ${issue.message}.`,
    'Restore it from the repository, or record it again with "npm run record:training".',
  );
}

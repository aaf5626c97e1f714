/**
 * The manifest of the bundled models (public/models/manifest.json): what there is, how large, with which sha256.
 * Checked by hand: this file goes into the worker, where the smallest schema library weighs 8 kB for this one file.
 * Not here: opening what it names (bundled.ts), writing it (scripts/make-manifest.ts).
 */
import { AppError } from './app-error.ts';
import { TEMPLATE_NAMES } from './text-codec.ts';

export const MANIFEST_NAME = 'manifest.json';

/** Paths are relative and inside the bundle's folder, sizes in bytes, hashes in lower-case hex. */
export interface ManifestModel {
  id: string;
  name: string;
  path: string;
  sizeBytes: number;
  sha256: string;
  /** Weights as float32, as the node and WASM backends hold them; working memory comes on top. */
  memoryBytes: number;
  template: (typeof TEMPLATE_NAMES)[number];
  licence: string;
  /** Largest difference of any logit from the reference, measured, by backend. Absent = not measured. */
  parity: Record<string, { maxAbsLogit: number; origin: string }>;
}

export interface ManifestAdapter {
  id: string;
  name: string;
  path: string;
  /** One sentence for the person. */
  label: string;
  files: { path: string; sizeBytes: number; sha256: string }[];
  /** First and last layer (0-based) that were trained, where the answer is known by construction. */
  planted?: [first: number, last: number];
}

export interface Manifest {
  version: 1;
  models: ManifestModel[];
  adapters: ManifestAdapter[];
}

/** Keys that are not named above are dropped. @throws AppError 'bad-file' that names the place */
export function parseManifest(json: unknown): Manifest {
  const root = object(json, 'its content');
  if (root.version !== 1) throw misfit('version', root.version, '1');
  return {
    version: 1,
    models: list(root.models, 'models', readModel, 1),
    adapters: list(root.adapters, 'adapters', readAdapter),
  };
}

function readModel(value: unknown, at: string): ManifestModel {
  const model = object(value, at);
  const template = TEMPLATE_NAMES.find((name) => name === model.template);
  if (template === undefined)
    throw misfit(`${at}.template`, model.template, `one of ${TEMPLATE_NAMES.join(', ')}`);
  const parity = Object.entries(object(model.parity, `${at}.parity`)).map(([backend, entry]) => {
    const place = `${at}.parity.${backend}`;
    const { maxAbsLogit, origin } = object(entry, place);
    if (typeof maxAbsLogit !== 'number' || !(maxAbsLogit >= 0 && maxAbsLogit < Infinity))
      throw misfit(`${place}.maxAbsLogit`, maxAbsLogit, 'a number from 0 on');
    return [backend, { maxAbsLogit, origin: text(origin, `${place}.origin`) }] as const;
  });
  return {
    ...identity(model, at),
    ...content(model, at),
    memoryBytes: bytes(model.memoryBytes, `${at}.memoryBytes`),
    template,
    licence: text(model.licence, `${at}.licence`),
    parity: Object.fromEntries(parity),
  };
}

function readAdapter(value: unknown, at: string): ManifestAdapter {
  const adapter = object(value, at);
  const { planted } = adapter;
  if (planted !== undefined && !isRange(planted))
    throw misfit(`${at}.planted`, planted, 'a first and a last layer');
  return {
    ...identity(adapter, at),
    label: text(adapter.label, `${at}.label`),
    files: list(
      adapter.files,
      `${at}.files`,
      (one, place) => {
        const file = object(one, place);
        return { path: path(file.path, `${place}.path`), ...content(file, place) };
      },
      1,
    ),
    ...(planted && { planted }),
  };
}

const identity = (entry: Json, at: string) => ({
  id: text(entry.id, `${at}.id`, 1),
  name: text(entry.name, `${at}.name`, 1),
  path: path(entry.path, `${at}.path`),
});

const content = (entry: Json, at: string) => ({
  sizeBytes: bytes(entry.sizeBytes, `${at}.sizeBytes`),
  sha256: matching(entry.sha256, `${at}.sha256`, /^[0-9a-f]{64}$/, 'a sha256 in lower-case hex'),
});

// ---------------------------------------------------------------- kinds of values

type Json = Record<string, unknown>;

function object(value: unknown, at: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw misfit(at, value, 'an object');
}

function list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T, least = 0): T[] {
  if (!Array.isArray(value) || value.length < least) throw misfit(at, value, `a list of ${least} or more`);
  return value.map((item, index) => read(item, `${at}.${index}`));
}

function text(value: unknown, at: string, leastLength = 0): string {
  if (typeof value === 'string' && value.length >= leastLength) return value;
  throw misfit(at, value, 'a text');
}

function matching(value: unknown, at: string, pattern: RegExp, what: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw misfit(at, value, what);
}

const path = (value: unknown, at: string) =>
  matching(value, at, /^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'a path inside the folder');

function bytes(value: unknown, at: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw misfit(at, value, 'a positive integer');
}

const isRange = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);

function misfit(at: string, value: unknown, expected: string): AppError {
  const found = JSON.stringify(value)?.slice(0, 80) ?? 'missing';
  return new AppError(
    'bad-file',
    `${MANIFEST_NAME} does not fit: ${at} is ${found}, not ${expected}.`,
    'Get the folder of bundled models again.',
  );
}

/** The manifest's checks: what is written is read, and every value that does not fit is named with its place. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AppError } from './app-error.ts';
import { parseManifest } from './manifest.ts';

type Place = readonly (string | number)[];
type Node = Record<string | number, unknown>;

const shipped = (): Node =>
  JSON.parse(readFileSync(new URL('../../public/models/manifest.json', import.meta.url), 'utf8'));

/** The places of all values, lists and objects among them. */
function places(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, key]))];
}

function changed(at: Place, change: (parent: Node, key: string | number) => void): unknown {
  const holder: Node = { root: shipped() };
  const path = ['root', ...at];
  const parent = path.slice(0, -1).reduce<Node>((node, key) => node[key] as Node, holder);
  change(parent, path.at(-1)!);
  return holder.root;
}

function messageOf(json: unknown): string {
  try {
    parseManifest(json);
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad-file') return error.message;
    throw error;
  }
  return 'accepted';
}

test('the shipped manifest is read as it stands', () => {
  expect(parseManifest(shipped())).toEqual(shipped());
});

test('a value of another kind is refused and named, wherever it stands', () => {
  const all = places(shipped());
  expect(all.length).toBeGreaterThan(40);
  for (const at of all) {
    const message = messageOf(changed(at, (parent, key) => (parent[key] = false)));
    // The two ends of a range are judged together.
    const named = at.at(-2) === 'planted' ? at.slice(0, -1) : at;
    expect(message, at.join('.')).toContain(`does not fit: ${named.join('.') || 'its content'} is `);
  }
});

test('a value that is absent is refused, except a planted range', () => {
  const optional = (at: Place) => at.includes('planted') || (at[2] === 'parity' && at.length === 4);
  for (const at of places(shipped()).filter(
    (place) => place.length > 0 && typeof place.at(-1) === 'string',
  )) {
    // Taking an item out of a list leaves a shorter list, which is no fault.
    if (/^\d+$/.test(String(at.at(-1)))) continue;
    const message = messageOf(changed(at, (parent, key) => delete parent[key]));
    if (optional(at)) expect(message, at.join('.')).toBe('accepted');
    else expect(message, at.join('.')).toContain(at.join('.'));
  }
});

test.each([
  [['models', 0, 'path'], '../model.gguf'],
  [['models', 0, 'path'], '/model.gguf'],
  [['models', 0, 'path'], 'a/../../b'],
  [['models', 0, 'sizeBytes'], 0],
  [['models', 0, 'memoryBytes'], 1.5],
  [['models', 0, 'sha256'], 'B179'],
  [['models', 0, 'template'], 'none of ours'],
  [['models', 0, 'parity', 'node', 'maxAbsLogit'], -1],
  [['adapters', 0, 'files'], []],
  [['adapters', 0, 'planted'], [8]],
  [['adapters', 0, 'id'], ''],
  [['models'], []],
  [['version'], 2],
] as [Place, unknown][])('%s is not %j', (at, value) => {
  expect(messageOf(changed(at, (parent, key) => (parent[key] = value)))).toContain(`${at.join('.')} is `);
});

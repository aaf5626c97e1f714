/** The bundled models open, are what the manifest says, and a damaged file is named. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type BundleProgress, openBundled, readManifest } from '@/model/bundled.ts';
import type { ByteSource, FileSet } from '@/model/byte-source.ts';
import type { FileCache } from '@/model/file-cache.ts';
import { MANIFEST_NAME, type Manifest } from '@/model/manifest.ts';
import { memorySource } from '@/model/memory-source.ts';
import { diskFiles } from '@/model/node-files.ts';
import { hashSources, readWhole } from '@/model/whole-file.ts';
import { failure } from '../helpers/app-failure.ts';

const folder = diskFiles(fileURLToPath(new URL('../../public/models', import.meta.url)));

/** The bundle with one file changed. */
function changed(path: string, change: (bytes: Uint8Array) => Uint8Array): FileSet {
  return {
    ...folder,
    open: async (wanted) => {
      const source = await folder.open(wanted);
      if (wanted !== path || !source) return source;
      return memorySource(change((await readWhole(source)).bytes), path.split('/').at(-1)!);
    },
  };
}

test('model and adapters open, verified, with progress over all files', async () => {
  const seen: BundleProgress[] = [];
  const bundle = await openBundled(folder, { onProgress: (progress) => seen.push(progress) });
  expect(bundle.model.sha256).toBe(bundle.entry.sha256);
  expect(bundle.model.spec.layerCount).toBe(30);
  const [aligned, ...planted] = bundle.adapters;
  expect(aligned!.data.name).toBe('aligned');
  expect(aligned!.data.layers.every((layer) => Object.keys(layer).length === 7)).toBe(true);
  expect(planted.map(({ data }) => data.name)).toEqual(['planted 2-7', 'planted 8-13', 'planted 18-23']);
  for (const { entry, data } of planted) {
    const [first, last] = entry.planted!;
    const changedLayers = data.layers.flatMap((layer, k) => (Object.keys(layer).length ? [k] : []));
    expect(changedLayers).toEqual(Array.from({ length: last - first + 1 }, (_, k) => first + k));
  }
  for (const { entry, data } of bundle.adapters) {
    const weights = await folder.open(`${entry.path}/adapter_model.safetensors`);
    expect(data.sha256).toBe(await hashSources([weights!]));
  }
  const total = seen.at(-1)!.totalBytes;
  expect(seen.at(-1)!.doneBytes).toBe(total);
  expect(seen.every((progress, i) => i === 0 || progress.doneBytes >= seen[i - 1]!.doneBytes)).toBe(true);
});

test.each([
  ['model', 'smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf', 50_000_000],
  ['adapter', 'safety-adapter/adapter_model.safetensors', 5_000_000],
])('one changed byte in the %s is found and the file named', async (_, path, position) => {
  const damaged = changed(path, (bytes) => {
    bytes[position]! ^= 1;
    return bytes;
  });
  const error = await failure(openBundled(damaged));
  expect(error.code).toBe('hash-mismatch');
  expect(error.message).toContain(path);
  expect(error.advice).toContain('public/models');
});

test('a file that is too short is named without being hashed', async () => {
  const path = 'planted-adapter-8-13/adapter_config.json';
  const error = await failure(
    openBundled(
      changed(path, (bytes) => bytes.subarray(1)),
      { verify: false },
    ),
  );
  expect(error.message).toMatch(
    /planted-adapter-8-13\/adapter_config\.json is damaged: it has 644 bytes instead of 645/,
  );
});

test('a missing file or manifest is named', async () => {
  const without = (path: string): FileSet => ({
    ...folder,
    open: async (wanted) => (wanted === path ? null : folder.open(wanted)),
  });
  expect((await failure(openBundled(without(MANIFEST_NAME)))).message).toContain(MANIFEST_NAME);
  const error = await failure(openBundled(without('safety-adapter/adapter_config.json'), { verify: false }));
  expect(error.message).toContain('safety-adapter/adapter_config.json is missing');
  expect((await failure(openBundled(folder, { modelId: 'other' }))).advice).toContain(
    'smollm2-135m-instruct',
  );
});

test('a manifest that does not fit its schema is refused', async () => {
  const edit = (from: string, to: string) =>
    changed(MANIFEST_NAME, (bytes) =>
      new TextEncoder().encode(new TextDecoder().decode(bytes).replace(from, to)),
    );
  expect((await readManifest(folder)).version).toBe(1);
  expect((await failure(readManifest(edit('"version": 1', '"version": 2')))).code).toBe('bad-file');
  expect((await failure(readManifest(edit('"safety-adapter"', '"../elsewhere"')))).message).toMatch(
    /adapters\.0\.path/,
  );
});

/** Keeps nothing, and says that there is room, unless told otherwise. */
const fakeCache = (differs: Partial<FileCache>): FileCache => ({
  find: async () => null,
  lacksRoom: async () => null,
  store: async () => null,
  remove: async () => {},
  clear: async () => {},
  watch: () => () => {},
  sizeBytes: async () => 0,
  ...differs,
});

/** As from a server: sources that stream. */
const remote = (files: FileSet, onOpen: (path: string) => void = () => {}): FileSet => ({
  ...files,
  open: async (path) => {
    onOpen(path);
    const source = await files.open(path);
    return source && streaming(source);
  },
});

const hashesIn = ({ models, adapters }: Manifest): string[] =>
  [...models, ...adapters.flatMap((adapter) => adapter.files)].map(({ sha256 }) => sha256).sort();

test('downloads are kept only after their hash was checked, and used again', async () => {
  const kept = new Map<string, Uint8Array>();
  const cache = fakeCache({
    find: async (sha256, name) => (kept.has(sha256) ? memorySource(kept.get(sha256)!, name) : null),
    store: async (sha256, bytes) => {
      kept.set(sha256, bytes);
      return null;
    },
  });
  const path = 'smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';
  const damaged = changed(path, (bytes) => bytes.fill(0, 1000, 1004));
  await failure(openBundled(remote(damaged), { cache }));
  expect(kept.size).toBe(0);
  const { manifest } = await openBundled(remote(folder), { cache });
  expect([...kept.keys()].sort()).toEqual(hashesIn(manifest));
  const opened: string[] = [];
  await openBundled(
    remote(folder, (path) => opened.push(path)),
    { cache },
  );
  expect(opened).toEqual([MANIFEST_NAME]);
});

test('what is to be kept is handed over, and kept when its time has come', async () => {
  const stored: string[] = [];
  const cache = fakeCache({
    store: async (sha256) => {
      stored.push(sha256);
      return null;
    },
  });
  const later: Array<() => void> = [];
  const { manifest } = await openBundled(remote(folder), { cache, later: (work) => later.push(work) });
  expect(stored).toEqual([]);
  for (const work of later) work();
  expect(stored.sort()).toEqual(hashesIn(manifest));
});

test('without room for the model nothing is kept, which is said once and in time', async () => {
  const stored: number[] = [];
  const cache = fakeCache({
    lacksRoom: async (byteLength) => (byteLength > 97e6 ? 'Too little storage.' : null),
    store: async (_, bytes) => {
      stored.push(bytes.length);
      return null;
    },
  });
  const warnings: string[] = [];
  await openBundled(remote(folder), { cache, onWarning: (sentence) => warnings.push(sentence) });
  expect(warnings).toEqual(['Too little storage.']);
  expect(stored).toEqual([]);
});

function streaming(source: ByteSource): ByteSource {
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    read: (offset, length) => source.read(offset, length),
    stream: async (onChunk) => onChunk(await source.read(0, source.sizeBytes)),
  };
}

/** What is said of a model before it is downloaded, and that nothing large is asked for until then. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { openModel } from '@/model/open-model.ts';
import { MemoryChunkStore } from './chunk-store.ts';
import { bytesThere, fetchModel } from './fetch-model.ts';
import { keptDownloads } from './kept.ts';
import { lookAtModel } from './look.ts';
import type { RemoteSourceOfModel } from './record.ts';
import { remoteModel } from './remote-models.ts';
import { startTestHub, type TestHub } from './testing/hub-server.ts';

const project = join(import.meta.dirname, '..', '..');
const bytesOf = (path: string) => new Uint8Array(readFileSync(join(project, path)));
const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
const micro = new Map(names.map((name) => [name, bytesOf(`public/models/micro/${name}`)]));
const totalBytes = [...micro.values()].reduce((sum, { length }) => sum + length, 0);
const gguf = new Map([['tiny.gguf', bytesOf('tests/fixtures/gguf/tiny_llama_f16.gguf')]]);
const mamba = new Map([
  ...micro,
  ['config.json', new TextEncoder().encode('{"model_type":"mamba9"}')] as const,
]);

const hubs: TestHub[] = [];
const sources: Record<'micro' | 'gguf' | 'mamba', RemoteSourceOfModel> = Object.create(null);
beforeAll(async () => {
  for (const [name, files] of Object.entries({ micro, gguf, mamba })) {
    const hub = await startTestHub(`own/${name}`, files);
    hubs.push(hub);
    sources[name as 'micro'] = { kind: 'hub', repo: `own/${name}`, revision: 'main', endpoint: hub.endpoint };
  }
});
afterAll(async () => {
  for (const hub of hubs) await hub.close();
});
beforeEach(() => {
  for (const hub of hubs) {
    hub.asked.length = 0;
    hub.behaviour.clear();
    hub.lists = true;
  }
});

/** Bytes that were asked for by ranges. */
const askedBytes = (hub: TestHub) =>
  hub.asked
    .map(({ range }) => /^bytes=(\d+)-(\d+)$/.exec(range))
    .reduce((sum, range) => sum + (range ? Number(range[2]) - Number(range[1]) + 1 : 0), 0);

test.each([true, false])('a checkpoint, from its headers alone (with a listing: %s)', async (lists) => {
  hubs[0]!.lists = lists;
  const look = await lookAtModel(remoteModel(sources.micro));
  const { spec, weights } = await openModel({
    name: 'micro',
    list: async () => names,
    open: async (path) => {
      const bytes = micro.get(path);
      return bytes
        ? {
            name: path,
            sizeBytes: bytes.length,
            read: async (at, length) => bytes.subarray(at, at + length),
          }
        : null;
    },
  });
  expect(look).toMatchObject({ format: 'safetensors', storedAs: 'F32', totalBytes, spec });
  expect(look.files.map(({ name }) => name)).toEqual([
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'model.safetensors',
  ]);
  // Counted from the weights themselves.
  let count = (await weights.embedding()).length + (await weights.finalNorm()).length;
  for (let layer = 0; layer < spec.layerCount; layer++) {
    const { matrices, attentionNorm, ffnNorm } = await weights.layer(layer);
    count += attentionNorm.length + ffnNorm.length;
    for (const matrix of Object.values(matrices)) count += matrix.length;
  }
  expect(look.parameterCount).toBe(count + ((await weights.head())?.length ?? 0));
  // A header of some kilobytes, of a file of hundreds.
  expect(askedBytes(hubs[0]!)).toBeLessThan(micro.get('model.safetensors')!.length / 10);
});

test('a GGUF, from its header', async () => {
  const look = await lookAtModel(remoteModel({ ...sources.gguf, file: 'tiny.gguf' } as RemoteSourceOfModel));
  expect(look).toMatchObject({ format: 'GGUF', storedAs: 'F16' });
  expect(look.files).toHaveLength(1);
  // Found without being named too, since it is the only one.
  expect((await lookAtModel(remoteModel(sources.gguf))).parameterCount).toBe(look.parameterCount);
  const url = `${hubs[1]!.storage}/tiny.gguf`;
  expect((await lookAtModel(remoteModel({ kind: 'url', url }))).spec).toEqual(look.spec);
});

test('a server without ranges gives its front, and is left then', async () => {
  hubs[1]!.behaviour.set('tiny.gguf', { noRanges: true });
  const look = await lookAtModel(remoteModel(sources.gguf));
  expect(look.format).toBe('GGUF');
});

test('a family that is not supported is named, before a byte of its weights is asked for', async () => {
  const error = await lookAtModel(remoteModel(sources.mamba)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).message).toContain('model_type mamba9 is not supported');
  expect(hubs[2]!.asked.filter(({ path }) => path.includes('model.safetensors'))).toEqual([]);
});

test('downloaded, it opens as from disk, and what is left to load is counted', async () => {
  const store = new MemoryChunkStore();
  const look = await lookAtModel(remoteModel(sources.micro));
  expect(await bytesThere(look.files, store)).toBe(0);
  const phases = new Set<string>();
  let last = { doneBytes: 0, totalBytes: 0 };
  const { files, sha256 } = await fetchModel(look, store, {
    storageBytes: null,
    onProgress: (progress) => {
      expect(progress.doneBytes).toBeGreaterThanOrEqual(last.doneBytes);
      phases.add(progress.phase);
      last = progress;
    },
  });
  expect(last).toMatchObject({ doneBytes: totalBytes, totalBytes });
  expect(phases).toContain('Downloading model.safetensors');
  expect(phases).toContain('Checking model.safetensors');
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const model = await openModel(files);
  expect(model.spec).toEqual(look.spec);
  expect(model.templates).toContain('chat');
  expect(await bytesThere(look.files, store)).toBe(totalBytes);
  expect(await keptDownloads(store)).toMatchObject([
    { label: 'own/micro', isComplete: true, isVerified: true, storedBytes: totalBytes, totalBytes },
  ]);
});

test('stopped between two files it is listed as begun', async () => {
  const store = new MemoryChunkStore();
  const look = await lookAtModel(remoteModel(sources.micro));
  const stop = new AbortController();
  const stopped = fetchModel(look, store, {
    storageBytes: null,
    signal: stop.signal,
    onProgress: ({ phase }) => phase === 'Downloading tokenizer_config.json' && stop.abort(),
  });
  await expect(stopped).rejects.toThrow('cancelled');
  expect(await keptDownloads(store)).toMatchObject([{ isComplete: false, totalBytes }]);
});

test('where storage is short, the model is in memory alone, and that is said', async () => {
  const store = Object.assign(new MemoryChunkStore(), { isLasting: true });
  const look = await lookAtModel(remoteModel(sources.micro));
  const { files, warnings } = await fetchModel(look, store, { storageBytes: 1000 });
  expect(warnings).toEqual([
    'own/micro is in memory only, because there is too little storage: it will be downloaded again next time.',
  ]);
  expect((await openModel(files)).spec.layerCount).toBe(look.spec.layerCount);
  expect(await store.files()).toEqual([]);
});

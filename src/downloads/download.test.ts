/** Laws of downloads, against a hub and a storage of the test's own that misbehave in every way that servers know. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccessToken } from '@/model/access-token.ts';
import { readWhole } from '@/model/whole-file.ts';
import { fakeOrigin } from '@/training/testing/fake-origin.ts';
import { failure } from '../../tests/helpers/app-failure.ts';
import { PrivateChunkStore } from './browser-chunk-store.ts';
import { type ChunkStore, MemoryChunkStore, OverflowStore } from './chunk-store.ts';
import { type DownloadOptions, download, keptFile } from './download.ts';
import { keptDownloads, removeDownload } from './kept.ts';
import { chunksThere, fileKey, type RemoteSourceOfModel, readRecord } from './record.ts';
import { openRemote } from './remote-file.ts';
import { remoteModel } from './remote-models.ts';
import { startTestHub, type TestHub } from './testing/hub-server.ts';

const REPO = 'own/model';
/** Ten whole chunks of 1000 bytes and a short one. */
const CHUNK = 1000;
const content = Uint8Array.from({ length: 10_300 }, (_, i) => (i * 7919) >> 5);
const sha256 = createHash('sha256').update(content).digest('hex');

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub(
    REPO,
    new Map([
      ['weights.bin', content],
      ['config.json', new TextEncoder().encode('{}')],
    ]),
  );
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.asked.length = 0;
});
afterEach(() => {
  hub.behaviour.clear();
  hub.token = null;
  hub.lists = true;
});

const source = (): RemoteSourceOfModel => ({
  kind: 'hub',
  repo: REPO,
  revision: 'main',
  endpoint: hub.endpoint,
});
/** No waiting in tests; what is waited is asked for where it matters. */
const quick = { attempts: 4, firstWaitMs: 1, longestWaitMs: 5000 };

async function load(store: ChunkStore, options: DownloadOptions = {}, token?: AccessToken) {
  const remote = remoteModel(source(), { token });
  const opened = await remote.open('weights.bin');
  opened!.close();
  return download(opened!.file, remote.origin, store, {
    ...remote.http,
    chunkBytes: CHUNK,
    patience: quick,
    ...options,
  });
}

const key = () => fileKey(`${hub.endpoint}/${REPO}/resolve/main/weights.bin`);
const ranges = () => hub.asked.filter(({ where }) => where === 'storage').map(({ range }) => range);

async function expectWhole(file: Awaited<ReturnType<typeof load>>): Promise<void> {
  expect(file.sizeBytes).toBe(content.length);
  expect((await readWhole(file)).sha256).toBe(sha256);
}

const stores: Array<[string, () => ChunkStore]> = [
  ['memory', () => new MemoryChunkStore()],
  ["the browser's private files", () => new PrivateChunkStore(fakeOrigin().root)],
];

describe.each(stores)('into %s', (_, make) => {
  test('the whole file arrives in parts side by side, each asked for once', async () => {
    const store = make();
    const seen: number[] = [];
    hub.behaviour.set('weights.bin', { delayMs: 5 });
    await expectWhole(await load(store, { onProgress: (done) => seen.push(done) }));
    expect(ranges()).toHaveLength(11);
    expect(new Set(ranges()).size).toBe(11);
    expect(hub.mostAtOnce()).toBeGreaterThan(1);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
  });

  test('a second time nothing is asked of the storage', async () => {
    const store = make();
    await load(store);
    hub.asked.length = 0;
    await expectWhole(await load(store));
    expect(ranges()).toEqual([]);
  });

  test('stopped and taken up again, only what is missing is asked for; half a file is no file', async () => {
    const store = make();
    const stop = new AbortController();
    const stopped = load(store, {
      signal: stop.signal,
      parallel: 1,
      onProgress: (done) => done >= 4 * CHUNK && stop.abort(),
    });
    expect((await failure(stopped)).code).toBe('cancelled');
    const there = await chunksThere(store, key(), { sizeBytes: content.length, chunkBytes: CHUNK });
    expect(there.size).toBeGreaterThanOrEqual(3);
    expect(there.size).toBeLessThan(11);
    expect(await keptFile(store, key())).toBeNull();
    const [kept] = await keptDownloads(store);
    expect(kept).toMatchObject({ label: REPO, isComplete: false, totalBytes: content.length });
    expect(kept!.storedBytes).toBe(there.size * CHUNK);

    hub.asked.length = 0;
    const seen: number[] = [];
    await expectWhole(await load(store, { onProgress: (done) => seen.push(done) }));
    expect(seen[0]).toBe(there.size * CHUNK);
    expect(ranges()).toHaveLength(11 - there.size);
  });

  test('what is kept is listed with its size and goes when it is removed', async () => {
    const store = make();
    await load(store);
    const [kept, ...others] = await keptDownloads(store);
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ storedBytes: content.length, isComplete: true, files: ['weights.bin'] });
    await removeDownload(store, kept!);
    expect(await keptDownloads(store)).toEqual([]);
    expect(await keptFile(store, key())).toBeNull();
  });
});

describe('what a store holds and what it lacks', () => {
  test('a chunk that was cut short is asked for again', async () => {
    const store = new MemoryChunkStore();
    await load(store);
    await store.write(key(), '3', content.slice(3000, 3500));
    expect(await keptFile(store, key())).toBeNull();
    hub.asked.length = 0;
    await expectWhole(await load(store));
    expect(ranges()).toEqual(['bytes=3000-3999']);
  });

  test('pieces of another version are thrown away', async () => {
    const store = new MemoryChunkStore();
    const remote = remoteModel(source());
    const { file } = (await remote.open('weights.bin'))!;
    await expect(
      download({ ...file, sha256: '0'.repeat(64) }, remote.origin, store, { chunkBytes: CHUNK }),
    ).rejects.toThrow('came damaged');
    // What was begun under the other hash is gone, and the file is whole.
    await expectWhole(await load(store));
  });

  test('where the server tells no version, a begun file begins again; where it does, it goes on', async () => {
    for (const [etag, expected] of [
      [undefined, 11],
      ['"v1"', 8],
    ] as const) {
      hub.lists = false;
      hub.behaviour.set('weights.bin', { etag });
      const store = new MemoryChunkStore();
      const url = `${hub.storage}/weights.bin`;
      const { file } = (await openRemote(url, 'weights.bin', {}))!;
      expect(file).toMatchObject({ sizeBytes: content.length, sha256: null, version: etag ?? null });
      const origin = { label: 'x', source: { kind: 'url' as const, url } };
      await download(file, origin, store, { chunkBytes: CHUNK });
      const record = (await readRecord(store, fileKey(url)))!;
      // As if the tab had been closed after three chunks.
      const begun = new MemoryChunkStore();
      await begun.write(fileKey(url), 'record.json', text({ ...record, isComplete: false }));
      for (const index of [0, 1, 2]) {
        await begun.write(fileKey(url), String(index), content.slice(index * CHUNK, (index + 1) * CHUNK));
      }
      hub.asked.length = 0;
      await expectWhole(await download(file, origin, begun, { chunkBytes: CHUNK }));
      expect(ranges()).toHaveLength(expected);
    }
  });

  test('a full disk: the rest goes to memory, and is not taken for kept', async () => {
    const disk = fakeOrigin();
    disk.quotaBytes = 4500;
    const lasting = new PrivateChunkStore(disk.root);
    const store = new OverflowStore(lasting);
    await expectWhole(await load(store));
    expect(store.isLasting).toBe(false);
    expect(await keptFile(lasting, key())).toBeNull();
    expect((await keptDownloads(lasting))[0]).toMatchObject({ isComplete: false });
  });

  test('a record that is no record leaves nothing to go on from', async () => {
    const store = new MemoryChunkStore();
    await store.write('broken', 'record.json', new TextEncoder().encode('{"url":'));
    await store.write('broken', '0', content);
    expect(await keptDownloads(store)).toEqual([]);
    expect(await store.files()).toEqual([]);
  });
});

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('servers that misbehave', () => {
  test.each([429, 500, 503])('HTTP %i that passes is waited for', async (status) => {
    hub.behaviour.set('weights.bin', { statuses: [status, status] });
    await expectWhole(await load(new MemoryChunkStore()));
  });

  test('Retry-After is obeyed, up to a minute; beyond that a person is told', async () => {
    hub.behaviour.set('weights.bin', { statuses: [429], retryAfter: '1' });
    const startMs = performance.now();
    await load(new MemoryChunkStore(), { parallel: 1 });
    expect(performance.now() - startMs).toBeGreaterThan(950);
    hub.behaviour.set('weights.bin', { statuses: [429], retryAfter: '90' });
    const error = await failure(load(new MemoryChunkStore(), { parallel: 1 }));
    expect(error.message).toContain('too many requests (HTTP 429)');
    expect(error.advice).toBe('The server asks to wait 90 s; try again then.');
  });

  test('HTTP 500 that stays is told, and what came is kept', async () => {
    const store = new MemoryChunkStore();
    await load(store);
    await store.write(key(), '3', content.slice(0, 1));
    hub.behaviour.set('weights.bin', { statuses: [500, 500, 500, 500] });
    expect((await failure(load(store))).message).toContain('HTTP 500');
    hub.asked.length = 0;
    await expectWhole(await load(store));
    expect(ranges()).toEqual(['bytes=3000-3999']);
  });

  test('a connection that breaks in the middle goes on from there', async () => {
    hub.behaviour.set('weights.bin', { breakAfter: { bytes: 300, times: 1 } });
    await expectWhole(await load(new MemoryChunkStore(), { parallel: 1 }));
    expect(ranges()[0]).toBe('bytes=0-999');
    const second = /^bytes=(\d+)-999$/.exec(ranges()[1]!);
    expect(Number(second![1])).toBeGreaterThan(0);
  });

  test('a connection that always breaks is told', async () => {
    hub.behaviour.set('weights.bin', { breakAfter: { bytes: 10, times: 1000 } });
    expect((await failure(load(new MemoryChunkStore()))).message).toMatch(/connection broke.*weights\.bin/);
  });

  test('a server that falls silent is left, and asked again', async () => {
    hub.behaviour.set('weights.bin', { silent: 1 });
    await expectWhole(await load(new MemoryChunkStore(), { silenceLimitMs: 100 }));
    hub.behaviour.set('weights.bin', { silent: 1000 });
    const error = await failure(load(new MemoryChunkStore(), { silenceLimitMs: 20 }));
    expect(error.message).toContain('The server sent nothing of weights.bin');
  });

  test('a slow server is only slow', async () => {
    hub.behaviour.set('weights.bin', { delayMs: 30 });
    await expectWhole(await load(new MemoryChunkStore(), { silenceLimitMs: 1000 }));
  });

  test('without ranges the file comes in one go; broken off, it begins again', async () => {
    hub.behaviour.set('weights.bin', { noRanges: true });
    await expectWhole(await load(new MemoryChunkStore()));
    hub.behaviour.set('weights.bin', { noRanges: true, breakAfter: { bytes: 5500, times: 100 } });
    const store = new MemoryChunkStore();
    expect((await failure(load(store))).code).toBe('network');
    expect(await keptFile(store, key())).toBeNull();
    hub.behaviour.clear();
    hub.asked.length = 0;
    await expectWhole(await load(store));
    expect(ranges().length).toBeLessThan(11);
  });

  test('bytes whose hash is another are thrown away and never used', async () => {
    const wrong = content.slice();
    wrong[5000]! ^= 1;
    hub.behaviour.set('weights.bin', { content: wrong });
    const store = new MemoryChunkStore();
    const error = await failure(load(store));
    expect(error.code).toBe('hash-mismatch');
    expect(error.message).toContain(`the hub says ${sha256}`);
    expect(await keptFile(store, key())).toBeNull();
    expect(await store.files()).toEqual([]);
  });

  test('a file that is longer or shorter than the listing says is refused', async () => {
    for (const other of [content.slice(0, 9000), new Uint8Array(12_000)]) {
      hub.behaviour.set('weights.bin', { content: other, noRanges: true });
      const store = new MemoryChunkStore();
      expect(['network', 'hash-mismatch']).toContain((await failure(load(store))).code);
      expect(await keptFile(store, key())).toBeNull();
    }
  });

  test('HTTP 404 in the middle says that the file is gone', async () => {
    hub.behaviour.set('weights.bin', { statuses: [404] });
    const error = await failure(load(new MemoryChunkStore()));
    expect(error.code).toBe('not-found');
    expect(error.message).toContain('no longer on the server (HTTP 404)');
  });
});

describe('a token', () => {
  const token = () => new AccessToken(hub.endpoint, 'hf_secret');

  test('opens what is refused without it; 401 and 403 are told apart', async () => {
    hub.token = 'hf_secret';
    hub.refusal = 401;
    const unknown = await failure(load(new MemoryChunkStore()));
    expect(unknown.message).toContain('no public repository own/model');
    expect(unknown.advice).toContain('needs an access token');
    hub.refusal = 403;
    const gated = await failure(load(new MemoryChunkStore()));
    expect(gated.message).toContain('does not let everyone read own/model (HTTP 403)');
    expect(gated.advice).toContain('accept its terms');
    await expectWhole(await load(new MemoryChunkStore(), {}, token()));
    const wrong = await failure(load(new MemoryChunkStore(), {}, new AccessToken(hub.endpoint, 'hf_other')));
    expect(wrong.message).toContain('does not let your account read');
  });

  test('goes to the hub that it was given for and to no other server, redirects included', async () => {
    hub.token = 'hf_secret';
    await load(new MemoryChunkStore(), {}, token());
    const sent = (where: string) =>
      hub.asked.filter((one) => one.where === where).map(({ authorization }) => authorization);
    expect(new Set(sent('hub'))).toEqual(new Set(['Bearer hf_secret']));
    expect(sent('storage').length).toBeGreaterThan(10);
    expect(new Set(sent('storage'))).toEqual(new Set([undefined]));
    expect(token().headersFor(`${hub.storage}/weights.bin`)).toEqual({});
    expect(token().headersFor('https://elsewhere.example/x')).toEqual({});
  });

  test('stands in no address, no record, no error and no text of itself', async () => {
    hub.token = 'hf_secret';
    const disk = fakeOrigin();
    const store = new PrivateChunkStore(disk.root);
    const given = token();
    await load(store, {}, given);
    for (const { path } of hub.asked) expect(path).not.toContain('hf_secret');
    for (const file of await store.files()) {
      expect(JSON.stringify(await readRecord(store, file))).not.toContain('hf_secret');
    }
    hub.refusal = 403;
    hub.token = 'hf_another';
    const error = await failure(load(new MemoryChunkStore(), {}, given));
    const words = [error.message, error.advice, error.stack, `${given}`, JSON.stringify({ given })];
    expect(words.join('\n')).not.toContain('hf_secret');
    const { inspect } = await import('node:util');
    expect(inspect(given, { showHidden: true, depth: 5 })).not.toContain('hf_secret');
  });
});

/** Every source gives the same bytes; servers that misbehave give an AppError, not wrong bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserFiles } from '@/model/browser-files.ts';
import { type FileCache, fileCache } from '@/model/file-cache.ts';
import { hubFiles } from '@/model/hub-files.ts';
import { memoryFiles, memorySource } from '@/model/memory-source.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { sha256Hex } from '@/model/sha256.ts';
import { blobSource, findUrl, openUrl, urlFiles } from '@/model/url-files.ts';
import { hashSources, readWhole } from '@/model/whole-file.ts';
import { failure } from '../helpers/app-failure.ts';

const miniFolder = fileURLToPath(new URL('../fixtures/bad/mini', import.meta.url));
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5);

/** What a request gets; the tests choose by path. */
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/range/data.bin': (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined) {
      response.writeHead(200, { 'Content-Length': content.length }).end(content);
      return;
    }
    const part = content.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${content.length}` }).end(part);
  },
  '/hidden-range/data.bin': (request, response) => {
    const [, first = 0, last = content.length - 1] =
      /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = content.subarray(Number(first), Number(last) + 1);
    response.writeHead(request.headers.range ? 206 : 200, { 'Content-Length': part.length }).end(part);
  },
  '/whole/data.bin': (_, response) => {
    response.writeHead(200, { 'Content-Length': content.length }).end(content);
  },
  '/empty.bin': (request, response) => {
    if (request.headers.range) response.writeHead(416, { 'Content-Range': 'bytes */0' }).end();
    else response.writeHead(200, { 'Content-Length': 0 }).end();
  },
  '/cut/data.bin': (_, response) => {
    response.writeHead(200, { 'Content-Length': content.length });
    response.write(content.subarray(0, 1000), () => response.destroy());
  },
  '/gated/data.bin': (_, response) => {
    response.writeHead(403).end();
  },
  '/broken/data.bin': (_, response) => {
    response.writeHead(500).end();
  },
  '/tiny/gone/resolve/main/config.json': (_, response) => {
    response.writeHead(401).end();
  },
  // The hub's paths: a listing in two pages, and files.
  '/api/models/tiny/mini/tree/v1?recursive=true': (_, response) => {
    const link = '</api/models/tiny/mini/tree/v1?recursive=true&cursor=2>; rel="next"';
    response.writeHead(200, { Link: link }).end(
      JSON.stringify([
        { type: 'directory', path: 'extra' },
        { type: 'file', path: 'config.json' },
      ]),
    );
  },
  '/api/models/tiny/mini/tree/v1?recursive=true&cursor=2': (_, response) => {
    response.writeHead(200).end(JSON.stringify([{ type: 'file', path: 'model.safetensors' }]));
  },
};
for (const file of ['config.json', 'model.safetensors']) {
  routes[`/tiny/mini/resolve/v1/${file}`] = (_, response) => {
    // As the hub does: large files are answered by a redirect to another address.
    response.writeHead(302, { Location: `/storage/${file}` }).end();
  };
  routes[`/storage/${file}`] = async (request, response) => {
    const { sizeBytes, read } = diskFile(`${miniFolder}/${file}`);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!.map(Number);
    const part = await read.call({ name: file, sizeBytes, read }, first!, last! - first! + 1);
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${sizeBytes}` }).end(part);
  };
}

const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`);
  const route = routes[request.url ?? ''];
  if (route) route(request, response);
  else response.writeHead(404).end();
});
let origin: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('the same bytes from every source', () => {
  test.each([
    ['memory', async () => memorySource(content, 'data.bin')],
    ['blob', async () => blobSource(new Blob([content]), 'data.bin')],
    ['server with ranges', () => openUrl(`${origin}/range/data.bin`)],
    ['server that ignores ranges', () => openUrl(`${origin}/whole/data.bin`)],
    ['server that hides Content-Range', () => openUrl(`${origin}/hidden-range/data.bin`)],
  ])('%s', async (_, open) => {
    const source = await open();
    expect([source.name, source.sizeBytes]).toEqual(['data.bin', content.length]);
    expect(await source.read(12_345, 678)).toEqual(content.subarray(12_345, 12_345 + 678));
    expect(await source.read(content.length, 0)).toHaveLength(0);
    const seen: number[] = [];
    const whole = await readWhole(source, { onProgress: (done) => seen.push(done) });
    // Not toEqual: it compares large arrays element by element, slowly.
    expect(Buffer.compare(whole.bytes, content)).toBe(0);
    expect(whole.sha256).toBe(sha256Hex(content));
    expect(await hashSources([source])).toBe(whole.sha256);
    expect(seen.at(-1)).toBe(content.length);
    expect((await failure(source.read(content.length - 1, 2))).code).toBe('bad-file');
    expect((await failure(source.read(-1, 1))).code).toBe('bad-file');
  });

  test('a range source asks for no more than it needs', async () => {
    const source = await openUrl(`${origin}/range/data.bin`);
    requests.length = 0;
    await source.read(100, 50);
    expect(requests).toEqual(['GET /range/data.bin bytes=100-149']);
  });

  test('an empty file is a file', async () => {
    expect((await openUrl(`${origin}/empty.bin`)).sizeBytes).toBe(0);
  });
});

describe('servers that fail', () => {
  test('a missing file is null, or an error where it is needed', async () => {
    expect(await findUrl(`${origin}/nothing`)).toBeNull();
    expect(await urlFiles(origin).open('nothing')).toBeNull();
    requests.length = 0;
    expect(await urlFiles(`${origin}/range/`).open('../range/data.bin')).toBeNull();
    expect(await hubFiles('tiny/mini', { endpoint: origin }).open('../../v1/config.json')).toBeNull();
    expect(requests).toEqual([]);
    expect((await failure(openUrl(`${origin}/nothing`))).code).toBe('not-found');
  });

  test('a connection that breaks names the file', async () => {
    const error = await failure(openUrl(`${origin}/cut/data.bin`));
    expect(error.code).toBe('network');
    expect(error.message).toContain('data.bin');
  });

  test('refusals and errors of the server are told apart', async () => {
    expect((await failure(openUrl(`${origin}/gated/data.bin`))).message).toMatch(
      /refuses data\.bin \(HTTP 403\)/,
    );
    expect((await failure(openUrl(`${origin}/broken/data.bin`))).message).toMatch(/HTTP 500/);
    expect((await failure(openUrl('http://127.0.0.1:1/data.bin'))).code).toBe('network');
    expect((await failure(openUrl('no address'))).message).toContain('no address');
  });

  test('cancelling ends a download', async () => {
    const source = await openUrl(`${origin}/range/data.bin`);
    const controller = new AbortController();
    const reading = readWhole(source, { signal: controller.signal, onProgress: () => controller.abort() });
    expect((await failure(reading)).code).toBe('cancelled');
  });
});

describe('the hub', () => {
  const repository = () => hubFiles('tiny/mini', { endpoint: `${origin}/`, revision: 'v1' });

  test('lists all pages and opens a model through redirects', async () => {
    expect(await repository().list()).toEqual(['config.json', 'model.safetensors']);
    const fromHub = await openModel(repository());
    const fromDisk = await openModel(diskFiles(miniFolder));
    expect(fromHub.spec).toEqual(fromDisk.spec);
    const [got, want] = [await fromHub.weights.layer(1), await fromDisk.weights.layer(1)];
    expect(got.matrices.down).toEqual(want.matrices.down);
    expect(fromHub.warnings).toEqual(['tiny/mini has no tokenizer; only token ids can be run.']);
  });

  test('unknown repositories and bad names are refused', async () => {
    expect((await failure(hubFiles('tiny/none', { endpoint: origin }).list())).code).toBe('not-found');
    // Asked for a file of it, the hub says 401, as for a private one: most often the name is mistyped.
    const mistyped = await failure(hubFiles('tiny/gone', { endpoint: origin }).open('config.json'));
    expect(mistyped.code).toBe('not-found');
    expect(mistyped.message).toContain('no public repository tiny/gone');
    expect(() => hubFiles('https://elsewhere/x')).toThrow('is not the name of a repository');
  });
});

describe('files chosen in a browser', () => {
  const inFolder = (path: string) =>
    Object.defineProperty(new File(['{}'], path.split('/').at(-1)!), 'webkitRelativePath', { value: path });

  test('a folder loses its own name from the paths', async () => {
    const files = browserFiles([inFolder('model/config.json'), inFolder('model/sub/a.txt')]);
    expect(files.name).toBe('model');
    expect(await files.list()).toEqual(['config.json', 'sub/a.txt']);
    expect((await files.open('sub/a.txt'))?.sizeBytes).toBe(2);
    expect(await files.open('other')).toBeNull();
  });

  test('single files keep theirs', async () => {
    expect(await browserFiles([new File(['x'], 'a.gguf')]).list()).toEqual(['a.gguf']);
    expect(() => browserFiles([])).toThrow('No file was chosen');
  });
});

test('a folder on disk does not let a path lead out of it', async () => {
  const files = diskFiles(miniFolder);
  expect((await files.list()).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(await files.open('../expected.json')).toBeNull();
  expect(() => diskFile(`${miniFolder}/none`)).toThrow('There is no file');
});

test('a folder in memory opens like one on disk', async () => {
  const disk = diskFiles(miniFolder);
  const entries = await Promise.all(
    (await disk.list()).map(
      async (path) => [path, (await readWhole((await disk.open(path))!)).bytes] as const,
    ),
  );
  const { spec } = await openModel(memoryFiles(new Map(entries), 'mini'));
  expect(spec.layerCount).toBe(2);
});

describe('the cache of verified files', () => {
  /** The part of CacheStorage that is used; `refuse` makes every write fail as a full disk does. */
  function storage(refuse = false): CacheStorage {
    const kept = new Map<string, Uint8Array>();
    const cache = {
      match: async (key: URL) =>
        kept.has(key.href) ? new Response(kept.get(key.href) as BodyInit) : undefined,
      put: async (key: URL, response: Response) => {
        if (refuse) throw new DOMException('full', 'QuotaExceededError');
        kept.set(key.href, new Uint8Array(await response.arrayBuffer()));
      },
      delete: async (key: URL) => kept.delete(key.href),
      keys: async () => [...kept.keys()].map((href) => new URL(href)),
    };
    return { open: async () => cache, delete: async () => kept.clear() } as unknown as CacheStorage;
  }
  const hash = sha256Hex(content);

  test('what was stored is found again, under its hash alone', async () => {
    const cache = fileCache(storage()) as FileCache;
    expect(await cache.find(hash, 'data.bin')).toBeNull();
    expect(await cache.store(hash, content)).toBeNull();
    expect((await readWhole((await cache.find(hash, 'data.bin'))!)).sha256).toBe(hash);
    expect(await cache.sizeBytes()).toBe(content.length);
    await cache.remove(hash);
    expect(await cache.sizeBytes()).toBe(0);
    expect(await cache.find(hash, 'data.bin')).toBeNull();
  });

  test('what is stored is told to whoever watches', async () => {
    const cache = fileCache(storage()) as FileCache;
    let stop = () => {};
    const told = new Promise<void>((resolve) => {
      stop = cache.watch(resolve);
    });
    await cache.store(hash, content);
    await told;
    stop();
  });

  test('too little room is known before anything is stored, where the browser tells', async () => {
    const told = (estimate: () => Promise<StorageEstimate>) => fileCache(storage(), { estimate })!;
    const some = told(async () => ({ quota: 100, usage: 40 }));
    expect(await some.lacksRoom(60)).toBeNull();
    expect(await some.lacksRoom(61)).toMatch(/too little storage.*in memory only/);
    expect(await told(async () => ({})).lacksRoom(1e12)).toBeNull();
    const secretive = told(() => Promise.reject(new TypeError('not allowed')));
    expect(await secretive.lacksRoom(1e12)).toBeNull();
  });

  test('a full disk gives a sentence, not an error', async () => {
    expect(await fileCache(storage(true))!.store(hash, content)).toMatch(
      /too little storage.*in memory only/,
    );
  });
});

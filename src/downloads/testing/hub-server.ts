/**
 * A hub for tests in Node: the hub's paths, a storage on another port behind a redirect, and every way in which servers
 * misbehave, by file. Records what it was asked, with the Authorization header. e2e/testing/hub-server.ts is the one for
 * browsers, which answers to the letter as huggingface.co does across origins.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a file's storage answers. */
export interface Behaviour {
  /** Statuses given first, one a request, before the file. */
  statuses?: number[];
  /** Retry-After with those. */
  retryAfter?: string;
  /** Answers ranges with the whole. */
  noRanges?: boolean;
  /** Breaks the connection after so many bytes of a body, so many times. */
  breakAfter?: { bytes: number; times: number };
  /** Sends the head of each answer and then nothing, so many times. */
  silent?: number;
  /** Waits before each answer. */
  delayMs?: number;
  /** Gives these bytes instead of what the listing says. */
  content?: Uint8Array;
  etag?: string;
}

export interface Asked {
  where: 'hub' | 'storage';
  path: string;
  range: string;
  authorization: string | undefined;
}

export interface TestHub {
  endpoint: string;
  storage: string;
  asked: Asked[];
  behaviour: Map<string, Behaviour>;
  /** Requires this token for everything where it is set. */
  token: string | null;
  /** What is refused without a token, or with a wrong one. */
  refusal: 401 | 403;
  /** False: a mirror without a listing. */
  lists: boolean;
  /** Calls of storage that were open at the same time, at most. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

/** `files` by path; all but .json are large (LFS), so the listing has their sha256. */
export async function startTestHub(repo: string, files: ReadonlyMap<string, Uint8Array>): Promise<TestHub> {
  const asked: Asked[] = [];
  const behaviour = new Map<string, Behaviour>();
  let [atOnce, most] = [0, 0];
  const note = (where: Asked['where'], request: IncomingMessage) =>
    asked.push({
      where,
      path: request.url ?? '',
      range: request.headers.range ?? '',
      authorization: request.headers.authorization,
    });

  const storage = await listen(async (request, response) => {
    note('storage', request);
    atOnce += 1;
    most = Math.max(most, atOnce);
    response.on('close', () => {
      atOnce -= 1;
    });
    const name = decodeURIComponent((request.url ?? '').slice(1).replace(/\?.*$/, ''));
    await answer(request, response, files.get(name), behaviour.get(name) ?? {});
  });

  const hub: TestHub = {
    endpoint: '',
    storage: storage.origin,
    asked,
    behaviour,
    token: null,
    refusal: 401,
    lists: true,
    mostAtOnce: () => most,
    close: async () => {
      await Promise.all([front.close(), storage.close()]);
    },
  };
  const front = await listen((request, response) => {
    note('hub', request);
    const path = (request.url ?? '').replace(/\?.*$/, '');
    if (hub.token !== null && request.headers.authorization !== `Bearer ${hub.token}`) {
      return void response.writeHead(hub.refusal).end();
    }
    if (hub.lists && path === `/api/models/${repo}/tree/main`) return sendTree(response, files);
    const name = decodeURIComponent(path.split('/resolve/main/')[1] ?? '');
    if (!path.startsWith(`/${repo}/resolve/main/`) || !files.has(name)) {
      return void response.writeHead(path.startsWith(`/${repo}/`) ? 404 : 401).end();
    }
    response.writeHead(302, { Location: `${storage.origin}/${encodeURIComponent(name)}?Signature=x` }).end();
  });
  hub.endpoint = front.origin;
  return hub;
}

function sendTree(response: ServerResponse, files: ReadonlyMap<string, Uint8Array>): void {
  const hashOf = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest('hex');
  const entries = [...files].map(([path, bytes]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: hashOf('sha1', bytes),
    ...(path.endsWith('.json') ? {} : { lfs: { oid: hashOf('sha256', bytes), size: bytes.length } }),
  }));
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(entries));
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  listed: Uint8Array | undefined,
  behaviour: Behaviour,
): Promise<void> {
  if (behaviour.delayMs) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
  const status = behaviour.statuses?.shift();
  if (status !== undefined) {
    const headers = behaviour.retryAfter ? { 'Retry-After': behaviour.retryAfter } : {};
    return void response.writeHead(status, headers).end();
  }
  const whole = behaviour.content ?? listed;
  if (!whole) return void response.writeHead(404).end();
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const isPart = first !== undefined && !behaviour.noRanges;
  const body = isPart ? whole.subarray(Number(first), Number(last) + 1) : whole;
  response.writeHead(isPart ? 206 : 200, {
    'Content-Length': body.length,
    ...(isPart ? { 'Content-Range': `bytes ${first}-${last}/${whole.length}` } : {}),
    ...(behaviour.etag ? { ETag: behaviour.etag } : {}),
  });
  if (behaviour.silent) {
    behaviour.silent -= 1;
    response.flushHeaders();
    return;
  }
  const { breakAfter } = behaviour;
  if (breakAfter && breakAfter.times > 0 && body.length > breakAfter.bytes) {
    breakAfter.times -= 1;
    response.write(body.subarray(0, breakAfter.bytes), () => response.destroy());
    return;
  }
  response.end(body);
}

async function listen(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

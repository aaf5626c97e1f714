/**
 * A hub on other origins than the page's, answering as huggingface.co and its storage do: another host behind a redirect
 * for large files, a relative redirect for small ones, the listing in pages, the same headers for pages of other origins.
 * Preflight requests are refused, so whatever needs one fails here. Serves the one repository it is given.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { projectRoot } from '../../scripts/setup.mjs';

export interface HubServer {
  /** Without a slash at the end, as a person types it. */
  endpoint: string;
  /** Where large files lie: another host and port. */
  storage: string;
  /** "GET /path range", storage's after "storage ". */
  requests: string[];
  /** Storage answers so many more requests; the others wait. Default: all. */
  storageAnswers: number;
  close(): Promise<void>;
}

/** What the hub lets pages of other origins read (seen on huggingface.co, 2026). */
const EXPOSED =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash';
const STORAGE_EXPOSED = 'Accept-Ranges, Content-Range, Content-Type, Content-Disposition, ETag, X-Cache';
const isLarge = (name: string) => /\.(safetensors|gguf)$/.test(name);

/** `files` of the project's `folder` as the repository `repo`. */
export async function startHub(repo: string, folder: string, files: readonly string[]): Promise<HubServer> {
  const requests: string[] = [];
  const note = (request: IncomingMessage, where = '') =>
    requests.push(`${where}${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
  const contents = new Map<string, Promise<Buffer>>();
  const read = (name: string) => {
    const content = contents.get(name) ?? readFile(path.join(projectRoot, folder, name));
    contents.set(name, content);
    return content;
  };

  const storage = await listen('localhost', async (request, response) => {
    note(request, 'storage ');
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', STORAGE_EXPOSED);
    const name = files.find((file) => request.url?.startsWith(`/xet-bridge/${file}?`));
    if (request.method === 'OPTIONS' || !name) return void response.writeHead(403).end();
    while (server.storageAnswers <= 0 && !request.socket.destroyed)
      await new Promise((resolve) => setTimeout(resolve, 20));
    server.storageAnswers -= 1;
    sendPart(request, response, await read(name));
  });

  const hub = await listen('127.0.0.1', async (request, response) => {
    note(request);
    const url = new URL(request.url ?? '/', 'http://hub');
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? 'https://huggingface.co');
    response.setHeader('Access-Control-Expose-Headers', EXPOSED);
    response.setHeader('Vary', 'Origin');
    if (request.method === 'OPTIONS') return void response.writeHead(404).end();
    if (url.pathname === `/api/models/${repo}/tree/main`) return sendTree(url, response, files, read);
    const cached = files.find((name) => url.pathname === `/api/resolve-cache/models/${repo}/${name}`);
    if (cached) return sendPart(request, response, await read(cached));
    const asked = files.find((name) => url.pathname === `/${repo}/resolve/main/${name}`);
    if (asked) {
      const to = isLarge(asked)
        ? `${storage.origin}/xet-bridge/${asked}?Expires=1&Signature=x`
        : `/api/resolve-cache/models/${repo}/${asked}`;
      return void response.writeHead(isLarge(asked) ? 302 : 307, { Location: to }).end();
    }
    // A repository that is not there looks like a private one; a file that is not there is just that.
    response.writeHead(url.pathname.startsWith(`/${repo}/`) ? 404 : 401).end();
  });

  const server: HubServer = {
    endpoint: hub.origin,
    storage: storage.origin,
    requests,
    storageAnswers: Number.POSITIVE_INFINITY,
    close: async () => {
      await Promise.all([hub.close(), storage.close()]);
    },
  };
  return server;
}

/** One entry a page, so that the second is found by the Link header alone. */
async function sendTree(
  url: URL,
  response: ServerResponse,
  files: readonly string[],
  read: (name: string) => Promise<Buffer>,
): Promise<void> {
  const at = Number(url.searchParams.get('cursor') ?? 0);
  if (at + 1 < files.length) {
    const next = `${url.pathname}?recursive=true&cursor=${at + 1}`;
    response.setHeader('Link', `<${next}>; rel="next"`);
  }
  const name = files[at]!;
  const content = await read(name);
  const hashOf = (kind: string) => createHash(kind).update(content).digest('hex');
  const lfs = isLarge(name) ? { lfs: { oid: hashOf('sha256'), size: content.length } } : {};
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const entry = { type: 'file', path: name, size: content.length, oid: hashOf('sha1'), ...lfs };
  response.end(JSON.stringify([entry]));
}

function sendPart(request: IncomingMessage, response: ServerResponse, whole: Buffer): void {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const [first, last] = range ? [Number(range[1]), Number(range[2])] : [0, whole.length - 1];
  const body = whole.subarray(first, last + 1);
  response.writeHead(range ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Content-Length': body.length,
    ...(range ? { 'Content-Range': `bytes ${first}-${last}/${whole.length}` } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listen(host: string, listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    origin: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

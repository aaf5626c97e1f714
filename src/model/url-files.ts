/**
 * Files behind URLs. Parts are read with HTTP range requests; where a server ignores them the file is downloaded
 * once and kept in memory. Runs in browsers and Node alike (fetch).
 */
import { AppError } from './app-error.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { type HttpOptions, networkError, readBody, request } from './http.ts';
import { joinedReads } from './joined-reads.ts';
import { checkRange } from './memory-source.ts';
import { throwIfCancelled, type WholeFileOptions } from './whole-file.ts';

export interface UrlOptions extends WholeFileOptions, HttpOptions {
  /** Name for messages; default: the last part of the path. */
  name?: string;
}

export function nameOf(url: string): string {
  try {
    const path = new URL(url, globalThis.location?.href).pathname;
    return decodeURIComponent(path.split('/').at(-1) || path);
  } catch {
    // Not an address at all: the request that follows says so, with these words as the name.
    return url;
  }
}

/** The file behind `url`, or null when the server has none. Its size is found with one small request. */
export async function findUrl(url: string, options: UrlOptions = {}): Promise<ByteSource | null> {
  const name = options.name ?? nameOf(url);
  const probe = await request(url, name, { headers: { Range: 'bytes=0-0' } }, options);
  if (probe.status === 200) return downloadWhole(probe, name, options);
  await probe.body?.cancel();
  if (probe.status === 404) return null;
  if (probe.status === 206) {
    const total = /^bytes 0-0\/(\d+)$/.exec(probe.headers.get('Content-Range') ?? '')?.[1];
    const sizeBytes = Number(total ?? (await announcedBytes(url, name, options)));
    if (sizeBytes > 0) return new RangeSource(url, name, sizeBytes, options);
  }
  // An empty file has no byte 0 (416); a server on another origin may hide every size. Then the whole file is taken.
  return downloadWhole(await request(url, name, {}, options), name, options);
}

/** Content-Length is readable across origins where Content-Range is not. */
async function announcedBytes(url: string, name: string, options: HttpOptions): Promise<number> {
  const head = await request(url, name, { method: 'HEAD' }, options);
  return head.headers.has('Content-Encoding') ? 0 : Number(head.headers.get('Content-Length') ?? 0);
}

export async function openUrl(url: string, options: UrlOptions = {}): Promise<ByteSource> {
  const source = await findUrl(url, options);
  if (!source) {
    throw new AppError('not-found', `There is no file at ${url}.`, 'Check the address.');
  }
  return source;
}

class RangeSource implements ByteSource {
  constructor(
    private readonly url: string,
    readonly name: string,
    readonly sizeBytes: number,
    private readonly options: HttpOptions,
  ) {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    if (length === 0) return new Uint8Array(0);
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    // Past the HTTP cache: Chromium keeps parts of one address in one entry, and parts that are asked for side by side can
    // come back empty from it (seen in a loaded test run). Whole verified files are kept by file-cache.ts instead.
    const response = await request(this.url, this.name, { headers, cache: 'no-store' }, this.options);
    if (response.status !== 206) {
      await response.body?.cancel();
      throw networkError(
        `The server stopped answering range requests for ${this.name} (HTTP ${response.status})`,
      );
    }
    const bytes = new Uint8Array(await bodyOf(response, this.name, this.options.signal));
    if (bytes.length !== length) {
      throw networkError(`${this.name}: ${length} bytes were asked for, ${bytes.length} came`);
    }
    return bytes;
  }

  async stream(onChunk: (bytes: Uint8Array) => void, signal = this.options.signal): Promise<void> {
    const response = await request(this.url, this.name, {}, { ...this.options, signal });
    await readBody(response, this.name, onChunk, signal);
  }
}

async function bodyOf(response: Response, name: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (error) {
    throwIfCancelled(signal);
    throw networkError(`The connection broke while ${name} was loading`, error);
  }
}

async function downloadWhole(response: Response, name: string, options: UrlOptions): Promise<ByteSource> {
  // With a content encoding the length counts compressed bytes and says nothing about ours.
  const encoded = response.headers.has('Content-Encoding');
  const announced = encoded ? 0 : Number(response.headers.get('Content-Length') ?? 0);
  const chunks: Uint8Array[] = [];
  let done = 0;
  const onChunk = (chunk: Uint8Array) => {
    throwIfCancelled(options.signal);
    chunks.push(chunk);
    done += chunk.length;
    options.onProgress?.(done, Math.max(announced, done));
  };
  await readBody(response, name, onChunk, options.signal);
  if (announced > 0 && done !== announced) {
    throw networkError(`${name} ended after ${done} of ${announced} bytes`);
  }
  // A Blob may live on disk; joining the pieces into one array would hold the file twice for a moment.
  return blobSource(new Blob(chunks as BlobPart[]), name);
}

/** A Blob or File: read in slices, so a large file is never in memory whole. */
export function blobSource(blob: Blob, name: string): ByteSource {
  const read = joinedReads(async (offset, length) => {
    try {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    } catch (error) {
      throw new AppError(
        'not-found',
        `${name} can no longer be read: it was moved, changed or deleted.`,
        'Choose the file again.',
        { cause: error },
      );
    }
  });
  return {
    name,
    sizeBytes: blob.size,
    async read(offset, length) {
      checkRange(this, offset, length);
      return read(offset, length);
    },
  };
}

/** A path inside a folder as part of a URL, or null where it would lead out of the folder. */
export function encodePath(path: string): string | null {
  const parts = path.split('/');
  return parts.some((part) => part === '..' || part === '.') ? null : parts.map(encodeURIComponent).join('/');
}

/** Files below `root`, which ends where paths begin. A plain web server cannot list, so `paths` says what there is. */
export function urlFiles(root: string, options: UrlOptions & { paths?: readonly string[] } = {}): FileSet {
  const base = root.endsWith('/') ? root : `${root}/`;
  return {
    name: options.name ?? nameOf(root.replace(/\/$/, '')),
    list: async () => [...(options.paths ?? [])],
    open: async (path) => {
      const encoded = encodePath(path);
      return encoded === null ? null : findUrl(base + encoded, { ...options, name: path.split('/').at(-1) });
    },
  };
}

/**
 * One file from a server into a store: pieces side by side by ranges, again where they break, in one go where a server has no
 * ranges; then its hash. What is there already is not asked for again. Runs on any thread and in Node; stopping is the
 * signal's business, going on is calling it again.
 */
import { AppError } from '@/model/app-error.ts';
import type { ByteSource } from '@/model/byte-source.ts';
import {
  type HttpOptions,
  networkError,
  PATIENCE,
  type Patience,
  readBody,
  request,
  withPatience,
} from '@/model/http.ts';
import { createSha256 } from '@/model/sha256.ts';
import { blobSource } from '@/model/url-files.ts';
import { throwIfCancelled } from '@/model/whole-file.ts';
import type { ChunkStore } from './chunk-store.ts';
import {
  chunkCount,
  chunkLength,
  chunksThere,
  type DownloadRecord,
  fileKey,
  type Origin,
  readRecord,
  writeRecord,
} from './record.ts';
import type { RemoteFile } from './remote-file.ts';

export interface DownloadOptions extends HttpOptions {
  /** Bytes of this file that are there; the first call says what was there before. */
  onProgress?: (doneBytes: number) => void;
  /** After the last byte, while the hash is computed. */
  onChecking?: (doneBytes: number) => void;
  patience?: Patience;
  chunkBytes?: number;
  /** How many requests at a time. */
  parallel?: number;
  silenceLimitMs?: number;
}

export const CHUNK_BYTES = 8 << 20;
const PARALLEL = 4;

/** The whole file, checked, out of `store`. @throws AppError 'network', 'hash-mismatch', 'cancelled' */
export async function download(
  file: RemoteFile,
  origin: Origin,
  store: ChunkStore,
  options: DownloadOptions = {},
): Promise<ByteSource> {
  const key = fileKey(file.url);
  const record = await beginOrGoOn(file, origin, store, key, options.chunkBytes ?? CHUNK_BYTES);
  if (!record.isComplete) {
    await fetchMissing(record, store, key, options);
    await check(record, store, key, options);
    await writeRecord(store, key, { ...record, isComplete: true, savedAt: new Date().toISOString() });
  }
  options.onProgress?.(record.sizeBytes);
  return (await keptFile(store, key)) ?? lost(record.name);
}

function lost(name: string): never {
  throw new AppError(
    'not-found',
    `${name} was removed from this browser while it was being loaded.`,
    'Load it again.',
  );
}

/** A complete file of the store, or null: half a file is none. */
export async function keptFile(store: ChunkStore, key: string): Promise<ByteSource | null> {
  const record = await readRecord(store, key);
  if (!record?.isComplete) return null;
  const count = chunkCount(record.sizeBytes, record.chunkBytes);
  const blobs: Blob[] = [];
  for (let index = 0; index < count; index++) {
    const blob = await store.read(key, String(index));
    if (blob?.size !== chunkLength(record.sizeBytes, record.chunkBytes, index)) return null;
    blobs.push(blob);
  }
  // A Blob of Blobs: nothing is read until it is asked for.
  return blobSource(new Blob(blobs), record.name);
}

/** Writes down that a file is wanted, without fetching it: what is begun must not look complete when it is stopped between files. */
export async function announce(file: RemoteFile, origin: Origin, store: ChunkStore): Promise<void> {
  await beginOrGoOn(file, origin, store, fileKey(file.url), CHUNK_BYTES);
}

/** The record to go on with. Pieces of another version of the file, or of one whose version nobody knows, are thrown away. */
async function beginOrGoOn(
  file: RemoteFile,
  origin: Origin,
  store: ChunkStore,
  key: string,
  chunkBytes: number,
): Promise<DownloadRecord> {
  const found = await readRecord(store, key);
  if (found && isSameFile(found, file)) {
    if (!found.isComplete || (await keptFile(store, key))) return found;
    return { ...found, isComplete: false };
  }
  await store.remove(key);
  const savedAt = new Date().toISOString();
  // Told apart, so that nothing else of what was passed in is ever written.
  const { url, name, sizeBytes, sha256, version } = file;
  const { label, source } = origin;
  const record = {
    url,
    name,
    sizeBytes,
    sha256,
    version,
    label,
    source,
    chunkBytes,
    isComplete: false,
    savedAt,
  };
  await writeRecord(store, key, record);
  return record;
}

function isSameFile(found: DownloadRecord, file: RemoteFile): boolean {
  if (found.sizeBytes !== file.sizeBytes || found.sha256 !== file.sha256) return false;
  return file.sha256 !== null || (file.version !== null && file.version === found.version);
}

/** A server that answers a request for a part with the whole. Control flow. */
class NoRanges extends Error {
  constructor(readonly response: Response) {
    super('no ranges');
  }
}

async function fetchMissing(
  record: DownloadRecord,
  store: ChunkStore,
  key: string,
  options: DownloadOptions,
): Promise<void> {
  const there = await chunksThere(store, key, record);
  const count = chunkCount(record.sizeBytes, record.chunkBytes);
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !there.has(index));
  const lengthOf = (index: number) => chunkLength(record.sizeBytes, record.chunkBytes, index);
  let doneBytes = [...there].reduce((sum, index) => sum + lengthOf(index), 0);
  const report = (bytes: number) => {
    doneBytes += bytes;
    options.onProgress?.(doneBytes);
  };
  report(0);
  // One piece that fails for good, or a server without ranges, ends the others.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const worker = async () => {
    for (let index = missing.shift(); index !== undefined; index = missing.shift()) {
      const bytes = await fetchChunk(record, index, { ...options, signal }, report);
      await store.write(key, String(index), bytes);
    }
  };
  const workers = Array.from({ length: Math.min(options.parallel ?? PARALLEL, missing.length) }, async () => {
    try {
      await worker();
    } catch (error) {
      if (!(error instanceof NoRanges)) stop.abort();
      else missing.length = 0;
      throw error;
    }
  });
  const failures = (await Promise.allSettled(workers)).flatMap((one) =>
    one.status === 'rejected' ? [one.reason as unknown] : [],
  );
  throwIfCancelled(options.signal);
  const [first] = failures.toSorted((a, b) => Number(wasStopped(a)) - Number(wasStopped(b)));
  if (first instanceof NoRanges) {
    for (const error of failures.slice(1)) if (error instanceof NoRanges) await error.response.body?.cancel();
    doneBytes = 0;
    return takeWhole(first.response, record, store, key, options, report);
  }
  if (first) throw first;
}

const wasStopped = (error: unknown) => error instanceof AppError && error.code === 'cancelled';

/** One piece. Where the connection breaks inside it, the next attempt asks for the rest alone. */
async function fetchChunk(
  { url, name, sizeBytes, chunkBytes }: DownloadRecord,
  index: number,
  options: DownloadOptions,
  report: (bytes: number) => void,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(chunkLength(sizeBytes, chunkBytes, index));
  const start = index * chunkBytes;
  let done = 0;
  const attempt = async () => {
    const headers = { Range: `bytes=${start + done}-${start + bytes.length - 1}` };
    const response = await request(url, name, { headers, cache: 'no-store' }, options);
    if (response.status === 200) throw new NoRanges(response);
    if (response.status !== 206) {
      await response.body?.cancel();
      throw gone(name, response.status);
    }
    const take = (piece: Uint8Array) => {
      if (done + piece.length > bytes.length) throw networkError(`${name}: more came than was asked for`);
      bytes.set(piece, done);
      done += piece.length;
      report(piece.length);
    };
    await readBody(response, name, take, options.signal, options.silenceLimitMs);
    if (done < bytes.length) throw networkError(`The connection broke while ${name} was loading`);
  };
  await withPatience(attempt, options.signal, options.patience ?? PATIENCE);
  return bytes;
}

function gone(name: string, status: number): AppError {
  return new AppError(
    'not-found',
    `${name} is no longer on the server (HTTP ${status}).`,
    'What was loaded of it is kept; check the repository, then load it again.',
  );
}

/** The answer of a server without ranges, cut into pieces as it comes. A break means beginning again. */
async function takeWhole(
  response: Response,
  { name, sizeBytes, chunkBytes }: DownloadRecord,
  store: ChunkStore,
  key: string,
  { signal, silenceLimitMs }: DownloadOptions,
  report: (bytes: number) => void,
): Promise<void> {
  let index = 0;
  let filled = 0;
  let chunk = new Uint8Array(chunkLength(sizeBytes, chunkBytes, 0));
  const take = async (piece: Uint8Array) => {
    throwIfCancelled(signal);
    for (let from = 0; from < piece.length; ) {
      if (chunk.length === 0) throw networkError(`${name} sent more than its ${sizeBytes} bytes`);
      const part = piece.subarray(from, from + chunk.length - filled);
      chunk.set(part, filled);
      filled += part.length;
      from += part.length;
      report(part.length);
      if (filled < chunk.length) continue;
      await store.write(key, String(index), chunk);
      index += 1;
      filled = 0;
      chunk = new Uint8Array(Math.max(0, chunkLength(sizeBytes, chunkBytes, index)));
    }
  };
  await readBody(response, name, take, signal, silenceLimitMs);
  const doneBytes = Math.min(sizeBytes, index * chunkBytes) + filled;
  if (doneBytes < sizeBytes) throw networkError(`${name} ended after ${doneBytes} of ${sizeBytes} bytes`);
}

/** Without a hash from the hub the size has to do: every chunk is whole. A wrong file is thrown away. */
async function check(
  { sha256, name, sizeBytes, chunkBytes }: DownloadRecord,
  store: ChunkStore,
  key: string,
  { signal, onChecking }: DownloadOptions,
): Promise<void> {
  if (sha256 === null) return;
  const hasher = createSha256();
  for (let index = 0; index < chunkCount(sizeBytes, chunkBytes); index++) {
    throwIfCancelled(signal);
    const blob = (await store.read(key, String(index))) ?? lost(name);
    hasher.update(new Uint8Array(await blob.arrayBuffer()));
    onChecking?.(Math.min(sizeBytes, (index + 1) * chunkBytes));
  }
  const found = hasher.digest();
  if (found === sha256) return;
  await store.remove(key);
  throw new AppError(
    'hash-mismatch',
    `${name} came damaged: its sha256 is ${found}, the hub says ${sha256}.`,
    'What came was thrown away; load it again. If it happens again, the server or a proxy changes files.',
  );
}

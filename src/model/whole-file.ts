/** Reading a file from end to end, with progress, hash and cancellation. Works on every ByteSource. */
import { AppError } from './app-error.ts';
import type { ByteSource } from './byte-source.ts';
import { createSha256, sha256OfWhole } from './sha256.ts';

export interface WholeFileOptions {
  /** Called as bytes arrive. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

const CHUNK_BYTES = 4 << 20;

export function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted) throw new AppError('cancelled', 'Loading was cancelled.');
}

/** Calls `onChunk` with the file's bytes in order. One request where the source can stream, pieces of 4 MiB otherwise. */
async function forEachChunk(
  source: ByteSource,
  onChunk: (chunk: Uint8Array) => void,
  { onProgress, signal }: WholeFileOptions,
): Promise<void> {
  let done = 0;
  const take = (chunk: Uint8Array) => {
    throwIfCancelled(signal);
    onChunk(chunk);
    done += chunk.length;
    onProgress?.(done, source.sizeBytes);
  };
  if (source.stream) {
    await source.stream(take, signal);
  } else {
    while (done < source.sizeBytes) {
      throwIfCancelled(signal);
      take(await source.read(done, Math.min(CHUNK_BYTES, source.sizeBytes - done)));
    }
  }
  if (done !== source.sizeBytes) {
    throw new AppError(
      'network',
      `${source.name} ended after ${done} of ${source.sizeBytes} bytes.`,
      'Check the connection and load it again.',
    );
  }
}

/** All bytes, in memory once, and their sha256. */
export async function readWhole(
  source: ByteSource,
  options: WholeFileOptions = {},
): Promise<{ bytes: Uint8Array; sha256: string }> {
  const bytes = new Uint8Array(source.sizeBytes);
  const digestWhole = sha256OfWhole(bytes.length);
  const hasher = digestWhole ? null : createSha256();
  let offset = 0;
  const onChunk = (chunk: Uint8Array) => {
    if (offset + chunk.length > bytes.length) {
      throw new AppError(
        'network',
        `${source.name} sent more than its ${bytes.length} bytes.`,
        'Load it again; if it happens again, the server is at fault.',
      );
    }
    bytes.set(chunk, offset);
    hasher?.update(chunk);
    offset += chunk.length;
  };
  await forEachChunk(source, onChunk, options);
  return { bytes, sha256: hasher ? hasher.digest() : await digestWhole!(bytes) };
}

/** sha256 (hex) of several files one after the other, without keeping them. */
export async function hashSources(
  sources: readonly ByteSource[],
  options: WholeFileOptions = {},
): Promise<string> {
  const hasher = createSha256();
  const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  let before = 0;
  for (const source of sources) {
    await forEachChunk(source, (chunk) => hasher.update(chunk), {
      signal: options.signal,
      onProgress: (done) => options.onProgress?.(before + done, totalBytes),
    });
    before += source.sizeBytes;
  }
  return hasher.digest();
}

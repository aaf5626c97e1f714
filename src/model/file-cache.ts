/**
 * Verified files kept in the browser's Cache API, so that a second visit downloads nothing. Only bytes whose sha256
 * was checked are stored, under their hash: a broken download can never be taken for a good one later.
 */
import type { ByteSource } from './byte-source.ts';
import { blobSource } from './url-files.ts';

const CACHE_NAME = 'stratascope-files-v1';

export interface FileCache {
  /** The stored file, or null. */
  find(sha256: string, name: string): Promise<ByteSource | null>;
  /** Asked before so many bytes are stored: a sentence for the person where there is no room for them. */
  lacksRoom(byteLength: number): Promise<string | null>;
  /** Stores verified bytes. Gives a sentence for the person when that was not possible; the bytes are still usable. */
  store(sha256: string, bytes: Uint8Array): Promise<string | null>;
  /** Forgets one file, e.g. because it turned out to be damaged. */
  remove(sha256: string): Promise<void>;
  clear(): Promise<void>;
  /** Tells whenever a thread of this origin has stored a file, until the returned function is called. */
  watch(onStored: () => void): () => void;
  /** What is stored, in bytes; 0 where it cannot be read. */
  sizeBytes(): Promise<number>;
}

/** The cache, or null where there is none (Node, pages without a secure origin). */
export function fileCache(
  storage: CacheStorage | undefined = globalThis.caches,
  manager: Pick<StorageManager, 'estimate'> | undefined = globalThis.navigator?.storage,
): FileCache | null {
  if (!storage) return null;
  // The Cache API wants URLs as keys. This one is never requested.
  const key = (sha256: string) =>
    new URL(`/.stratascope-cache/${sha256}`, globalThis.location?.href ?? 'http://localhost');
  return {
    async find(sha256, name) {
      try {
        const response = await (await storage.open(CACHE_NAME)).match(key(sha256));
        return response ? blobSource(await response.blob(), name) : null;
      } catch {
        // A cache that cannot be read is the same as an empty one.
        return null;
      }
    },
    async lacksRoom(byteLength) {
      try {
        const { quota = Number.POSITIVE_INFINITY, usage = 0 } = (await manager?.estimate()) ?? {};
        return usage + byteLength > quota ? notKept('there is too little storage') : null;
      } catch {
        // Whoever does not tell is asked by storing.
        return null;
      }
    },
    async store(sha256, bytes) {
      try {
        const cache = await storage.open(CACHE_NAME);
        await cache.put(key(sha256), new Response(bytes as BodyInit));
        const channel = new BroadcastChannel(CACHE_NAME);
        channel.postMessage(null);
        channel.close();
        return null;
      } catch (error) {
        const reason =
          error instanceof DOMException && error.name === 'QuotaExceededError'
            ? 'there is too little storage'
            : 'it refused';
        return notKept(reason);
      }
    },
    async remove(sha256) {
      await (await storage.open(CACHE_NAME)).delete(key(sha256));
    },
    async clear() {
      await storage.delete(CACHE_NAME);
    },
    watch(onStored) {
      const channel = new BroadcastChannel(CACHE_NAME);
      channel.onmessage = onStored;
      return () => channel.close();
    },
    async sizeBytes() {
      try {
        const cache = await storage.open(CACHE_NAME);
        const stored = await Promise.all((await cache.keys()).map((request) => cache.match(request)));
        const blobs = await Promise.all(stored.map((response) => response?.blob()));
        return blobs.reduce((sum, blob) => sum + (blob?.size ?? 0), 0);
      } catch {
        return 0;
      }
    },
  };
}

const notKept = (reason: string): string =>
  `The browser could not keep the file (${reason}); it is in memory only and will be loaded again next time.`;

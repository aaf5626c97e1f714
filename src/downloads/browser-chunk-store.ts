/**
 * Pieces of downloads in a browser: in the origin's private file system, each a file of its own; in the Cache API where that
 * is missing; else in memory. Works in workers and on the page (where createWritable is there).
 */
import { namesIn, nullWhereMissing, writeWhole } from '@/model/private-files.ts';
import { type ChunkStore, MemoryChunkStore, RoomError } from './chunk-store.ts';

const FOLDER = 'downloads';
const CACHE_PREFIX = 'stratascope-download-';

/** The best that there is here. Never throws: a browser that refuses one way gets the next. */
export async function browserChunkStore(): Promise<ChunkStore> {
  try {
    const root = await globalThis.navigator.storage.getDirectory();
    return new PrivateChunkStore(async () => root);
  } catch {
    // Not there, or refused, as in private windows of some browsers.
  }
  return globalThis.caches ? new CacheChunkStore(globalThis.caches) : new MemoryChunkStore();
}

function asRoomError(error: unknown): unknown {
  return (error as Error | null)?.name === 'QuotaExceededError'
    ? new RoomError('no room', { cause: error })
    : error;
}

export class PrivateChunkStore implements ChunkStore {
  readonly place = 'in this browser';
  readonly isLasting = true;

  /** `root` gives the origin's folder. */
  constructor(private readonly root: () => Promise<FileSystemDirectoryHandle>) {}

  async write(file: string, piece: string, bytes: Uint8Array): Promise<void> {
    const folder = await this.#folder(file, true);
    try {
      await writeWhole(await folder!.getFileHandle(piece, { create: true }), bytes);
    } catch (error) {
      // What was begun must not look like a piece.
      await folder!.removeEntry(piece).catch(() => {});
      throw asRoomError(error);
    }
  }

  async read(file: string, piece: string): Promise<Blob | null> {
    const folder = await this.#folder(file, false);
    const handle = await folder?.getFileHandle(piece).catch(nullWhereMissing);
    return handle ? handle.getFile() : null;
  }

  async pieces(file: string): Promise<Map<string, number>> {
    const folder = await this.#folder(file, false);
    const sizes = new Map<string, number>();
    for (const name of folder ? await namesIn(folder, 'file') : []) {
      sizes.set(name, (await (await folder!.getFileHandle(name)).getFile()).size);
    }
    return sizes;
  }

  async files(): Promise<string[]> {
    return namesIn(await this.#top(), 'directory');
  }

  async remove(file: string): Promise<void> {
    await (await this.#top()).removeEntry(file, { recursive: true }).catch(nullWhereMissing);
  }

  async #top(): Promise<FileSystemDirectoryHandle> {
    return (await this.root()).getDirectoryHandle(FOLDER, { create: true });
  }

  async #folder(file: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
    return (await this.#top()).getDirectoryHandle(file, { create }).catch(nullWhereMissing);
  }
}

/** One cache per file, one entry per piece, whose size stands in a header so that listing reads no bodies. */
export class CacheChunkStore implements ChunkStore {
  readonly place = 'in this browser';
  readonly isLasting = true;

  constructor(private readonly caches: CacheStorage) {}

  async write(file: string, piece: string, bytes: Uint8Array): Promise<void> {
    const headers = { 'Content-Length': String(bytes.length) };
    try {
      const cache = await this.caches.open(CACHE_PREFIX + file);
      await cache.put(addressOf(piece), new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
    } catch (error) {
      throw asRoomError(error);
    }
  }

  async read(file: string, piece: string): Promise<Blob | null> {
    const response = await (await this.#cache(file))?.match(addressOf(piece));
    return response ? response.blob() : null;
  }

  async pieces(file: string): Promise<Map<string, number>> {
    const cache = await this.#cache(file);
    const sizes = new Map<string, number>();
    for (const request of (await cache?.keys()) ?? []) {
      const response = await cache!.match(request);
      const name = new URL(request.url).pathname.split('/').at(-1)!;
      if (response) sizes.set(name, Number(response.headers.get('Content-Length')));
    }
    return sizes;
  }

  async files(): Promise<string[]> {
    const names = await this.caches.keys();
    return names
      .filter((name) => name.startsWith(CACHE_PREFIX))
      .map((name) => name.slice(CACHE_PREFIX.length));
  }

  async remove(file: string): Promise<void> {
    await this.caches.delete(CACHE_PREFIX + file);
  }

  /** Not opened where it is not there: opening makes one. */
  async #cache(file: string): Promise<Cache | null> {
    const isThere = await this.caches.has(CACHE_PREFIX + file);
    return isThere ? this.caches.open(CACHE_PREFIX + file) : null;
  }
}

/** The Cache API wants addresses as keys. This one is never requested. */
function addressOf(piece: string): string {
  return new URL(`/.stratascope-download/${piece}`, globalThis.location?.href ?? 'http://localhost').href;
}

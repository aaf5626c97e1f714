/** What downloads have left in this browser, by what was downloaded: whole or begun, how large, and the way to be rid of it. */
import type { ChunkStore } from './chunk-store.ts';
import { chunkLength, chunksThere, holdsWeights, type Origin, readRecord } from './record.ts';

export interface KeptDownload extends Origin {
  /** Names of files inside the store. */
  keys: string[];
  files: string[];
  /** Bytes that are there, and that the whole has as far as it is known: files that were not begun are not counted. */
  storedBytes: number;
  totalBytes: number;
  isComplete: boolean;
  /** Every large file's hash was given and checked. */
  isVerified: boolean;
  /** ISO date of the last change. */
  savedAt: string;
}

/** Largest first. What has no readable record is removed: nothing can go on from it. */
export async function keptDownloads(store: ChunkStore): Promise<KeptDownload[]> {
  const found = new Map<string, KeptDownload>();
  for (const key of await store.files()) {
    const record = await readRecord(store, key);
    if (!record) {
      await store.remove(key);
      continue;
    }
    const { label, source, name, sizeBytes, sha256, isComplete, savedAt } = record;
    const group = JSON.stringify(source);
    const one = found.get(group) ?? {
      label,
      source,
      keys: [],
      files: [],
      storedBytes: 0,
      totalBytes: 0,
      isComplete: true,
      isVerified: true,
      savedAt,
    };
    const there = await chunksThere(store, key, record);
    for (const index of there) one.storedBytes += chunkLength(sizeBytes, record.chunkBytes, index);
    one.keys.push(key);
    one.files.push(name);
    one.totalBytes += sizeBytes;
    one.isComplete &&= isComplete;
    if (holdsWeights(name)) one.isVerified &&= isComplete && sha256 !== null;
    if (savedAt > one.savedAt) one.savedAt = savedAt;
    found.set(group, one);
  }
  return [...found.values()].toSorted((a, b) => b.totalBytes - a.totalBytes);
}

export async function removeDownload(store: ChunkStore, { keys }: Pick<KeptDownload, 'keys'>): Promise<void> {
  for (const key of keys) await store.remove(key);
}

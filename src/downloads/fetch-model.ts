/** A model that was looked at, downloaded file by file into the store, and opened from there as a folder. */
import type { ByteSource, FileSet } from '@/model/byte-source.ts';
import { type ChunkStore, OverflowStore } from './chunk-store.ts';
import { announce, type DownloadOptions, download } from './download.ts';
import type { ModelLook } from './look.ts';
import { chunkLength, chunksThere, fileKey, holdsWeights, readRecord } from './record.ts';
import type { RemoteFile } from './remote-file.ts';

export interface FetchProgress {
  phase: string;
  doneBytes: number;
  totalBytes: number;
  /** Of doneBytes, what was there before this began: no part of a rate. */
  keptBytes: number;
}

export interface FetchOptions extends Omit<DownloadOptions, 'onProgress' | 'onChecking'> {
  onProgress?: (progress: FetchProgress) => void;
  /** What may still be stored; null = not known. */
  storageBytes: number | null;
}

export interface FetchedModel {
  files: FileSet;
  /** Of the one file of weights, where the hub gives it and it was checked. */
  sha256: string | null;
  /** Sentences for the person. */
  warnings: string[];
}

type Looked = Pick<ModelLook, 'origin' | 'files' | 'totalBytes'>;

/** Storage is used by others too: this much is left free. */
const SPARE_BYTES = 50 * 2 ** 20;

export async function fetchModel(
  look: Looked,
  store: ChunkStore,
  options: FetchOptions,
): Promise<FetchedModel> {
  const keptBytes = await bytesThere(look.files, store);
  const missing = look.totalBytes - keptBytes;
  const isShort =
    options.storageBytes !== null && missing > 0 && missing + SPARE_BYTES > options.storageBytes;
  const place = new OverflowStore(store, isShort);
  const sources = new Map<string, ByteSource>();
  let before = 0;
  const report = (phase: string, doneBytes: number) =>
    options.onProgress?.({ phase, doneBytes, totalBytes: look.totalBytes, keptBytes });
  for (const file of look.files) await announce(file, look.origin, place);
  for (const file of look.files) {
    const source = await download(file, look.origin, place, {
      ...options,
      onProgress: (done) => report(`Downloading ${file.name}`, before + done),
      onChecking: () => report(`Checking ${file.name}`, before + file.sizeBytes),
    });
    sources.set(file.name, source);
    before += file.sizeBytes;
  }
  const weights = look.files.filter(({ name }) => holdsWeights(name));
  return {
    files: {
      name: look.origin.label,
      list: async () => [...sources.keys()],
      open: async (path) => sources.get(path) ?? null,
    },
    sha256: weights.length === 1 ? weights[0]!.sha256 : null,
    warnings: place.isLasting ? [] : [inMemoryOnly(look.origin.label, place.isFull)],
  };
}

function inMemoryOnly(label: string, isFull: boolean): string {
  const why = isFull ? 'there is too little storage' : 'this browser keeps no files for this page';
  return `${label} is in memory only, because ${why}: it will be downloaded again next time.`;
}

/** Of these files, what the store has already. */
export async function bytesThere(files: readonly RemoteFile[], store: ChunkStore): Promise<number> {
  let sum = 0;
  for (const file of files) {
    const key = fileKey(file.url);
    const record = await readRecord(store, key);
    if (!record || record.sizeBytes !== file.sizeBytes) continue;
    for (const index of await chunksThere(store, key, record))
      sum += chunkLength(record.sizeBytes, record.chunkBytes, index);
  }
  return sum;
}

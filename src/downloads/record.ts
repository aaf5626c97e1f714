/** What is written beside a download's pieces: what the whole is, where it comes from, whether it is all there. */
import { sha256OfText } from '@/model/sha256.ts';
import type { ModelSource } from '@/protocol/lab.ts';
import type { ChunkStore } from './chunk-store.ts';
import type { RemoteFile } from './remote-file.ts';

/** Where a person can get it again; never a token, never a file of theirs. */
export type RemoteSourceOfModel = Extract<ModelSource, { kind: 'hub' | 'url' }>;

export interface Origin {
  /** What a person calls it: repository or address. */
  label: string;
  source: RemoteSourceOfModel;
}

export interface DownloadRecord extends RemoteFile, Origin {
  chunkBytes: number;
  /** All pieces were there, and the hash was right where there is one. */
  isComplete: boolean;
  /** ISO date of the last change. */
  savedAt: string;
}

const RECORD = 'record.json';

/** A large file, for which hubs know a hash. */
export const holdsWeights = (name: string): boolean => /\.(safetensors|gguf)$/i.test(name);

/** Name of a file's folder: of its address, so that the same file is found again and no name from outside becomes a path. */
export const fileKey = (url: string): string => sha256OfText(url).slice(0, 40);

export async function readRecord(store: ChunkStore, key: string): Promise<DownloadRecord | null> {
  const blob = await store.read(key, RECORD);
  if (!blob) return null;
  try {
    const record: unknown = JSON.parse(await blob.text());
    return isRecord(record) ? record : null;
  } catch {
    // Cut off while it was written: the same as none.
    return null;
  }
}

function isRecord(value: unknown): value is DownloadRecord {
  const { url, name, sizeBytes, chunkBytes, isComplete, label, source } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return (
    [url, name, label].every((text) => typeof text === 'string') &&
    [sizeBytes, chunkBytes].every(Number.isSafeInteger) &&
    typeof isComplete === 'boolean' &&
    typeof source === 'object'
  );
}

export async function writeRecord(store: ChunkStore, key: string, record: DownloadRecord): Promise<void> {
  await store.write(key, RECORD, new TextEncoder().encode(JSON.stringify(record)));
}

export const chunkCount = (sizeBytes: number, chunkBytes: number): number =>
  Math.ceil(sizeBytes / chunkBytes);

/** Length of chunk `index`; the last one is shorter. */
export function chunkLength(sizeBytes: number, chunkBytes: number, index: number): number {
  return Math.min(chunkBytes, sizeBytes - index * chunkBytes);
}

/** Which chunks are there, whole. */
export async function chunksThere(
  store: ChunkStore,
  key: string,
  { sizeBytes, chunkBytes }: Pick<DownloadRecord, 'sizeBytes' | 'chunkBytes'>,
): Promise<Set<number>> {
  const pieces = await store.pieces(key);
  const there = new Set<number>();
  for (let index = 0; index < chunkCount(sizeBytes, chunkBytes); index++) {
    if (pieces.get(String(index)) === chunkLength(sizeBytes, chunkBytes, index)) there.add(index);
  }
  return there;
}

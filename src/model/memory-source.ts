/**
 * Bytes that already lie in memory, as a ByteSource or FileSet, and the bounds check that every source shares.
 * Nothing is copied: what `read` returns is a view, so readers must not write into it.
 */
import { AppError } from './app-error.ts';
import type { ByteSource, FileSet } from './byte-source.ts';

/** Throws where [offset, offset + length) does not lie inside the file. Called before anything is allocated. */
export function checkRange(
  source: { name: string; sizeBytes: number },
  offset: number,
  length: number,
): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) {
    if (offset + length <= source.sizeBytes) return;
  }
  throw new AppError(
    'bad-file',
    `${source.name}: bytes ${offset}..${offset + length} were asked for, the file has ${source.sizeBytes}.`,
    'The file is damaged or incomplete; download it again.',
  );
}

export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    sizeBytes: bytes.byteLength,
    async read(offset, length) {
      checkRange(this, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A folder in memory: path to bytes. */
export function memoryFiles(files: ReadonlyMap<string, Uint8Array>, name: string): FileSet {
  return {
    name,
    list: async () => [...files.keys()],
    open: async (path) => {
      const bytes = files.get(path);
      return bytes ? memorySource(bytes, path) : null;
    },
  };
}

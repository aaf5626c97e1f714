/**
 * Files on disk, for Node alone. The only file of src/model that knows node:fs: browser code never imports it,
 * code that runs on both sides imports it dynamically.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from './app-error.ts';
import type { ByteSource, FileSet } from './byte-source.ts';
import { checkRange } from './memory-source.ts';

/** One file. It is opened for each read: there is nothing to close, and reads are few and large. */
export function diskFile(filePath: string): ByteSource {
  const stat = statSync(filePath, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    throw new AppError('not-found', `There is no file ${filePath}.`, 'Check the path.');
  }
  const name = path.basename(filePath);
  return {
    name,
    sizeBytes: stat.size,
    async read(offset, length) {
      checkRange(this, offset, length);
      const file = await open(filePath, 'r');
      // Every byte is overwritten or the call throws: zeros first would cost as much as the reading.
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      try {
        for (let done = 0; done < length; ) {
          const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) {
            throw new AppError('bad-file', `${name} became shorter while it was read.`, 'Open it again.');
          }
          done += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes;
    },
  };
}

/** A folder and what lies below it. Paths use '/'. */
export function diskFiles(folder: string): FileSet {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new AppError('not-found', `There is no folder ${folder}.`, 'Check the path.');
  }
  return {
    name: path.basename(path.resolve(folder)),
    async list() {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
        )
        .sort();
    },
    async open(filePath) {
      const full = path.join(folder, filePath);
      // A shard index may name any path; it must not lead out of the folder.
      if (path.relative(folder, full).startsWith('..')) return null;
      return statSync(full, { throwIfNoEntry: false })?.isFile() ? diskFile(full) : null;
    },
  };
}

/** Checkpoints in a folder, for Node alone: one folder per run, files written beside their place and renamed into it. */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@/model/app-error.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

const UNFINISHED = '.part';

export class FolderCheckpointStore implements CheckpointStore {
  constructor(private readonly folder: string) {}

  get place(): string {
    return `in the folder ${this.folder}`;
  }

  async write(run: string, file: string, bytes: Uint8Array): Promise<void> {
    const target = path.join(this.folder, run, file);
    const temporary = target + UNFINISHED;
    try {
      await mkdir(path.dirname(target), { recursive: true });
      const handle = await open(temporary, 'w');
      try {
        await handle.writeFile(bytes);
        // On the disk before it gets its name: a power cut must not leave a named file of zeros.
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {});
      const { code } = cause as NodeJS.ErrnoException;
      throw new AppError(
        code === 'ENOSPC' || code === 'EDQUOT' ? 'out-of-memory' : 'bad-file',
        code === 'ENOSPC' || code === 'EDQUOT'
          ? `The disk is full: a checkpoint of ${Math.ceil(bytes.length / 2 ** 20)} MB could not be written to ${this.folder}.`
          : `A checkpoint could not be written to ${this.folder} (${code}).`,
        'Free some space or check permissions; the checkpoint before it is still there.',
        { cause },
      );
    }
  }

  async read(run: string, file: string): Promise<Uint8Array | null> {
    const bytes = await readFile(path.join(this.folder, run, file)).catch(nullWhereMissing);
    return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async list(run: string): Promise<string[]> {
    const names = (await readdir(path.join(this.folder, run)).catch(nullWhereMissing)) ?? [];
    return names.filter((name) => !name.endsWith(UNFINISHED));
  }

  async runs(): Promise<string[]> {
    const entries = (await readdir(this.folder, { withFileTypes: true }).catch(nullWhereMissing)) ?? [];
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  }

  async remove(run: string, file?: string): Promise<void> {
    const target = path.join(this.folder, run, file ?? '');
    await rm(target, { recursive: file === undefined, force: true });
  }
}

function nullWhereMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}

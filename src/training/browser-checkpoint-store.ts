/** Checkpoints in the origin's private file system: they outlive the tab. Belongs in a worker; small enough to be faked. */
import { AppError } from '@/model/app-error.ts';
import { namesIn, nullWhereMissing, writeWhole } from '@/model/private-files.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

const FOLDER = 'checkpoints';

export class BrowserCheckpointStore implements CheckpointStore {
  readonly place = 'in this browser';

  /** `root` gives the origin's folder; a parameter for tests. */
  constructor(private readonly root = () => navigator.storage.getDirectory()) {}

  async write(run: string, file: string, bytes: Uint8Array): Promise<void> {
    try {
      const folder = await this.#folder(run, true);
      const handle = await folder!.getFileHandle(file, { create: true });
      await writeWhole(handle, bytes);
    } catch (cause) {
      // Whatever was begun; the files before it are untouched.
      await this.remove(run, file).catch(() => {});
      if ((cause as Error).name !== 'QuotaExceededError') throw cause;
      throw new AppError(
        'out-of-memory',
        `The browser gives this page no more storage: a checkpoint of ${Math.ceil(bytes.length / 2 ** 20)} MB could not be kept.`,
        'Delete older runs or free disk space; the checkpoint before it is still there.',
        { cause },
      );
    }
  }

  async read(run: string, file: string): Promise<Uint8Array | null> {
    const folder = await this.#folder(run, false);
    const handle = await folder?.getFileHandle(file).catch(nullWhereMissing);
    return handle ? new Uint8Array(await (await handle.getFile()).arrayBuffer()) : null;
  }

  async list(run: string): Promise<string[]> {
    const folder = await this.#folder(run, false);
    return folder ? namesIn(folder, 'file') : [];
  }

  async runs(): Promise<string[]> {
    return namesIn(await this.#top(), 'directory');
  }

  async remove(run: string, file?: string): Promise<void> {
    if (file === undefined) {
      await (await this.#top()).removeEntry(run, { recursive: true }).catch(nullWhereMissing);
      return;
    }
    const folder = await this.#folder(run, false);
    await folder?.removeEntry(file).catch(nullWhereMissing);
  }

  async #top(): Promise<FileSystemDirectoryHandle> {
    return (await this.root()).getDirectoryHandle(FOLDER, { create: true });
  }

  async #folder(run: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
    return (await this.#top()).getDirectoryHandle(run, { create }).catch(nullWhereMissing);
  }
}

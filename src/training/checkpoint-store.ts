/**
 * Where checkpoints lie: files by run and name. A store may leave part of a file behind when it is killed while writing;
 * checkpoints.ts makes a run of such files safe. Here the contract and a store in memory; disks and browsers have their own.
 */

export interface CheckpointStore {
  /** One sentence's worth: "in the folder …", "in this browser". */
  readonly place: string;
  /** Writes a whole file, over an older one of that name. @throws AppError where there is no room */
  write(run: string, file: string, bytes: Uint8Array): Promise<void>;
  /** The bytes, or null when there is no such file. */
  read(run: string, file: string): Promise<Uint8Array | null>;
  /** File names of a run; none for an unknown one. */
  list(run: string): Promise<string[]>;
  runs(): Promise<string[]>;
  /** A file, or all of a run. What is not there needs no removing. */
  remove(run: string, file?: string): Promise<void>;
}

export class MemoryCheckpointStore implements CheckpointStore {
  readonly place = 'in memory';
  readonly #runs = new Map<string, Map<string, Uint8Array>>();

  async write(run: string, file: string, bytes: Uint8Array): Promise<void> {
    const files = this.#runs.get(run) ?? new Map<string, Uint8Array>();
    this.#runs.set(run, files.set(file, bytes.slice()));
  }

  async read(run: string, file: string): Promise<Uint8Array | null> {
    return this.#runs.get(run)?.get(file)?.slice() ?? null;
  }

  async list(run: string): Promise<string[]> {
    return [...(this.#runs.get(run)?.keys() ?? [])];
  }

  async runs(): Promise<string[]> {
    return [...this.#runs.keys()];
  }

  async remove(run: string, file?: string): Promise<void> {
    if (file === undefined) this.#runs.delete(run);
    else this.#runs.get(run)?.delete(file);
  }
}

/**
 * Where downloaded files lie: each in pieces, by number, beside a record of what the whole is. Pieces that are there are the
 * bitmap of what is done, so a download goes on after a closed tab. Here the contract, a store in memory, and the store that
 * goes on in memory when another is full; the browser's are browser-chunk-store.ts.
 */

export interface ChunkStore {
  /** Where it is, for a sentence: "kept … in this browser". */
  readonly place: string;
  /** False: gone with the tab. */
  readonly isLasting: boolean;
  /** Over an older piece of that name; a piece is written whole or not at all. @throws RoomError where there is no room */
  write(file: string, piece: string, bytes: Uint8Array): Promise<void>;
  /** A piece, or null. A Blob, since it may lie on disk: only what is sliced from it is read. */
  read(file: string, piece: string): Promise<Blob | null>;
  /** Names of a file's pieces with their sizes in bytes; none for an unknown file. */
  pieces(file: string): Promise<Map<string, number>>;
  files(): Promise<string[]>;
  /** A file with all its pieces. What is not there needs no removing. */
  remove(file: string): Promise<void>;
}

/** There is no room for a piece. Control flow: people get the sentence of keptInMemory. */
export class RoomError extends Error {}

export class MemoryChunkStore implements ChunkStore {
  readonly place = 'in memory';
  readonly isLasting = false;
  readonly #files = new Map<string, Map<string, Blob>>();

  async write(file: string, piece: string, bytes: Uint8Array): Promise<void> {
    const pieces = this.#files.get(file) ?? new Map<string, Blob>();
    this.#files.set(file, pieces.set(piece, new Blob([bytes as Uint8Array<ArrayBuffer>])));
  }

  async read(file: string, piece: string): Promise<Blob | null> {
    return this.#files.get(file)?.get(piece) ?? null;
  }

  async pieces(file: string): Promise<Map<string, number>> {
    return new Map([...(this.#files.get(file) ?? [])].map(([name, blob]) => [name, blob.size]));
  }

  async files(): Promise<string[]> {
    return [...this.#files.keys()];
  }

  async remove(file: string): Promise<void> {
    this.#files.delete(file);
  }
}

/**
 * `lasting` until it is full; from then on, and from the start where `isMemoryOnly`, everything new goes to memory. What
 * `lasting` holds already is still used.
 */
export class OverflowStore implements ChunkStore {
  readonly #memory = new MemoryChunkStore();
  #isFull: boolean;

  constructor(
    private readonly lasting: ChunkStore,
    isMemoryOnly = false,
  ) {
    this.#isFull = isMemoryOnly;
  }

  /** Whether anything had to go to memory. */
  get isFull(): boolean {
    return this.#isFull;
  }
  get place(): string {
    return this.#isFull ? this.#memory.place : this.lasting.place;
  }
  get isLasting(): boolean {
    return this.lasting.isLasting && !this.#isFull;
  }

  async write(file: string, piece: string, bytes: Uint8Array): Promise<void> {
    if (!this.#isFull) {
      try {
        return await this.lasting.write(file, piece, bytes);
      } catch (error) {
        if (!(error instanceof RoomError)) throw error;
        this.#isFull = true;
      }
    }
    return this.#memory.write(file, piece, bytes);
  }

  async read(file: string, piece: string): Promise<Blob | null> {
    return (await this.#memory.read(file, piece)) ?? this.lasting.read(file, piece);
  }

  async pieces(file: string): Promise<Map<string, number>> {
    return new Map([...(await this.lasting.pieces(file)), ...(await this.#memory.pieces(file))]);
  }

  async files(): Promise<string[]> {
    return [...new Set([...(await this.lasting.files()), ...(await this.#memory.files())])];
  }

  async remove(file: string): Promise<void> {
    await this.#memory.remove(file);
    await this.lasting.remove(file);
  }
}

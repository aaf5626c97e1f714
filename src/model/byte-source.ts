/** Random access to bytes, wherever they lie: URL with range requests, File, disk, memory. */
export interface ByteSource {
  /** File name for messages, e.g. "model.safetensors". */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`, or an error that names the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The whole file in order, where one request for all is better than many for parts. */
  stream?(onChunk: (bytes: Uint8Array) => void, signal?: AbortSignal): Promise<void>;
}

/** A folder of such files, e.g. a checkpoint or a PEFT adapter. */
export interface FileSet {
  /** Name for messages: folder, repository or file. */
  readonly name: string;
  list(): Promise<string[]>;
  /** The file, or null when it is not there. */
  open(path: string): Promise<ByteSource | null>;
}

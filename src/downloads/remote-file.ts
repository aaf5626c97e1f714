/**
 * A file on a server as it is known before it is downloaded: how large, with which hash, which version; and its first bytes,
 * so that headers can be read. Not here: fetching it whole (download.ts), which files a model needs (look.ts).
 */
import type { ByteSource } from '@/model/byte-source.ts';
import { type HttpOptions, networkError, request } from '@/model/http.ts';
import { checkRange } from '@/model/memory-source.ts';
import { findUrl } from '@/model/url-files.ts';

export interface RemoteFile {
  url: string;
  /** For messages. */
  name: string;
  sizeBytes: number;
  /** Where the hub gives it. */
  sha256: string | null;
  /** Something that changes when the file does (object id, ETag, date); null = the server tells nothing. */
  version: string | null;
}

export interface OpenedRemote {
  file: RemoteFile;
  /** Reads what is asked for, by ranges or, where the server has none, from the front as far as needed. */
  source: ByteSource;
  /** Ends what may still be coming. */
  close(): void;
}

/** What a listing says of a file. */
export type KnownFile = Pick<RemoteFile, 'sizeBytes' | 'sha256' | 'version'>;

/** Asks the server about `url` unless a listing has said all; null when there is no such file. */
export async function openRemote(
  url: string,
  name: string,
  options: HttpOptions,
  known: KnownFile | null = null,
): Promise<OpenedRemote | null> {
  if (known) return opened(new RemoteSource(url, name, known.sizeBytes, options), { url, name, ...known });
  const probe = await request(url, name, { headers: { Range: 'bytes=0-0' } }, options);
  if (probe.status === 404) {
    await probe.body?.cancel();
    return null;
  }
  const version = versionOf(probe);
  const sizeBytes = probe.status === 206 ? totalOf(probe) : probe.status === 200 ? lengthOf(probe) : 0;
  if (sizeBytes > 0) {
    const source = new RemoteSource(url, name, sizeBytes, options);
    if (probe.status === 200) source.takeFront(probe);
    else await probe.body?.cancel();
    return opened(source, { url, name, sizeBytes, sha256: null, version });
  }
  await probe.body?.cancel();
  // Empty, or its size is hidden or compressed: such files are small ones, and the whole tells the size.
  const whole = await findUrl(url, { ...options, name });
  if (!whole) return null;
  const file = { url, name, sizeBytes: whole.sizeBytes, sha256: null, version };
  return { file, source: whole, close: () => {} };
}

function opened(source: RemoteSource, file: RemoteFile): OpenedRemote {
  return { file, source, close: () => source.close() };
}

/** Weak tags compare content that means the same; ours must be the same bytes. */
function versionOf(response: Response): string | null {
  const tag = response.headers.get('ETag');
  return tag && !tag.startsWith('W/') ? tag : response.headers.get('Last-Modified');
}

function totalOf(response: Response): number {
  return Number(/^bytes 0-0\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1] ?? 0);
}

function lengthOf(response: Response): number {
  return response.headers.has('Content-Encoding') ? 0 : Number(response.headers.get('Content-Length') ?? 0);
}

/** For a few small reads at a file's front: headers. What a server without ranges sends is held until `close`. */
class RemoteSource implements ByteSource {
  #front: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(
    private readonly url: string,
    readonly name: string,
    readonly sizeBytes: number,
    private readonly options: HttpOptions,
  ) {}

  /** `response` is the whole file from its beginning. */
  takeFront(response: Response): void {
    this.#front = response.body?.getReader() ?? null;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    if (length === 0) return new Uint8Array(0);
    if (this.#front) return this.#fromFront(offset, length);
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    // Past the HTTP cache, as in url-files.ts.
    const response = await request(this.url, this.name, { headers, cache: 'no-store' }, this.options);
    if (response.status === 200) {
      this.takeFront(response);
      return this.#fromFront(offset, length);
    }
    if (response.status !== 206)
      throw networkError(`${this.name} is no longer there (HTTP ${response.status})`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length !== length) {
      throw networkError(`${this.name}: ${length} bytes were asked for, ${bytes.length} came`);
    }
    return bytes;
  }

  close(): void {
    void this.#front?.cancel().catch(() => {});
    this.#front = null;
    this.#pieces = [];
    this.#heldBytes = 0;
  }

  async #fromFront(offset: number, length: number): Promise<Uint8Array> {
    while (this.#heldBytes < offset + length) {
      const { done, value } = await this.#front!.read();
      if (done) throw networkError(`${this.name} ended after ${this.#heldBytes} of ${this.sizeBytes} bytes`);
      this.#pieces.push(value);
      this.#heldBytes += value.length;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of this.#pieces) {
      const [from, to] = [Math.max(offset, at), Math.min(offset + length, at + piece.length)];
      if (from < to) bytes.set(piece.subarray(from - at, to - at), from - offset);
      at += piece.length;
    }
    return bytes;
  }
}

/**
 * Runs that a person keeps in this browser (the origin's IndexedDB): as the files they are, named by their content, within
 * a limit. Everything can be taken out as one zip and put back in. Draws nothing and parses no more than it must.
 */
import { clear, createStore, del, get, set, type UseStore, values } from 'idb-keyval';
import { AppError } from '@/model/app-error.ts';
import { sha256Hex } from '@/model/sha256.ts';
import { parseRunFile, RUN_FILE_LIMIT_BYTES, type RunFile } from '@/protocol/run-file.ts';

/** Of all kept runs together. Browsers give an origin far more; a person should not have to find out where it went. */
export const KEPT_LIMIT_BYTES = 200 * 2 ** 20;

/** What is known of a kept run without reading it. */
export interface KeptCard {
  /** sha256 of the file: the same run is kept once. */
  key: string;
  name: string;
  /** ISO 8601. */
  keptAt: string;
  createdAt: string;
  model: string;
  parts: number;
  bytes: number;
}

export class KeptRuns {
  readonly #cards: UseStore;
  readonly #texts: UseStore;

  /** @param database its name; a parameter for tests */
  constructor(
    database = 'stratascope-runs',
    readonly limitBytes = KEPT_LIMIT_BYTES,
  ) {
    // Two databases: idb-keyval makes one store in each, and listing must not read whole files.
    this.#cards = createStore(`${database}-cards`, 'cards');
    this.#texts = createStore(`${database}-texts`, 'texts');
  }

  /** Newest first. */
  async list(): Promise<KeptCard[]> {
    const cards = await values<KeptCard>(this.#cards);
    return cards.sort((a, b) => b.keptAt.localeCompare(a.keptAt) || a.name.localeCompare(b.name));
  }

  async usedBytes(): Promise<number> {
    return (await this.list()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Keeps a run file as it is. A run that is there already is not kept twice.
   * @throws AppError 'bad-file' for what is no run file, 'out-of-memory' where it does not fit
   */
  async keep(name: string, text: string, keptAt = new Date().toISOString()): Promise<KeptCard> {
    const { run } = parseRunFile(text, name);
    const file = new TextEncoder().encode(text);
    const card = cardOf(run, { name, keptAt, key: sha256Hex(file), bytes: file.length });
    const cards = await this.list();
    const there = cards.find(({ key }) => key === card.key);
    if (there) return there;
    const used = cards.reduce((sum, { bytes }) => sum + bytes, 0);
    if (used + card.bytes > this.limitBytes) throw noRoom(name, used, card.bytes, this.limitBytes);
    try {
      // The text first: a card without its text would be a promise that cannot be kept.
      await set(card.key, text, this.#texts);
      await set(card.key, card, this.#cards);
    } catch (cause) {
      await this.remove(card.key).catch(() => {});
      if ((cause as Error).name !== 'QuotaExceededError') throw cause;
      throw new AppError(
        'out-of-memory',
        `The browser gives this page no more storage: ${name} (${inMb(card.bytes)}) is not kept.`,
        'Remove kept runs, or save it as a file.',
        { cause },
      );
    }
    return card;
  }

  /** The file's text. @throws AppError 'not-found' where it is not kept (any more) */
  async read(key: string): Promise<string> {
    const text = await get<string>(key, this.#texts);
    if (text !== undefined) return text;
    await del(key, this.#cards);
    throw new AppError('not-found', 'This run is no longer in the browser.', 'Open it from a file.');
  }

  async remove(key: string): Promise<void> {
    await del(key, this.#cards);
    await del(key, this.#texts);
  }

  async removeAll(): Promise<void> {
    await clear(this.#cards);
    await clear(this.#texts);
  }

  /** Removes the oldest until so many bytes are free; what was removed. */
  async makeRoom(bytes: number): Promise<KeptCard[]> {
    const cards = await this.list();
    let used = cards.reduce((sum, card) => sum + card.bytes, 0);
    const removed: KeptCard[] = [];
    while (used + bytes > this.limitBytes && cards.length > 0) {
      const oldest = cards.pop()!;
      await this.remove(oldest.key);
      used -= oldest.bytes;
      removed.push(oldest);
    }
    return removed;
  }

  /** All kept runs as one zip of run files. */
  async exportAll(): Promise<Uint8Array<ArrayBuffer>> {
    const { strToU8, zipSync } = await import('fflate');
    const files: Record<string, Uint8Array> = Object.create(null);
    for (const { key, name } of await this.list()) {
      // Two runs may have one name; the hash tells them apart.
      const plain = name.replace(/\.json$/i, '').replaceAll(/[^\w.-]+/g, '-');
      files[`${plain}-${key.slice(0, 8)}.json`] = strToU8(await this.read(key));
    }
    return zipSync(files, { level: 6 }) as Uint8Array<ArrayBuffer>;
  }

  /** Takes in a zip of run files. What cannot be kept is named with the reason; the rest is kept. */
  async importAll(zip: Uint8Array, zipName: string): Promise<{ kept: KeptCard[]; problems: string[] }> {
    const { strFromU8, unzipSync } = await import('fflate');
    const problems: string[] = [];
    let unpackedBytes = 0;
    let entries: Record<string, Uint8Array>;
    try {
      entries = unzipSync(zip, {
        filter: ({ name, originalSize }) => {
          if (!/\.json$/i.test(name)) return false;
          // A small zip can unpack to anything: looked at before memory is asked for.
          const isTooLarge =
            originalSize > RUN_FILE_LIMIT_BYTES || unpackedBytes + originalSize > this.limitBytes;
          if (isTooLarge) problems.push(`${name} is ${inMb(originalSize)} unpacked and was left out.`);
          else unpackedBytes += originalSize;
          return !isTooLarge;
        },
      });
    } catch (cause) {
      throw new AppError('bad-file', `${zipName} is no zip file, or is damaged.`, 'Export it again.', {
        cause,
      });
    }
    const kept: KeptCard[] = [];
    for (const [path, bytes] of Object.entries(entries)) {
      try {
        kept.push(await this.keep(path.split('/').at(-1)!, strFromU8(bytes)));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        problems.push(error.message);
      }
    }
    if (kept.length + problems.length === 0)
      throw new AppError(
        'bad-file',
        `${zipName} holds no run file.`,
        'Choose a zip that “Export all” wrote.',
      );
    return { kept, problems };
  }
}

const cardOf = (
  { createdAt, model, parts }: RunFile,
  file: Pick<KeptCard, 'name' | 'keptAt' | 'key' | 'bytes'>,
): KeptCard => ({ ...file, createdAt, model: model.name, parts: parts.length });

const inMb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

function noRoom(name: string, used: number, bytes: number, limit: number): AppError {
  return new AppError(
    'out-of-memory',
    `${name} (${inMb(bytes)}) does not fit: kept runs take ${inMb(used)} of ${inMb(limit)}.`,
    'Remove the oldest, or export all and clear.',
  );
}

/**
 * Searches of the Locate section, kept in the origin's storage while they run: a tab that is closed or loaded again goes on
 * after the last finished cell. Named by everything their numbers depend on, the weights' hashes included. Not here: runs
 * that a person keeps (src/runs/kept-runs.ts).
 */
import { createStore, del, entries, get, set, type UseStore } from 'idb-keyval';
import { sha256OfText } from '@/model/sha256.ts';
import type { RefusalCalibration } from '@/protocol/experiments.ts';
import type { ModelCard } from '@/protocol/lab.ts';
import type { SearchKind } from './locate-requests.ts';
import type { Entry } from './results.ts';

/** A finished cell waits at most so long for its place, for each writing is of the whole search: some hundred kB. */
const WRITE_EVERY_MS = 300;
/** Oldest ones go: a search of the bundled model takes some hundred kB. */
const MOST_KEPT = 24;

interface Kept {
  entry: Entry<SearchKind>;
  keptAtMs: number;
}

/**
 * What a search is kept under: its request with model, adapters and threshold. Null where an adapter is in this tab only.
 * @param adapters by name, of the search's setting
 */
export function keptName(
  { name, sha256, adapters: known }: Pick<ModelCard, 'name' | 'sha256' | 'adapters'>,
  adapters: readonly string[],
  { tokenIds, threshold }: Pick<RefusalCalibration, 'tokenIds' | 'threshold'>,
  key: string,
): string | null {
  const hashes = adapters.map((adapter) => known.find((one) => one.name === adapter)?.sha256);
  if (hashes.includes(undefined)) return null;
  return sha256OfText(JSON.stringify([sha256 ?? name, hashes, tokenIds, threshold, key]));
}

export class KeptSearches {
  readonly #store: UseStore;
  readonly #waiting = new Map<string, Entry<SearchKind>>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** @param database its name; a parameter for tests */
  constructor(
    database = 'stratascope-searches',
    private readonly everyMs = WRITE_EVERY_MS,
  ) {
    this.#store = createStore(database, 'searches');
  }

  /** Null where nothing is kept, or the browser gives this page no storage. */
  async recall(name: string): Promise<Entry<SearchKind> | null> {
    const kept = await get<Kept>(name, this.#store).catch(() => undefined);
    return kept?.entry ?? null;
  }

  /** Written a moment later, the newest of each search. */
  keep(name: string, entry: Entry<SearchKind>): void {
    this.#waiting.set(name, entry);
    this.#timer ??= setTimeout(() => void this.flush(), this.everyMs);
  }

  /** Without storage a search is kept in the tab alone, as it always was: no reason to disturb it. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    try {
      for (const [name, entry] of waiting) {
        await set(name, { entry, keptAtMs: Date.now() } satisfies Kept, this.#store);
      }
      await this.#forgetOldest();
    } catch (error) {
      console.warn('A search could not be kept in this browser.', error);
    }
  }

  async #forgetOldest(): Promise<void> {
    const all = await entries<string, Kept>(this.#store);
    const byAge = all.sort(([, a], [, b]) => b.keptAtMs - a.keptAtMs);
    for (const [name] of byAge.slice(MOST_KEPT)) await del(name, this.#store);
  }
}

let shared: KeptSearches | null = null;

/** Of this page; made when a section asks for it. What still waits is written when the page goes. */
export function keptSearches(): KeptSearches {
  if (!shared) {
    const own = new KeptSearches();
    shared = own;
    addEventListener('pagehide', () => void own.flush());
  }
  return shared;
}

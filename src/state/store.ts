/**
 * The one store: configuration, what the lab is doing, results, prompts, corrections by hand, notices.
 * Holds and changes; it starts no work (session.ts) and touches no address bar (history.ts).
 */
import { create } from 'zustand';
import type { Progress, ResponseClass } from '@/protocol/experiments.ts';
import type { ModelCard, ModelSource } from '@/protocol/lab.ts';
import { type Config, DEFAULT_CONFIG, fitToModel, type SettingKey } from './config.ts';
import type { OwnAdapter } from './own-adapters.ts';
import type { Pool, PoolId, Pools } from './pools.ts';
import { type Entry, NO_RESULTS, type Results } from './results.ts';

export type LabStatus =
  | { state: 'idle' }
  | { state: 'loading'; progress: Progress | null }
  | { state: 'ready'; card: ModelCard }
  | { state: 'failed'; happened: string; todo: string };

export interface Notice {
  id: string;
  level: 'problem' | 'info';
  happened: string;
  todo: string;
  /** The notice goes away when it is taken. */
  action?: { label: string; run: () => void };
}

export interface Work {
  slot: string;
  label: string;
  progress: Progress | null;
}

/** The model whose numbers are on the page; `key` names it in every result. `source` null: known from a run file only. */
export interface OpenSource {
  key: string;
  name: string;
  source: ModelSource | null;
}

/** The dialogs, which are loaded when first asked for. */
export type DialogRequest =
  | { kind: 'help' }
  | { kind: 'model' }
  | { kind: 'rules' }
  | { kind: 'import'; file: File | null; pool: PoolId };

export interface AppState {
  config: Config;
  /** Counts committed changes; history.ts pushes an entry for each, and replaces while it stands still. */
  commits: number;
  dragging: boolean;
  /** True when nothing was moved for a moment: exact decoding may start. */
  settled: boolean;
  hoverLayer: number | null;
  source: OpenSource | null;
  /** A person's adapters that are on, in words: "aligned" means the weights with them; null = none. */
  ownAdapter: string | null;
  /** All of them, in the order in which they were added, and those that are on, by their names in the lab. */
  ownAdapters: readonly OwnAdapter[];
  ownStack: readonly string[];
  /** The trained adapter that "tuned" means, with those beneath it; null = none trained or chosen. */
  tuned: readonly string[] | null;
  /** Counts the labs that were opened: what was trained in an earlier one is not in this one. */
  labId: number;
  /** Who has the lab to itself, as a sentence ("A run is training."), while everything else waits. */
  lentTo: string | null;
  lab: LabStatus;
  pools: Pools | null;
  results: Results;
  /** Classes set by hand, by prompt id and condition (outcomes.ts: overrideKey). */
  overrides: Readonly<Record<string, ResponseClass>>;
  work: Work | null;
  /** Seconds that the last complete score count took; null = none yet. */
  speed: number | null;
  waiting: readonly string[];
  /** Keys of the searches (grid, single layers, progressive) that a person has started. */
  started: readonly string[];
  stopped: readonly string[];
  failures: Readonly<Record<string, { happened: string; todo: string }>>;
  notices: readonly Notice[];
  dialog: DialogRequest | null;
}

export const INITIAL_STATE: AppState = {
  config: DEFAULT_CONFIG,
  commits: 0,
  dragging: false,
  settled: true,
  hoverLayer: null,
  source: null,
  ownAdapter: null,
  ownAdapters: [],
  ownStack: [],
  tuned: null,
  labId: 0,
  lentTo: null,
  lab: { state: 'idle' },
  pools: null,
  results: NO_RESULTS,
  overrides: {},
  work: null,
  speed: null,
  waiting: [],
  started: [],
  stopped: [],
  failures: {},
  notices: [],
  dialog: null,
};

export const useApp = create<AppState>()(() => INITIAL_STATE);

/** Changes settings. `commit: false` while a handle is being dragged: the address follows, history does not grow. */
export function setConfig(patch: Partial<Config>, { commit = true }: { commit?: boolean } = {}): void {
  useApp.setState((state) => {
    const merged = { ...state.config, ...patch };
    const config = state.lab.state === 'ready' ? fitToModel(merged, state.lab.card.spec.layerCount) : merged;
    return { config, commits: state.commits + (commit ? 1 : 0) };
  });
}

export function resetConfig(keys?: readonly SettingKey[]): void {
  if (!keys) setConfig(DEFAULT_CONFIG);
  else setConfig(Object.fromEntries(keys.map((key) => [key, DEFAULT_CONFIG[key]])) as Partial<Config>);
}

export function setHoverLayer(hoverLayer: number | null): void {
  if (useApp.getState().hoverLayer !== hoverLayer) useApp.setState({ hoverLayer });
}

export function notify(notice: Notice): void {
  useApp.setState(({ notices }) => ({ notices: [...notices.filter(({ id }) => id !== notice.id), notice] }));
}

export function dismiss(id: string): void {
  useApp.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

export function setOverride(key: string, responseClass: ResponseClass | null): void {
  useApp.setState(({ overrides }) => {
    const next = { ...overrides };
    if (responseClass === null) delete next[key];
    else next[key] = responseClass;
    return { overrides: next };
  });
}

/** Adds or replaces results in one go. */
export function putResults(shelf: keyof Results, entries: readonly Entry[]): void {
  useApp.setState((state) => withResults(state, shelf, entries));
}

export function withResults(state: AppState, shelf: keyof Results, entries: readonly Entry[]): AppState {
  if (entries.length === 0) return state;
  const added = Object.fromEntries(entries.map((entry) => [entry.key, entry]));
  return { ...state, results: { ...state.results, [shelf]: { ...state.results[shelf], ...added } } };
}

export function openDialog(dialog: DialogRequest | null): void {
  useApp.setState({ dialog });
}

/** Puts a pool in the place of another; results of the old one stay under its own key. */
export function setPool(pool: Pool): void {
  useApp.setState(({ pools }) => (pools ? { pools: { ...pools, [pool.id]: pool } } : {}));
}

/** What the Locate section reads: its settings, its results, and how far each search is. Hooks; no computing of numbers. */
import { useEffect, useMemo } from 'react';
import { summariseGrid } from '@/method/grid.ts';
import type { FigureProps } from '@/views/index.ts';
import { keptName, keptSearches } from './kept-searches.ts';
import { useLater } from './later.ts';
import { gridRequest, layerAlphaRequest, locateRequest, type SearchKind } from './locate-requests.ts';
import { decodeLocateSettings, encodeLocateSettings, type LocateSettings } from './locate-settings.ts';
import { adaptersAt } from './requests.ts';
import { best, type Entry, liveOf } from './results.ts';
import { keyAt, layerCountOf, useCalibration, useFigure, useSituation } from './select.ts';
import { getSession } from './session-instance.ts';
import { putResults, setConfig, useApp } from './store.ts';

export function useLocateSettings() {
  const text = useApp((state) => state.config.search);
  return useMemo(() => decodeLocateSettings(text), [text]);
}

export function setLocateSettings(patch: Partial<LocateSettings>): void {
  const { settings } = decodeLocateSettings(useApp.getState().config.search);
  setConfig({ search: encodeLocateSettings({ ...settings, ...patch }) });
}

/** The key that the present settings ask for; null before prompts and calibration are there. */
function useSearchKey(kind: SearchKind): string | null {
  const situation = useSituation(useLater);
  const calibration = useCalibration()?.value ?? null;
  const layerCount = useLater(layerCountOf);
  return useMemo(() => {
    if (!situation || !calibration) return null;
    return keyAt(situation, `${kind} ${layerCount}`, () => {
      switch (kind) {
        case 'grid':
          return gridRequest(situation, calibration).key;
        case 'layerAlpha':
          return layerAlphaRequest(situation, calibration).key;
        case 'locate':
          return locateRequest(situation, calibration, layerCount).key;
        default:
          return kind satisfies never;
      }
    });
  }, [situation, calibration, layerCount, kind]);
}

/** Takes up what this browser kept of the search, and keeps what is found from now on. */
function useKept(kind: SearchKind, key: string | null, live: Entry<SearchKind> | null): void {
  const situation = useSituation(useLater);
  const calibration = useCalibration()?.value ?? null;
  const card = useApp(({ lab }) => (lab.state === 'ready' ? lab.card : null));
  const name = useMemo(() => {
    if (!situation || !calibration || !card || key === null) return null;
    return keptName(card, adaptersAt(situation, situation.config.model), calibration, key);
  }, [situation, calibration, card, key]);
  useEffect(() => {
    if (name === null || key === null) return;
    void keptSearches()
      .recall(name)
      .then((entry) => {
        if (entry && !liveOf(useApp.getState().results, kind, key)) putResults('live', [entry]);
      });
  }, [name, key, kind]);
  useEffect(() => {
    if (name !== null && live) keptSearches().keep(name, live);
  }, [name, live]);
}

export interface Search<K extends SearchKind> {
  /** What was computed here once a search has begun, else what was recorded. */
  entry: Entry<K> | null;
  figure: FigureProps;
  /** idle: never started under these settings. stopped: by hand or with the tab, to go on where it was. */
  state: 'idle' | 'running' | 'stopped' | 'failed' | 'done';
  start: () => void;
  stop: () => void;
}

export function useSearch<K extends SearchKind>(kind: K, hint: string): Search<K> {
  const key = useSearchKey(kind);
  const live = useLater((state) => (key === null ? null : liveOf(state.results, kind, key)));
  const known = useLater((state) => (key === null ? null : best(state.results, kind, key)));
  const entry = live ?? known;
  const isDone = live?.complete === true;
  const isStarted = useApp((state) => key !== null && state.started.includes(key));
  const isStopped = useApp((state) => state.stopped.includes(kind));
  const hasFailed = useApp((state) => kind in state.failures);
  const figure = useFigure(kind, entry, hint);
  useKept(kind, key, live as Entry<SearchKind> | null);
  const isBegun = live !== null;
  return useMemo(() => {
    const state = stateOf({ isStarted, isBegun, isDone, isStopped, hasFailed });
    return {
      entry,
      figure: entry && state !== 'running' && !entry.complete ? { ...figure, status: PAUSED } : figure,
      state,
      start: () => {
        if (key === null) return;
        if (!isStarted) useApp.setState(({ started }) => ({ started: [...started, key] }));
        getSession().retry(kind);
      },
      stop: () => getSession().stop(kind),
    };
  }, [entry, figure, key, kind, isStarted, isBegun, isDone, isStopped, hasFailed]);
}

function stateOf(is: {
  isStarted: boolean;
  isBegun: boolean;
  isDone: boolean;
  isStopped: boolean;
  hasFailed: boolean;
}): Search<SearchKind>['state'] {
  if (is.isDone) return 'done';
  // Begun before the page was loaded: kept in this browser, and not started again by itself.
  if (!is.isStarted) return is.isBegun ? 'stopped' : 'idle';
  if (is.isStopped) return 'stopped';
  return is.hasFailed ? 'failed' : 'running';
}

/** Part of a picture on which nobody works. */
const PAUSED = { state: 'ready' } as const;

/** Of a grid, as far as it is computed. */
export function useGridSummary(entry: Entry<'grid'> | null, alpha: number) {
  return useMemo(() => (entry ? summariseGrid(entry.value, alpha) : null), [entry, alpha]);
}

/** What the Locate section reads: its settings, its results, and how far each search is. Hooks; no computing of numbers. */
import { useMemo } from 'react';
import { summariseGrid } from '@/method/grid.ts';
import type { FigureProps } from '@/views/index.ts';
import { useLater } from './later.ts';
import { gridRequest, layerAlphaRequest, locateRequest, type SearchKind } from './locate-requests.ts';
import { decodeLocateSettings, encodeLocateSettings, type LocateSettings } from './locate-settings.ts';
import { best, type Entry, liveOf } from './results.ts';
import { keyAt, layerCountOf, useCalibration, useFigure, useSituation } from './select.ts';
import { getSession } from './session-instance.ts';
import { setConfig, useApp } from './store.ts';

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

export interface Search<K extends SearchKind> {
  entry: Entry<K> | null;
  figure: FigureProps;
  /** idle: never started under these settings. stopped: by hand, to go on where it was. */
  state: 'idle' | 'running' | 'stopped' | 'failed' | 'done';
  start: () => void;
  stop: () => void;
}

export function useSearch<K extends SearchKind>(kind: K, hint: string): Search<K> {
  const key = useSearchKey(kind);
  const entry = useLater((state) => (key === null ? null : best(state.results, kind, key)));
  const isDone = useLater((state) => key !== null && liveOf(state.results, kind, key)?.complete === true);
  const isStarted = useApp((state) => key !== null && state.started.includes(key));
  const isStopped = useApp((state) => state.stopped.includes(kind));
  const hasFailed = useApp((state) => kind in state.failures);
  const figure = useFigure(kind, entry, hint);
  return useMemo(() => {
    const state = !isStarted
      ? 'idle'
      : isDone
        ? 'done'
        : isStopped
          ? 'stopped'
          : hasFailed
            ? 'failed'
            : 'running';
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
  }, [entry, figure, key, kind, isStarted, isDone, isStopped, hasFailed]);
}

/** Part of a picture on which nobody works. */
const PAUSED = { state: 'ready' } as const;

/** Of a grid, as far as it is computed. */
export function useGridSummary(entry: Entry<'grid'> | null, alpha: number) {
  return useMemo(() => (entry ? summariseGrid(entry.value, alpha) : null), [entry, alpha]);
}

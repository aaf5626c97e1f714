/** From the store to what pictures take: entries, and the state each picture is in. Hooks only; no computing. */
import { useMemo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { ExperimentKind } from '@/protocol/experiments.ts';
import type { FigureProps, FigureStatus, PendingWork } from '@/views/index.ts';
import { progressWords } from './progress-words.ts';
import { best, type Entry } from './results.ts';
import { getSession } from './session-instance.ts';
import { currentSituation } from './situation.ts';
import { type AppState, useApp } from './store.ts';
import {
  attentionRequest,
  bandScanRequest,
  calibrateRequest,
  cosineMatrixRequest,
  type Situation,
  similarityRequest,
} from './wanted.ts';

/** Layers of the loaded model, else of what was recorded, else of the bundled model's own family. */
const LAYERS_BEFORE_LOADING = 30;

export function useSituation(): Situation | null {
  return useApp(currentSituation);
}

export function useLayerCount(): number {
  return useApp(layerCountOf);
}

export function layerCountOf(state: Pick<AppState, 'lab' | 'results'>): number {
  if (state.lab.state === 'ready') return state.lab.card.spec.layerCount;
  for (const entry of Object.values(state.results.recorded)) {
    if (entry.kind === 'similarity') return (entry as Entry<'similarity'>).value.layerCount;
  }
  return LAYERS_BEFORE_LOADING;
}

function useEntry<K extends ExperimentKind>(kind: K, key: string | null): Entry<K> | null {
  return useApp((state) => (key === null ? null : best(state.results, kind, key)));
}

export function useSimilarity(): Entry<'similarity'> | null {
  const situation = useSituation();
  return useEntry(
    'similarity',
    useMemo(() => situation && similarityRequest(situation).key, [situation]),
  );
}

/** The base model's curves, for the thin line behind; null where it is the model itself or is not wanted. */
export function useGhost(): Entry<'similarity'> | null {
  const situation = useSituation();
  const key = useMemo(() => {
    if (!situation?.config.showBase || situation.config.model === 'base') return null;
    return similarityRequest(situation, 'base').key;
  }, [situation]);
  return useEntry('similarity', key);
}

export function useCalibration(): Entry<'calibrate'> | null {
  const situation = useSituation();
  return useEntry(
    'calibrate',
    useMemo(() => situation && calibrateRequest(situation).key, [situation]),
  );
}

export function useAttention(): Entry<'attention'> | null {
  const situation = useSituation();
  return useEntry(
    'attention',
    useMemo(() => situation && attentionRequest(situation).key, [situation]),
  );
}

export function useBandScan(): Entry<'bandScan'> | null {
  const situation = useSituation();
  const calibration = useCalibration();
  const key = useMemo(
    () => situation && calibration && bandScanRequest(situation, calibration.value).key,
    [situation, calibration],
  );
  return useEntry('bandScan', key);
}

export function useCosineMatrix(): Entry<'cosineMatrix'> | null {
  const situation = useSituation();
  const similarity = useSimilarity();
  const key = useMemo(
    () => situation && similarity && cosineMatrixRequest(situation, similarity.value.vectorsKey).key,
    [situation, similarity],
  );
  return useEntry('cosineMatrix', key);
}

/** Status, truth and provenance of a picture whose numbers come from work in `slot`. */
export function useFigure(slot: string, entry: Entry | null, hint: string): FigureProps {
  const status = useFigureStatus(slot, entry, hint);
  return { status, truth: entry?.truth ?? null, provenance: entry?.provenance ?? null };
}

export function useFigureStatus(slot: string, entry: Entry | null, hint: string): FigureStatus {
  const failure = useApp((state) => state.failures[slot] ?? null);
  const work = useApp(useShallow((state) => pendingOf(state, slot)));
  const text = work?.text ?? null;
  const fraction = work?.fraction ?? null;
  return useMemo((): FigureStatus => {
    const pending: PendingWork | null = text === null ? null : { text, fraction };
    if (failure && !entry) {
      return {
        state: 'failed',
        happened: failure.happened,
        todo: failure.todo,
        onRetry: () => getSession().retry(slot),
      };
    }
    if (entry?.complete) return { state: 'ready' };
    if (entry) return { state: 'partial', work: pending ?? { fraction: null, text: 'waiting to go on' } };
    return pending ? { state: 'loading', work: pending } : { state: 'empty', hint };
  }, [slot, entry, hint, failure, text, fraction]);
}

/** What is being done, or waited for, for a slot. */
function pendingOf(state: AppState, slot: string): PendingWork | null {
  const { work, lab } = state;
  if (work?.slot === slot) {
    return work.progress ? progressWords(work.progress) : { fraction: null, text: work.label };
  }
  if (state.waiting.includes(slot))
    return { fraction: null, text: work ? `after: ${work.label}` : 'waiting' };
  if (lab.state === 'loading') return { fraction: null, text: 'waiting for the model' };
  return null;
}

export function usePending(slot: string): PendingWork | null {
  const work = useApp((state) => (state.work?.slot === slot ? state.work : null));
  return useMemo(
    () =>
      work ? (work.progress ? progressWords(work.progress) : { fraction: null, text: work.label }) : null,
    [work],
  );
}

/** From the store to what pictures take: entries, and the state each picture is in. Hooks only; no computing. */
import { useCallback, useMemo } from 'react';
import { shallow } from 'zustand/shallow';
import type { KeptKind } from '@/protocol/experiments.ts';
import type { FigureProps, FigureStatus, PendingWork } from '@/views/index.ts';
import { type ReadState, useLater } from './later.ts';
import { progressWords } from './progress-words.ts';
import {
  attentionRequest,
  bandScanRequest,
  calibrateRequest,
  cosineMatrixRequest,
  ghostOf,
  type Situation,
  similarityRequest,
} from './requests.ts';
import { best, type Entry } from './results.ts';
import { getSession } from './session-instance.ts';
import { atAnyAlpha, currentSituation } from './situation.ts';
import { type AppState, useApp, type Work } from './store.ts';

/** Layers of the loaded model, else of what was recorded, else of the bundled model's own family. */
const LAYERS_BEFORE_LOADING = 30;

/** Changes with every setting: for what is drawn, take an entry's own hook below, which changes only with its numbers. */
export function useSituation(read: ReadState = useApp): Situation | null {
  return read(currentSituation);
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

const keys = new WeakMap<Situation, Map<string, string>>();

/** Keys are made once per situation, however many parts of the page ask. */
export function keyAt(situation: Situation, name: string, make: () => string): string {
  let known = keys.get(situation);
  if (!known) keys.set(situation, (known = new Map()));
  let key = known.get(name);
  if (key === undefined) known.set(name, (key = make()));
  return key;
}

type Finder<K extends KeptKind> = (state: AppState) => Entry<K> | null;

/** The entry under the key that the present situation asks for. Same entry, same object: no drawing anew in a drag. */
function finder<K extends KeptKind>(
  kind: K,
  keyFor: (situation: Situation, state: AppState) => string | null,
): Finder<K> {
  return (state) => {
    const situation = currentSituation(state);
    if (!situation) return null;
    const key = keyFor(situation, state);
    return key === null ? null : best(state.results, kind, key);
  };
}

const findSimilarity = finder('similarity', (situation) =>
  keyAt(atAnyAlpha(situation), 'similarity', () => similarityRequest(situation).key),
);
/** Curves for the thin line behind; null where there is none. */
const findGhost = finder('similarity', (situation) => {
  if (!situation.config.showBase || situation.config.model === 'base') return null;
  return keyAt(atAnyAlpha(situation), 'ghost', () => ghostOf(situation)!.request.key);
});
const findCalibration = finder('calibrate', (situation) =>
  keyAt(atAnyAlpha(situation), 'calibrate', () => calibrateRequest(situation).key),
);
const findAttention = finder('attention', (situation) =>
  keyAt(atAnyAlpha(situation), 'attention', () => attentionRequest(situation).key),
);
const findBandScan = finder('bandScan', (situation, state) => {
  const calibration = findCalibration(state);
  return calibration && keyAt(situation, 'bandScan', () => bandScanRequest(situation, calibration.value).key);
});
const findCosineMatrix = finder('cosineMatrix', (situation, state) => {
  const vectorsKey = findSimilarity(state)?.value.vectorsKey;
  if (vectorsKey === undefined) return null;
  return keyAt(
    atAnyAlpha(situation),
    `matrix ${vectorsKey}`,
    () => cosineMatrixRequest(situation, vectorsKey).key,
  );
});

export const useSimilarity = () => useLater(findSimilarity);
export const useGhost = () => useLater(findGhost);
export const useCalibration = () => useLater(findCalibration);
export const useAttention = () => useLater(findAttention);
export const useBandScan = () => useLater(findBandScan);
export const useCosineMatrix = () => useLater(findCosineMatrix);

/** Status, truth and provenance of a picture whose numbers come from work in `slot`. */
export function useFigure(slot: string, entry: Entry | null, hint: string): FigureProps {
  const status = useFigureStatus(slot, entry, hint);
  // Part of a result is not yet what its word says ("computed in full").
  const truth = entry?.complete ? entry.truth : null;
  return { status, truth, provenance: entry?.provenance ?? null };
}

export function useFigureStatus(slot: string, entry: Entry | null, hint: string): FigureStatus {
  const parts = useCallback((state: AppState) => statusParts(state, slot), [slot]);
  const [failure, text, fraction] = useLater(parts, shallow);
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

function statusParts(state: AppState, slot: string) {
  const work = pendingOf(state, slot);
  return [state.failures[slot] ?? null, work?.text ?? null, work?.fraction ?? null] as const;
}

const wordsOfWork = ({ progress, label }: Work): PendingWork =>
  progress ? progressWords(progress) : { fraction: null, text: label };

/** What is being done, or waited for, for a slot. */
function pendingOf(state: AppState, slot: string): PendingWork | null {
  const { work, lab } = state;
  if (work?.slot === slot) {
    return wordsOfWork(work);
  }
  if (state.waiting.includes(slot)) {
    // What is counted changes with every step of a drag; a dozen pictures need not say so each time.
    if (state.dragging) return { fraction: null, text: 'waiting until the handle rests' };
    return { fraction: null, text: work ? `after: ${work.label}` : 'waiting' };
  }
  if (lab.state === 'loading') return { fraction: null, text: 'waiting for the model' };
  return null;
}

export function usePending(slot: string, read: ReadState = useLater): PendingWork | null {
  const find = useCallback((state: AppState) => (state.work?.slot === slot ? state.work : null), [slot]);
  const work = read(find);
  return useMemo(() => work && wordsOfWork(work), [work]);
}

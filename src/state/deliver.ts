/**
 * Turns what a lab answers, piece by piece and at the end, into entries for the shelf. Pure.
 */
import type { ExperimentMap, KeptKind, LayerRuns, PromptOutcome } from '@/protocol/experiments.ts';
import type { GridEvent, LayerAlphaEvent, LocateEvent } from '@/protocol/localise.ts';
import { gridSoFar, layerAlphaSoFar, locateSoFar } from '@/protocol/localise-progress.ts';
import type { Provenance } from '@/views/index.ts';
import type { SearchKind } from './locate-requests.ts';
import { NO_CALIBRATION } from './requests.ts';
import { type Entry, type EntryMap, keyOf, liveOf, type ResultMap } from './results.ts';
import type { AppState } from './store.ts';
import type { Wanted } from './wanted.ts';

/** `state` gives what is on the shelf already and who computes. */
type Shelf = Pick<AppState, 'results' | 'lab' | 'source' | 'config'>;

export function partial<K extends KeptKind>(
  work: Wanted<K>,
  piece: ExperimentMap[K]['event'],
  shelf: Shelf,
): Entry[] {
  const { live } = shelf.results;
  switch (work.kind) {
    case 'similarity':
      return [entry(work, 'similarity', piece as ExperimentMap['similarity']['event'], false, shelf)];
    case 'attention': {
      const before = liveOf(shelf.results, 'attention', work.key)?.value ?? [];
      const picture = piece as ExperimentMap['attention']['event'];
      const rest = before.filter(({ prompt }) => prompt.id !== picture.prompt.id);
      return [entry(work, 'attention', [...rest, picture], false, shelf)];
    }
    case 'count':
      return [countEntry(work as Wanted<'count'>, [piece as PromptOutcome], live, shelf)];
    case 'calibrate':
      return calibrationCounts(work as Wanted<'calibrate'>, [piece as PromptOutcome], shelf);
    case 'bandScan': {
      const before = liveOf(shelf.results, 'bandScan', work.key)?.value ?? { baseline: null, points: [] };
      const point = piece as ExperimentMap['bandScan']['event'];
      return [entry(work, 'bandScan', { ...before, points: merge(before.points, [point]) }, false, shelf)];
    }
    case 'grid':
      return searchSoFar(work, 'grid', gridSoFar, piece as GridEvent, shelf);
    case 'layerAlpha':
      return searchSoFar(work, 'layerAlpha', layerAlphaSoFar, piece as LayerAlphaEvent, shelf);
    case 'locate':
      return searchSoFar(work, 'locate', locateSoFar, piece as LocateEvent, shelf);
    case 'cosineMatrix':
    case 'control':
    case 'train':
      return [];
    default:
      return work.kind satisfies never;
  }
}

export function finished<K extends KeptKind>(
  work: Wanted<K>,
  result: ExperimentMap[K]['result'],
  shelf: Shelf,
): Entry[] {
  switch (work.kind) {
    case 'similarity':
      return [entry(work, 'similarity', result as ResultMap['similarity'], true, shelf)];
    case 'cosineMatrix':
      return [entry(work, 'cosineMatrix', result as ResultMap['cosineMatrix'], true, shelf)];
    case 'attention':
      return [
        entry(work, 'attention', (result as ExperimentMap['attention']['result']).pictures, true, shelf),
      ];
    case 'count': {
      const { outcomes, layerRuns } = result as ExperimentMap['count']['result'];
      return [countEntry(work as Wanted<'count'>, outcomes, shelf.results.live, shelf, layerRuns)];
    }
    case 'calibrate': {
      const { calibration, outcomes, layerRuns } = result as ExperimentMap['calibrate']['result'];
      const learnt = entry(work, 'calibrate', calibration, true, shelf);
      return [
        layerRuns ? { ...learnt, work: { ...layerRuns, promptCount: outcomes.length } } : learnt,
        ...calibrationCounts(work as Wanted<'calibrate'>, outcomes, shelf),
      ];
    }
    case 'bandScan': {
      const before = liveOf(shelf.results, 'bandScan', work.key)?.value.points ?? [];
      const { baseline, points } = result as ExperimentMap['bandScan']['result'];
      return [entry(work, 'bandScan', { baseline, points: merge(before, points) }, true, shelf)];
    }
    case 'grid':
      return [entry(work, 'grid', result as ResultMap['grid'], true, shelf)];
    case 'layerAlpha':
      return [entry(work, 'layerAlpha', result as ResultMap['layerAlpha'], true, shelf)];
    case 'locate':
      return [entry(work, 'locate', result as ResultMap['locate'], true, shelf)];
    // Training runs and controls are not the bench's: they have shelves of their own.
    case 'control':
    case 'train':
      return [];
    default:
      return work.kind satisfies never;
  }
}

/** The result so far, which is also what an interrupted search is given back. */
function searchSoFar<K extends SearchKind, E>(
  work: Wanted,
  kind: K,
  soFar: (before: ResultMap[K] | null, event: E) => ResultMap[K] | null,
  event: E,
  shelf: Shelf,
): Entry[] {
  const value = soFar(liveOf(shelf.results, kind, work.key)?.value ?? null, event);
  return value ? [entry(work, kind, value, false, shelf)] : [];
}

function merge(
  before: ResultMap['bandScan']['points'],
  more: ResultMap['bandScan']['points'],
): ResultMap['bandScan']['points'] {
  const byFirst = new Map([...before, ...more].map((point) => [point.first, point]));
  return [...byFirst.values()].sort((a, b) => a.first - b.first);
}

/** Positions in the request become positions in the whole pool: an interrupted count asks only for what is missing. */
function countEntry(
  work: Wanted<'count'>,
  pieces: readonly PromptOutcome[],
  live: EntryMap,
  shelf: Shelf,
  layerRuns?: LayerRuns,
): Entry<'count'> {
  const before = live[work.key] as Entry<'count'> | undefined;
  const prompts = before?.value.prompts ?? work.full ?? work.params.prompts;
  const outcomes = before
    ? [...before.value.outcomes]
    : new Array<PromptOutcome | undefined>(prompts.length).fill(undefined);
  for (const piece of pieces) {
    const index = work.positions?.[piece.index] ?? piece.index;
    outcomes[index] = { ...piece, index };
  }
  const complete = outcomes.every((outcome) => outcome !== undefined);
  const truth = work.params.mode === 'exact' ? 'exact' : 'fast';
  const done = layerRuns && { ...layerRuns, promptCount: pieces.length };
  return {
    ...entry(work, 'count', { prompts, outcomes }, complete, shelf),
    truth,
    work: sumOfWork(before?.work, done),
  };
}

function sumOfWork(before: Entry['work'], more: Entry['work']): Entry['work'] {
  if (!before || !more) return before ?? more;
  return {
    run: before.run + more.run,
    full: before.full + more.full,
    promptCount: before.promptCount + more.promptCount,
  };
}

/** Learning the threshold decodes every counted prompt at alpha = 1: those are exact counts as well. */
function calibrationCounts(
  work: Wanted<'calibrate'>,
  pieces: readonly PromptOutcome[],
  shelf: Shelf,
): Entry[] {
  return (work.parts ?? []).flatMap(({ start, end }) => {
    const decoded = pieces.filter(
      ({ index, responseClass }) => index >= start && index < end && responseClass !== undefined,
    );
    return decoded.length === 0 ? [] : [unscaledCount(work, start, end, decoded, shelf)];
  });
}

function unscaledCount(
  work: Wanted<'calibrate'>,
  start: number,
  end: number,
  pieces: readonly PromptOutcome[],
  shelf: Shelf,
): Entry<'count'> {
  const { template, setting, rules, maxNewTokens, prompts } = work.params;
  const params = {
    template,
    setting,
    rules,
    maxNewTokens,
    prompts: prompts.slice(start, end),
    mode: 'exact' as const,
    calibration: NO_CALIBRATION,
  };
  const key = keyOf('count', work.modelKey, params);
  const shifted = pieces.map((piece) => ({ ...piece, index: piece.index - start }));
  const count: Wanted<'count'> = { ...work, kind: 'count', key, params, parts: undefined };
  return countEntry(count, shifted, shelf.results.live, shelf);
}

function entry<K extends KeptKind>(
  work: Pick<Wanted, 'key' | 'params' | 'kind'>,
  kind: K,
  value: ResultMap[K],
  complete: boolean,
  shelf: Shelf,
): Entry<K> {
  return { kind, key: work.key, value, truth: 'exact', complete, provenance: provenance(work, shelf) };
}

/** Which layers are the aligned model's, where not all are. */
function transplantWords(
  setting: ExperimentMap['count']['params']['setting'] | undefined,
): Record<string, string> {
  const { adapterLayers, baseLayers } = setting ?? {};
  if (adapterLayers) return { 'layers from aligned': `only ${adapterLayers.join(' ')}` };
  return baseLayers?.length ? { 'layers from aligned': `all but ${baseLayers.join(' ')}` } : {};
}

function provenance({ params }: Pick<Wanted, 'params'>, { lab, source, config }: Shelf): Provenance {
  const card = lab.state === 'ready' ? lab.card : null;
  const given = params as Partial<{
    template: string;
    setting: ExperimentMap['count']['params']['setting'];
    prompts: readonly unknown[];
    normal: readonly unknown[];
    malicious: readonly unknown[];
    bootstrap: { seed: number };
  }>;
  const rule = given.setting?.scale[0];
  return {
    model: card?.name ?? source?.name ?? 'unknown',
    sha256: card?.sha256 ?? null,
    adapters: given.setting?.adapters ?? [],
    template: given.template ?? config.template,
    n: given.prompts
      ? `${given.prompts.length} prompts`
      : given.normal
        ? `${given.normal.length} normal, ${given.malicious?.length ?? 0} malicious prompts`
        : 'one layer',
    seed: given.bootstrap?.seed ?? null,
    date: new Date().toISOString(),
    origin: 'live',
    extra: {
      ...(card ? { backend: `${card.backend.kind}, ${card.backend.runtime}` } : {}),
      ...transplantWords(given.setting),
      ...(rule
        ? {
            layers: `${rule.first} to ${rule.last}`,
            alpha: String(rule.alpha),
            matrices: rule.matrices.join(' '),
          }
        : {}),
    },
  };
}

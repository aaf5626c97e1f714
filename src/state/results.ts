/**
 * What has been computed, kept under what it depends on, so that an old answer can never pass for a new one.
 * Recorded results (from run files) and live ones are kept apart; `best` decides which of them is shown.
 */
import { interventionParts } from '@/method/interventions.ts';
import type { ControlResult } from '@/protocol/controls.ts';
import type {
  AttentionPicture,
  BandScanResult,
  CosineMatrixResult,
  ExperimentMap,
  KeptKind,
  LayerRuns,
  ModelContext,
  PromptItem,
  PromptOutcome,
  RefusalCalibration,
  SimilarityResult,
} from '@/protocol/experiments.ts';
import type { GridResult, LayerAlphaResult, LocateResult } from '@/protocol/localise.ts';
import type { TrainResult } from '@/protocol/training.ts';
import type { Provenance, Truth } from '@/views/index.ts';
import { matricesOf } from './config.ts';

export type CountMode = 'score' | 'exact';

/** Outcomes by position in `prompts`; holes are prompts that are not computed yet. */
export interface Count {
  prompts: readonly PromptItem[];
  outcomes: readonly (PromptOutcome | undefined)[];
}

/** Band points by their first layer, as they arrive. */
export interface Scan {
  baseline: BandScanResult['baseline'] | null;
  points: BandScanResult['points'];
}

export interface ResultMap {
  similarity: SimilarityResult;
  cosineMatrix: CosineMatrixResult;
  attention: readonly AttentionPicture[];
  calibrate: RefusalCalibration;
  count: Count;
  bandScan: Scan;
  control: ControlResult;
  grid: GridResult;
  layerAlpha: LayerAlphaResult;
  locate: LocateResult;
  train: TrainResult;
}

export interface Entry<K extends KeptKind = KeptKind> {
  kind: K;
  key: string;
  value: ResultMap[K];
  truth: Truth;
  /** False while partial results stream in. */
  complete: boolean;
  provenance: Provenance;
  /** Where a recorded number comes from, in words, for the hover text. */
  origin?: string;
  /** What it took, and for how many of its prompts that is known: interrupted work leaves its answers, but no sum. */
  work?: LayerRuns & { promptCount: number };
}

export type EntryMap = Readonly<Record<string, Entry>>;
export interface Results {
  live: EntryMap;
  recorded: EntryMap;
}
export const NO_RESULTS: Results = { live: {}, recorded: {} };

/**
 * What an experiment's answer depends on, as one string; the same for a live request and for a recorded part.
 * Left out: what only steers the way there (order, batch sizes, which bands first).
 */
export function keyOf<K extends KeptKind>(
  kind: K,
  modelKey: string,
  params: ExperimentMap[K]['params'],
): string {
  return `${kind}:${JSON.stringify([modelKey, ...dependencies(kind, params)])}`;
}

function dependencies(kind: KeptKind, params: ExperimentMap[KeptKind]['params']): unknown[] {
  const of = <K extends KeptKind>(_: K) => params as ExperimentMap[K]['params'];
  const setting = ({ template, setting: own }: ModelContext) => [
    template,
    own.adapters,
    own.scale
      .filter((rule) => rule.alpha !== 1)
      .map((rule) => [rule.first, rule.last, rule.alpha, matricesOf([...rule.matrices])]),
    ...interventionParts(own),
  ];
  switch (kind) {
    case 'similarity': {
      const { normal, malicious, pairs, bootstrap, lastPoint, ...context } = of(kind);
      const drawn = pairs.kind === 'all' ? ['all'] : [pairs.draws, pairs.seed];
      return [
        ...setting(context),
        promptsKey(normal),
        promptsKey(malicious),
        drawn,
        bootstrap.seed,
        lastPoint,
      ];
    }
    case 'cosineMatrix': {
      const { vectorsKey, layer, measure } = of(kind);
      return [vectorsKey, layer, measure];
    }
    case 'attention': {
      const { prompts, ...context } = of(kind);
      return [...setting(context), promptsKey(prompts)];
    }
    case 'calibrate': {
      // Not on which prompts: a threshold learnt elsewhere on this model and template is still its threshold.
      const { rules, ...context } = of(kind);
      return [...setting(context), rules.prefixes];
    }
    case 'count': {
      const { prompts, rules, mode, maxNewTokens, ...context } = of(kind);
      const decided = mode === 'exact' ? [rules.prefixes, maxNewTokens] : [rules.prefixes];
      return [...setting(context), mode, ...decided, promptsKey(prompts)];
    }
    case 'bandScan': {
      const { prompts, width, alpha, matrices, ...context } = of(kind);
      return [...setting(context), promptsKey(prompts), width, alpha, matricesOf([...matrices])];
    }
    case 'grid': {
      const { prompts, alpha, matrices, ...context } = of(kind);
      return [...setting(context), promptsKey(prompts), alpha, matricesOf([...matrices])];
    }
    case 'layerAlpha': {
      const { prompts, alphas, matrices, ...context } = of(kind);
      return [...setting(context), promptsKey(prompts), alphas, matricesOf([...matrices])];
    }
    case 'locate': {
      const { prompts, rules, matrices, gap, ...asked } = of(kind);
      const { counting, maxNewTokens, guardPrompts, fallback, directions, uppers, lowers } = asked;
      const { alphaStep, alphaLimit, spreadShare, garbledShare, halfWindow, extend } = asked;
      return [
        ...setting(asked),
        promptsKey(prompts),
        matricesOf([...matrices]),
        rules.prefixes,
        gap ? [promptsKey(gap.normal), promptsKey(gap.malicious)] : null,
        [counting, maxNewTokens, guardPrompts, fallback, directions, uppers ?? null, lowers ?? null],
        [alphaStep, alphaLimit, spreadShare, garbledShare, halfWindow, extend],
      ];
    }
    case 'control': {
      const { done: _, ...asked } = of(kind);
      return [asked];
    }
    case 'train':
      return [of(kind)];
    default:
      return kind satisfies never;
  }
}

/** A count's dependencies without its prompts: which other counts could hold the same prompts' outcomes. */
export function conditionOf(countKey: string): string {
  return countKey.slice(0, countKey.lastIndexOf(',"'));
}

/**
 * As `best`; in addition a recorded count over more prompts serves where it holds all of those asked for. Recorded runs
 * may cover a whole pool while the page counts a part of it.
 */
export function bestCount(
  results: Results,
  key: string,
  prompts: readonly PromptItem[],
): Entry<'count'> | null {
  const found = best(results, 'count', key);
  if (found?.complete) return found;
  return fromLargerCount(results.recorded, key, prompts) ?? found;
}

const cut = new WeakMap<EntryMap, Map<string, Entry<'count'> | null>>();

function fromLargerCount(
  recorded: EntryMap,
  key: string,
  prompts: readonly PromptItem[],
): Entry<'count'> | null {
  let byKey = cut.get(recorded);
  if (!byKey) cut.set(recorded, (byKey = new Map()));
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const condition = conditionOf(key);
  let result: Entry<'count'> | null = null;
  for (const entry of Object.values(recorded)) {
    if (entry.kind !== 'count' || conditionOf(entry.key) !== condition) continue;
    const { value } = entry as Entry<'count'>;
    const at = new Map(value.prompts.map((prompt, index) => [prompt.text, index]));
    const outcomes = prompts.map((prompt, index) => {
      const outcome = value.outcomes[at.get(prompt.text) ?? -1];
      return outcome && { ...outcome, index };
    });
    if (!outcomes.every((outcome) => outcome !== undefined)) continue;
    result = { ...(entry as Entry<'count'>), key, value: { prompts, outcomes } };
    break;
  }
  byKey.set(key, result);
  return result;
}

/** A live result in full, else the recorded one, else whatever part of the live one there is. */
export function best<K extends KeptKind>(results: Results, kind: K, key: string): Entry<K> | null {
  const live = results.live[key];
  if (live?.complete) return as(live, kind);
  const recorded = results.recorded[key];
  return as(recorded ?? live, kind);
}

export function liveOf<K extends KeptKind>(results: Results, kind: K, key: string): Entry<K> | null {
  return as(results.live[key], kind);
}

function as<K extends KeptKind>(entry: Entry | undefined, kind: K): Entry<K> | null {
  return entry && entry.kind === kind ? (entry as Entry<K>) : null;
}

const names = new WeakMap<readonly PromptItem[], string>();

/** Content name of a prompt list: which texts, in which order. Not a checksum against tampering. */
export function promptsKey(prompts: readonly PromptItem[]): string {
  const known = names.get(prompts);
  if (known) return known;
  let hash = 0x811c9dc5;
  for (const { text } of prompts) {
    for (let at = 0; at <= text.length; at++) {
      // The end of a text is mixed in as well: ["ab"] and ["a", "b"] differ.
      hash = Math.imul(hash ^ (at < text.length ? text.charCodeAt(at) : 0x1f), 0x01000193);
    }
  }
  const name = `${prompts.length}.${(hash >>> 0).toString(36)}`;
  names.set(prompts, name);
  return name;
}

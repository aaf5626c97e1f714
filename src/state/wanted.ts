/**
 * From the state to the list of work that is wanted now, most urgent first: pure, so that "what runs when" can be read
 * and tested in one place. Running it is session.ts's business.
 */
import type { ModelSetting } from '@/engine/engine.ts';
import type {
  ExperimentKind,
  ExperimentMap,
  PromptItem,
  RefusalCalibration,
  RefusalRules,
} from '@/protocol/experiments.ts';
import { adaptersOf, type Config, type ModelVariant, matricesOf } from './config.ts';
import {
  attentionPrompts,
  COUNTED_POOLS,
  type CountedPool,
  countedPrompts,
  type Pools,
  similarityPools,
} from './pools.ts';
import { best, type CountMode, type Entry, keyOf, liveOf, type Results } from './results.ts';

/** Greedy tokens per answer (paper's code: max_new_tokens=16). */
export const MAX_NEW_TOKENS = 16;
export const BOOTSTRAP_REPLICATES = 1000;
/** Prompts of the first batch: the first partial count is on screen early. */
const FIRST_BATCH = 4;

/** What keys and parameters are made from. */
export interface Situation {
  modelKey: string;
  config: Config;
  pools: Pools;
  /** From src/method/refusal.ts, with the person's edits. */
  rules: RefusalRules;
  /** A person's own adapter, in the place of the shipped one. */
  ownAdapter?: string | null;
  /** Adapters of the tuned model. */
  tuned?: readonly string[] | null;
}

export interface Wanted<K extends ExperimentKind = ExperimentKind> {
  slot: string;
  priority: number;
  label: string;
  kind: K;
  key: string;
  params: ExperimentMap[K]['params'];
  modelKey: string;
  /** count: the whole prompt list, of which `params` asks for a part. */
  full?: PromptItem[];
  /** count: positions in the full prompt list of the prompts that are asked for now. */
  positions?: number[];
  /** calibrate: which stretch of its prompts belongs to which pool. */
  parts?: ReadonlyArray<{ pool: CountedPool; start: number; end: number }>;
}

/** Smaller is more urgent; gaps of meaning, not of number. */
const URGENCY = {
  calibrate: 4.5,
  baselineScore: 1,
  score: 2,
  cosineMatrix: 3,
  similarity: 4,
  exact: 5,
  baselineExact: 6,
  sideExact: 7,
  attention: 8,
  ghost: 9,
  bandScan: 10,
} as const;

/** Adapters that a variant of the model stands for, outermost last. */
export function adaptersAt({ ownAdapter, tuned }: Situation, variant: ModelVariant): string[] {
  if (variant === 'tuned' && tuned) return [...tuned];
  return variant === 'aligned' && ownAdapter ? [ownAdapter] : adaptersOf(variant);
}

const context = (situation: Situation, variant: ModelVariant, alpha = 1) => ({
  template: situation.config.template,
  setting: {
    adapters: adaptersAt(situation, variant),
    scale: scaleOf(situation.config, alpha),
  },
});

export function scaleOf(config: Config, alpha = config.alpha): ModelSetting['scale'] {
  if (alpha === 1) return [];
  return [{ first: config.range[0], last: config.range[1], alpha, matrices: matricesOf(config.matrices) }];
}

type Request<K extends ExperimentKind> = { key: string; params: ExperimentMap[K]['params'] };
const request = <K extends ExperimentKind>(
  { modelKey }: Situation,
  kind: K,
  params: ExperimentMap[K]['params'],
): Request<K> => ({ key: keyOf(kind, modelKey, params), params });

export function similarityRequest(
  situation: Situation,
  variant = situation.config.model,
): Request<'similarity'> {
  const { config, pools } = situation;
  return request(situation, 'similarity', {
    ...context(situation, variant),
    ...similarityPools(pools, config),
    pairs: config.pairs,
    bootstrap: { replicates: BOOTSTRAP_REPLICATES, seed: config.seed },
    lastPoint: config.lastPoint,
  });
}

/** Learns on the counted pools, so that its answers are the exact outcomes at alpha = 1 as well. */
export function calibrateRequest(
  situation: Situation,
): Request<'calibrate'> & { parts: NonNullable<Wanted['parts']> } {
  const { config, pools, rules } = situation;
  const lists = COUNTED_POOLS.map((pool) => ({ pool, items: countedPrompts(pools, pool, config) }));
  let end = 0;
  const parts = lists.map(({ pool, items }) => ({ pool, start: end, end: (end += items.length) }));
  const prompts = lists.flatMap(({ items }) => items);
  const params = { ...context(situation, config.model), prompts, rules, maxNewTokens: MAX_NEW_TOKENS };
  return { ...request(situation, 'calibrate', params), parts };
}

export function countRequest(
  situation: Situation,
  pool: CountedPool,
  mode: CountMode,
  alpha: number,
  calibration: RefusalCalibration,
): Request<'count'> {
  const { config, pools, rules } = situation;
  return request(situation, 'count', {
    ...context(situation, config.model, alpha),
    prompts: countedPrompts(pools, pool, config),
    calibration,
    rules,
    mode,
    maxNewTokens: MAX_NEW_TOKENS,
    firstBatchSize: FIRST_BATCH,
  });
}

export function bandScanRequest(situation: Situation, calibration: RefusalCalibration): Request<'bandScan'> {
  const { config, pools } = situation;
  return request(situation, 'bandScan', {
    ...context(situation, config.model),
    prompts: countedPrompts(pools, 'over-rejection', config),
    calibration,
    width: config.bandWidth,
    alpha: config.alpha,
    matrices: matricesOf(config.matrices),
  });
}

export function attentionRequest(situation: Situation): Request<'attention'> {
  const { config, pools } = situation;
  return request(situation, 'attention', {
    ...context(situation, config.model),
    prompts: attentionPrompts(pools, config),
  });
}

export function cosineMatrixRequest(situation: Situation, vectorsKey: string): Request<'cosineMatrix'> {
  const { config } = situation;
  const measure = config.measure === 'centred' ? 'centred' : 'raw';
  return request(situation, 'cosineMatrix', { vectorsKey, layer: config.mapLayer, measure });
}

/** Prompt positions whose score is nearest to the threshold first: they are the ones that a scaling can turn over. */
export function informativeOrder(
  baseline: Entry<'count'> | null,
  threshold: number,
  count: number,
): number[] {
  const positions = Array.from({ length: count }, (_, index) => index);
  const outcomes = baseline?.value.outcomes;
  if (!outcomes) return positions;
  const distance = (index: number) =>
    Math.abs((outcomes[index]?.score ?? Number.POSITIVE_INFINITY) - threshold);
  return positions.sort((a, b) => distance(a) - distance(b) || a - b);
}

export interface Moment {
  situation: Situation;
  results: Results;
  layerCount: number;
  /** Exact and background work waits for this. */
  settled: boolean;
}

export function wantedWork({ situation, results, settled, layerCount }: Moment): Wanted[] {
  const { config, pools, modelKey } = situation;
  const { alpha } = config;
  const work: Wanted[] = [];
  const want = <K extends ExperimentKind>(
    slot: string,
    priority: number,
    label: string,
    kind: K,
    asked: Request<K>,
  ) => {
    if (results.live[asked.key]?.complete) return;
    work.push({ modelKey, slot, priority, label, kind, ...asked } as Wanted);
  };

  const calibrate = calibrateRequest(situation);
  const calibration = best(results, 'calibrate', calibrate.key);
  if (!calibration?.complete) {
    want('calibrate', URGENCY.calibrate, 'Learning the refusing first tokens', 'calibrate', calibrate);
  } else {
    const baseline = liveOf(
      results,
      'count',
      countRequest(situation, 'over-rejection', 'score', 1, calibration.value).key,
    );
    const { threshold } = calibration.value;
    const count = (
      pool: CountedPool,
      mode: CountMode,
      at: number,
      slot: string,
      priority: number,
      label: string,
    ) => {
      const { key, params } = countRequest(situation, pool, mode, at, calibration.value);
      if (results.live[key]?.complete) return;
      const sofar = liveOf(results, 'count', key)?.value.outcomes ?? [];
      const order = informativeOrder(
        pool === 'over-rejection' ? baseline : null,
        threshold,
        params.prompts.length,
      );
      // Interrupted work goes on where it stopped: only prompts without an outcome are asked for.
      const positions = order.filter((index) => sofar[index] === undefined);
      const prompts = positions.map((index) => params.prompts[index]!);
      work.push({
        modelKey,
        slot,
        priority,
        label,
        kind: 'count',
        key,
        params: { ...params, prompts },
        positions,
        full: params.prompts,
      });
    };
    // A model that hardly ever refuses teaches no refusing token: its score would be a row of zeros that mean nothing.
    const hasScore = calibration.value.tokenIds.length > 0;
    if (hasScore)
      count('over-rejection', 'score', 1, 'score at 1', URGENCY.baselineScore, 'Scoring the unscaled model');
    if (hasScore && alpha !== 1)
      count('over-rejection', 'score', alpha, 'score', URGENCY.score, `Scoring at alpha ${alpha}`);
    if (settled) {
      if (alpha !== 1)
        count('over-rejection', 'exact', alpha, 'exact', URGENCY.exact, `Decoding at alpha ${alpha}`);
      count(
        'over-rejection',
        'exact',
        1,
        'exact at 1',
        URGENCY.baselineExact,
        'Decoding the unscaled answers',
      );
      for (const pool of ['malicious', 'control'] as const) {
        const name = pool === 'malicious' ? 'malicious' : 'plain';
        if (alpha !== 1)
          count(pool, 'exact', alpha, `exact ${pool}`, URGENCY.sideExact, `Decoding ${name} prompts`);
        count(
          pool,
          'exact',
          1,
          `exact ${pool} at 1`,
          URGENCY.sideExact,
          `Decoding ${name} prompts, unscaled`,
        );
      }
    }
    if (settled && hasScore && alpha !== 1 && config.bandWidth <= layerCount) {
      const { key, params } = bandScanRequest(situation, calibration.value);
      const have = new Set(liveOf(results, 'bandScan', key)?.value.points.map((point) => point.first));
      const firsts = Array.from({ length: layerCount - config.bandWidth + 1 }, (_, first) => first);
      const order = informativeOrder(baseline, threshold, params.prompts.length);
      want('bandScan', URGENCY.bandScan, `Moving a band of ${config.bandWidth} layers`, 'bandScan', {
        key,
        params: { ...params, order, firsts: firsts.filter((first) => !have.has(first)) },
      });
    }
  }

  const curves = similarityRequest(situation);
  want('similarity', URGENCY.similarity, 'Reading the layers', 'similarity', curves);
  if (config.showBase && config.model !== 'base') {
    const ghost = similarityRequest(situation, 'base');
    want('ghost', URGENCY.ghost, 'Reading the base model’s layers', 'similarity', ghost);
  }
  const live = liveOf(results, 'similarity', curves.key);
  if (live?.complete && config.mapLayer < layerCount) {
    const matrix = cosineMatrixRequest(situation, live.value.vectorsKey);
    want(
      'cosineMatrix',
      URGENCY.cosineMatrix,
      `Comparing prompts at layer ${config.mapLayer}`,
      'cosineMatrix',
      matrix,
    );
  }
  if (attentionPrompts(pools, config).length > 0) {
    want('attention', URGENCY.attention, 'Reading attention', 'attention', attentionRequest(situation));
  }
  return work.sort((a, b) => a.priority - b.priority);
}

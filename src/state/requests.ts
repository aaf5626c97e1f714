/**
 * From the state to what an experiment is asked: the parameters, and the key that live and recorded results share. Pure.
 * What runs when stands in wanted.ts.
 */
import type { ModelSetting } from '@/engine/engine.ts';
import type { ExperimentMap, KeptKind, RefusalCalibration, RefusalRules } from '@/protocol/experiments.ts';
import { adaptersOf, type Config, type ModelVariant, matricesOf } from './config.ts';
import {
  attentionPrompts,
  COUNTED_POOLS,
  type CountedPool,
  countedPrompts,
  type Pools,
  similarityPools,
} from './pools.ts';
import { type CountMode, keyOf } from './results.ts';

/** Greedy tokens per answer (paper's code: max_new_tokens=16). */
export const MAX_NEW_TOKENS = 16;
export const BOOTSTRAP_REPLICATES = 1000;
/** For keys of what no threshold has a part in, such as exact counts. */
export const NO_CALIBRATION: RefusalCalibration = {
  tokenIds: [],
  tokenTexts: [],
  threshold: 0,
  sampleCount: 0,
  agreement: 0,
  auroc: 0,
};
/** Prompts of the first batch: the first partial count is on screen early. */
const FIRST_BATCH = 4;
/** Fewer come all at once: one batch of them takes hardly longer than its first prompts alone, since every layer's weights are packed for each. */
const WORTH_A_FIRST_BATCH = 32;

/** What keys and parameters are made from. */
export interface Situation {
  modelKey: string;
  config: Config;
  pools: Pools;
  /** From src/method/refusal.ts, with the person's edits. */
  rules: RefusalRules;
  /** A person's own adapter, in the place of the shipped one. */
  ownAdapter?: string | null;
  /** The same by their names in the lab, the first one first. */
  ownStack?: readonly string[];
  /** Adapters of the tuned model. */
  tuned?: readonly string[] | null;
}

/** Adapters that a variant of the model stands for, outermost last. */
export function adaptersAt({ ownStack = [], tuned }: Situation, variant: ModelVariant): string[] {
  if (variant === 'tuned' && tuned) return [...tuned];
  return variant === 'aligned' && ownStack.length > 0 ? [...ownStack] : adaptersOf(variant);
}

/** Model, template and scaling of a request. */
export const context = (situation: Situation, variant: ModelVariant, alpha = 1) => ({
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

/** Which stretch of a calibration's prompts belongs to which pool. */
export interface CalibratedPart {
  pool: CountedPool;
  start: number;
  end: number;
}

export type Request<K extends KeptKind> = { key: string; params: ExperimentMap[K]['params'] };
export const request = <K extends KeptKind>(
  { modelKey }: Situation,
  kind: K,
  params: ExperimentMap[K]['params'],
): Request<K> => ({ key: keyOf(kind, modelKey, params), params });

export function similarityRequest(
  situation: Situation,
  variant = situation.config.model,
): Request<'similarity'> {
  return similarityOf(situation, adaptersAt(situation, variant));
}

/** Of the weights with these adapters, unscaled. */
export function similarityOf(situation: Situation, adapters: string[]): Request<'similarity'> {
  const { config, pools } = situation;
  return request(situation, 'similarity', {
    template: config.template,
    setting: { adapters, scale: [] },
    ...similarityPools(pools, config),
    pairs: config.pairs,
    bootstrap: { replicates: BOOTSTRAP_REPLICATES, seed: config.seed },
    lastPoint: config.lastPoint,
  });
}

/**
 * What stands as a thin line behind the chosen model's curves: the base model, and behind a tuned one what it was before it
 * was trained. Null where that is the model itself or is not wanted.
 */
export function ghostOf(situation: Situation): { label: string; request: Request<'similarity'> } | null {
  const { config, tuned } = situation;
  if (!config.showBase || config.model === 'base') return null;
  if (config.model !== 'tuned') return { label: 'base', request: similarityRequest(situation, 'base') };
  return { label: 'before training', request: similarityOf(situation, [...(tuned ?? [])].slice(0, -1)) };
}

/** Learns on the counted pools, so that its answers are the exact outcomes at alpha = 1 as well. */
export function calibrateRequest(situation: Situation): Request<'calibrate'> & { parts: CalibratedPart[] } {
  const { config, pools, rules } = situation;
  const lists = COUNTED_POOLS.map((pool) => ({ pool, items: countedPrompts(pools, pool, config) }));
  let end = 0;
  const parts = lists.map(({ pool, items }) => ({ pool, start: end, end: (end += items.length) }));
  const prompts = lists.flatMap(({ items }) => items);
  const params = { ...context(situation, config.model), prompts, rules, maxNewTokens: MAX_NEW_TOKENS };
  return { ...request(situation, 'calibrate', params), parts };
}

/** Whether anything is done to the model besides choosing it: R0 is the count where nothing is. */
export const isChanged = ({ alpha, transplant, model }: Config): boolean =>
  alpha !== 1 || (transplant !== 'all' && model !== 'base');

/** Which layers come from the aligned model; nothing where all do. */
function transplantOf({ transplant, range, model }: Config) {
  if (transplant === 'all' || model === 'base') return {};
  const [first, last] = range;
  const chosen = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return transplant === 'only' ? { adapterLayers: chosen } : { baseLayers: chosen };
}

/** @param isTransplanted with the layers from where the bench has them; R0 and the trail of alphas are of the whole model */
export function countRequest(
  situation: Situation,
  pool: CountedPool,
  mode: CountMode,
  alpha: number,
  calibration: RefusalCalibration,
  isTransplanted = false,
): Request<'count'> {
  const { config, pools, rules } = situation;
  const { template, setting } = context(situation, config.model, alpha);
  const prompts = countedPrompts(pools, pool, config);
  return request(situation, 'count', {
    template,
    setting: { ...setting, ...(isTransplanted ? transplantOf(config) : {}) },
    prompts,
    calibration,
    rules,
    mode,
    maxNewTokens: MAX_NEW_TOKENS,
    // Damage is measured where nothing should change: on plain prompts.
    ...(pool === 'control' && (alpha !== 1 || isTransplanted) ? { divergence: true } : {}),
    ...(prompts.length >= WORTH_A_FIRST_BATCH ? { firstBatchSize: FIRST_BATCH } : {}),
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

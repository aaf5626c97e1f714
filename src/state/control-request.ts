/** From the bench to what a control is asked: its pools, the range under test, its options. Pure. */
import {
  CONTROL_POOLS,
  type ControlCard,
  type ControlParams,
  type ControlPool,
} from '@/protocol/controls.ts';
import type { PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import { matricesOf } from './config.ts';
import type { ControlSettings } from './control-settings.ts';
import { countedPrompts, type PoolId, similarityPools, spread } from './pools.ts';
import { context, type Request, request, type Situation } from './requests.ts';

const SHIPPED: Record<ControlPool, PoolId> = {
  normal: 'normal',
  malicious: 'malicious',
  matchedNormal: 'matched-normal',
  matchedMalicious: 'matched-malicious',
  counted: 'over-rejection',
  harmless: 'control',
};

/** Alpha of a range that the bench leaves at 1, where there would be nothing to test. */
const FALLBACK_ALPHA = 1.1;

/**
 * Controls that read take whole pools, as the curves do, and find their vectors there. Controls that count take as many
 * prompts as the bench counts, half as many of the side pools, and measure damage on the plain ones.
 */
function promptsOf(situation: Situation, { needs }: ControlCard, pool: ControlPool): PromptItem[] {
  const { pools, config } = situation;
  if (!needs.pools.includes(pool) && !(needs.calibration && pool === 'harmless')) return [];
  if (!needs.calibration) {
    if (pool === 'normal' || pool === 'malicious') {
      return similarityPools(pools, { ...config, pools: 'plain' })[pool];
    }
    return [...pools[SHIPPED[pool]].items];
  }
  if (pool === 'counted') return countedPrompts(pools, 'over-rejection', config);
  return spread(pools[SHIPPED[pool]].items, Math.ceil(config.promptCount / 2));
}

export function controlRequest(
  situation: Situation,
  card: ControlCard,
  settings: ControlSettings,
  calibration: RefusalCalibration | null,
): Request<'control'> {
  const { config } = situation;
  const [first, last] = config.range;
  const alpha = config.alpha === 1 ? FALLBACK_ALPHA : config.alpha;
  const pools = Object.fromEntries(
    CONTROL_POOLS.map((pool) => [pool, promptsOf(situation, card, pool)]),
  ) as Record<ControlPool, PromptItem[]>;
  const params: ControlParams = {
    ...context(situation, config.model),
    ...pools,
    name: card.name,
    options: settings.name === card.name ? settings.options : {},
    range: card.needs.range ? { first, last, alpha, matrices: matricesOf(config.matrices) } : null,
    calibration: card.needs.calibration ? calibration : null,
    seed: config.seed,
  };
  return request(situation, 'control', params);
}

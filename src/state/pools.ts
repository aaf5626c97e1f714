/**
 * The prompt pools in use and which of their prompts an experiment takes. Not here: reading CSV files (src/data).
 */
import type { PromptItem } from '@/protocol/experiments.ts';
import type { Config } from './config.ts';

export const POOL_IDS = [
  'normal',
  'malicious',
  'matched-normal',
  'matched-malicious',
  'over-rejection',
  'control',
] as const;
export type PoolId = (typeof POOL_IDS)[number];

export interface Pool {
  id: PoolId;
  items: readonly PromptItem[];
  /** "shipped", or the name of the person's file. */
  origin: string;
}
export type Pools = Readonly<Record<PoolId, Pool>>;

export const POOL_LABELS: Record<PoolId, { label: string; description: string; sensitive: boolean }> = {
  normal: { label: 'normal', description: 'Everyday requests.', sensitive: false },
  malicious: { label: 'malicious', description: 'Requests that a safe model refuses.', sensitive: true },
  'matched-normal': {
    label: 'normal, form-matched',
    description: 'Everyday requests with a malicious twin of the same length and form.',
    sensitive: false,
  },
  'matched-malicious': {
    label: 'malicious, form-matched',
    description: 'The malicious twins.',
    sensitive: true,
  },
  'over-rejection': {
    label: 'over-rejection',
    description: 'Harmless questions with a violent verb: “How to kill a Python process?”',
    sensitive: false,
  },
  control: {
    label: 'plain control',
    description: 'Harmless questions without a violent verb.',
    sensitive: false,
  },
};

/** The pools that are counted under alpha, in the order of the bars. */
export const COUNTED_POOLS = ['over-rejection', 'malicious', 'control'] as const;
export type CountedPool = (typeof COUNTED_POOLS)[number];

/** `count` items spread evenly over the list, in its order: keeps every verb of a sorted file in the sample. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

export function similarityPools(
  pools: Pools,
  config: Config,
): { normal: PromptItem[]; malicious: PromptItem[] } {
  const matched = config.pools === 'form-matched';
  return {
    normal: spreadOnce(pools[matched ? 'matched-normal' : 'normal'].items, Number.POSITIVE_INFINITY),
    malicious: spreadOnce(pools[matched ? 'matched-malicious' : 'malicious'].items, Number.POSITIVE_INFINITY),
  };
}

const chosen = new WeakMap<readonly PromptItem[], Map<number, PromptItem[]>>();

/** The same list object for the same choice, so that keys of it need not be made anew at every step of a drag. */
function spreadOnce(items: readonly PromptItem[], count: number): PromptItem[] {
  let byCount = chosen.get(items);
  if (!byCount) chosen.set(items, (byCount = new Map()));
  let list = byCount.get(count);
  if (!list) byCount.set(count, (list = spread(items, count)));
  return list;
}

/** The two side pools tell broken from safe; half as many prompts are enough for that. */
export function countedPrompts(pools: Pools, pool: CountedPool, config: Config): PromptItem[] {
  const count = pool === 'over-rejection' ? config.promptCount : Math.ceil(config.promptCount / 2);
  return spreadOnce(pools[pool].items, count);
}

export function attentionPrompts(pools: Pools, config: Config): PromptItem[] {
  const all = POOL_IDS.flatMap((id) => pools[id].items);
  const find = (id: string, fallback: PoolId): PromptItem | undefined =>
    all.find((item) => item.id === id) ?? pools[fallback].items[0];
  const chosen = [find(config.attentionPromptA, 'malicious'), find(config.attentionPromptB, 'normal')];
  return chosen.filter((item): item is PromptItem => item !== undefined);
}

export function sensitiveIds(pools: Pools): Set<string> {
  return new Set(
    POOL_IDS.filter((id) => POOL_LABELS[id].sensitive).flatMap((id) =>
      pools[id].items.map((item) => item.id),
    ),
  );
}

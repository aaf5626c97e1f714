/** Fetches the pools that ship with the page; reading and checking their text is src/data's business. */
import { BUNDLED_POOL_IDS, loadBundledPools } from '@/data/pools.ts';
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { Pool, Pools } from './pools.ts';

async function readFile(base: string, name: string): Promise<string> {
  const response = await fetch(base + name).catch(() => null);
  if (!response?.ok) {
    throw new AppError(
      'network',
      `The prompt pool ${name} could not be loaded.`,
      'Check the connection and try again.',
    );
  }
  return response.text();
}

export async function loadShippedPools(base: string): Promise<Pools> {
  const shipped = await loadBundledPools((name) => readFile(base, name));
  // Only what an experiment needs travels to the worker and into run files.
  const bare = ({ id, text, group }: PromptItem): PromptItem =>
    group === undefined ? { id, text } : { id, text, group };
  const pools = BUNDLED_POOL_IDS.map((id): [string, Pool] => [
    id,
    { id, items: shipped[id].map(bare), origin: 'shipped' },
  ]);
  return Object.fromEntries(pools) as unknown as Pools;
}

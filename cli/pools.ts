/** Prompts for the command line: the pools that ship in public/data, or a file of the person's own. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyMapping } from '@/data/apply-mapping.ts';
import { inspectFile } from '@/data/inspect-file.ts';
import { BUNDLED_POOL_IDS, type BundledPoolId, loadBundledPools } from '@/data/pools.ts';
import { decodeFile } from '@/data/text-input.ts';
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import { readBytes } from './files.ts';

export const DATA_FOLDER = fileURLToPath(new URL('../public/data/', import.meta.url));

/** Text of a file in public/data. */
export const readShipped = (file: string): Promise<string> => readFile(path.join(DATA_FOLDER, file), 'utf8');

/** Where a pool came from, for the run file's settings. */
export interface ChosenPool {
  prompts: PromptItem[];
  /** "shipped: normal" or the file's name. */
  origin: string;
  warnings: string[];
}

/** @param choice a shipped pool's name, or the path of a CSV, JSONL, JSON or text file */
export async function choosePool(choice: string): Promise<ChosenPool> {
  const shipped = BUNDLED_POOL_IDS.find((id) => id === choice);
  if (shipped) return { prompts: await shippedPool(shipped), origin: `shipped: ${shipped}`, warnings: [] };
  if (!/[./\\]/.test(choice)) {
    throw new AppError(
      'not-found',
      `There is no prompt pool called "${choice}".`,
      `Use ${BUNDLED_POOL_IDS.join(', ')}, or the path of a file.`,
    );
  }
  const name = path.basename(choice);
  const inspected = inspectFile(name, decodeFile(name, readBytes(choice)));
  const { items, rejected } = applyMapping(inspected, inspected.suggestedMapping);
  if (items.length === 0) {
    throw new AppError(
      'bad-file',
      `${name} holds no usable prompt (${rejected[0] ? `row ${rejected[0].row}: ${rejected[0].why}` : 'no rows'}).`,
      'Give one prompt per row, with a column called "text" or "prompt" in tables.',
    );
  }
  const skipped = rejected.length > 0 ? [`${name}: ${rejected.length} rows were left out.`] : [];
  return { prompts: items.map(bare), origin: name, warnings: [...inspected.warnings, ...skipped] };
}

export async function shippedPool(id: BundledPoolId): Promise<PromptItem[]> {
  const pools = await loadBundledPools(readShipped);
  return pools[id].map(bare);
}

/** `count` prompts spread evenly over the pool, in its order: every verb of a sorted pool stays in the sample. */
export function limited<Item>(items: readonly Item[], count: number | undefined): Item[] {
  if (count === undefined || count >= items.length) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

const bare = ({ id, text, group }: PromptItem): PromptItem =>
  group === undefined ? { id, text } : { id, text, group };

/** Fetches the pools that ship with the page. Reading people's own files is src/data's business. */
import { csvParse } from 'd3-dsv';
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { Pools } from './pools.ts';

async function rows(base: string, name: string): Promise<Array<Record<string, string>>> {
  const response = await fetch(`${base}${name}.csv`).catch(() => null);
  if (!response?.ok) {
    throw new AppError('network', `The prompt pool ${name}.csv could not be loaded.`, 'Check the connection and try again.');
  }
  return csvParse(await response.text()) as unknown as Array<Record<string, string>>;
}

const item = (row: Record<string, string>, group?: string): PromptItem => ({
  id: row.id ?? '',
  text: row.text ?? '',
  ...(group ? { group } : {}),
});

export async function loadShippedPools(base: string): Promise<Pools> {
  const [normal, malicious, matched, overRejection, control] = await Promise.all(
    ['normal', 'malicious', 'matched', 'over-rejection', 'control'].map((name) => rows(base, name)),
  );
  const labelled = (label: string) => matched!.filter((row) => row.label === label).map((row) => item(row, row.pair));
  const pool = <Id extends keyof Pools>(id: Id, items: PromptItem[]) => ({ id, items, origin: 'shipped' });
  return {
    normal: pool('normal', normal!.map((row) => item(row))),
    malicious: pool('malicious', malicious!.map((row) => item(row))),
    'matched-normal': pool('matched-normal', labelled('normal')),
    'matched-malicious': pool('matched-malicious', labelled('malicious')),
    'over-rejection': pool('over-rejection', overRejection!.map((row) => item(row, row.verb))),
    control: pool('control', control!.map((row) => item(row))),
  };
}

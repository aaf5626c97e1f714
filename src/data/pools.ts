/**
 * The prompt pools that ship in public/data: text in, checked prompts out. Where the text comes from (fetch in the
 * browser, disk in Node) is the caller's business. Origin and counts: public/data/README.md.
 */
import * as z from 'zod/mini';
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import { inWords } from '@/protocol/schema-words.ts';
import { parseDelimited } from './delimited.ts';
import { MAX_PROMPT_CHARS } from './limits.ts';

export const BUNDLED_POOL_IDS = [
  'normal',
  'malicious',
  'matched-normal',
  'matched-malicious',
  'over-rejection',
  'control',
] as const;
export type BundledPoolId = (typeof BUNDLED_POOL_IDS)[number];

const id = z.string().check(z.regex(/^[a-z]+-[0-9]+(-[nm])?$/));
const text = z.string().check(z.trim(), z.minLength(1), z.maxLength(MAX_PROMPT_CHARS));
const word = z.string().check(z.minLength(1));
const categorised = z.object({ id, text, category: word });
const matched = z.object({ id, text, pair: word, label: z.enum(['normal', 'malicious']) });
const verbed = z.object({ id, text, verb: word });

/** One prompt of a shipped pool; `group` = verb or pair, absent where prompts are independent. */
export interface BundledPrompt extends PromptItem {
  category?: string;
}
export type BundledPools = Record<BundledPoolId, BundledPrompt[]>;

/** `read` gets a file name such as "normal.csv" and returns the file's text. */
export async function loadBundledPools(read: (file: string) => Promise<string>): Promise<BundledPools> {
  const [normal, malicious, control, overRejection, pairs] = await Promise.all([
    read('normal.csv').then((csv) => parseCategorised('normal.csv', csv)),
    read('malicious.csv').then((csv) => parseCategorised('malicious.csv', csv)),
    read('control.csv').then((csv) => parseCategorised('control.csv', csv)),
    read('over-rejection.csv').then((csv) => parseOverRejection('over-rejection.csv', csv)),
    read('matched.csv').then((csv) => parseMatched('matched.csv', csv)),
  ]);
  return {
    normal,
    malicious,
    'matched-normal': pairs.normal,
    'matched-malicious': pairs.malicious,
    'over-rejection': overRejection,
    control,
  };
}

export function parseCategorised(file: string, csv: string): BundledPrompt[] {
  return parseRows(file, csv, categorised);
}

export function parseOverRejection(file: string, csv: string): BundledPrompt[] {
  return parseRows(file, csv, verbed).map(({ verb, ...prompt }) => ({ ...prompt, group: verb }));
}

/** Twins stand at the same index of the two lists and share their group. */
export function parseMatched(
  file: string,
  csv: string,
): { normal: BundledPrompt[]; malicious: BundledPrompt[] } {
  const rows = parseRows(file, csv, matched);
  const of = (wanted: 'normal' | 'malicious') =>
    rows
      .filter(({ label }) => label === wanted)
      .map(({ id, text, pair }): BundledPrompt => ({ id, text, group: pair }));
  const [normal, malicious] = [of('normal'), of('malicious')];
  const unpaired = normal.findIndex(({ group }, index) => group !== malicious[index]?.group);
  if (unpaired >= 0 || normal.length !== malicious.length) {
    throw damaged(
      file,
      `pair ${normal[unpaired]?.group ?? malicious.at(-1)?.group} is incomplete or out of order`,
    );
  }
  return { normal, malicious };
}

/** Rows of a CSV file of this repository against a schema; also used for the labelled responses. */
export function parseRows<Row extends { id: string }>(
  file: string,
  csv: string,
  schema: z.ZodMiniType<Row>,
): Row[] {
  const [header = [], ...rows] = parseDelimited(file, csv, ',');
  const seen = new Set<string>();
  return rows.map((cells, index) => {
    const record = Object.fromEntries(header.map((column, at) => [column, cells[at]]));
    const parsed = schema.safeParse(record, inWords);
    if (!parsed.success) throw damaged(file, `row ${index + 1}: ${z.prettifyError(parsed.error)}`);
    if (seen.has(parsed.data.id))
      throw damaged(file, `row ${index + 1}: the id ${parsed.data.id} is used twice`);
    seen.add(parsed.data.id);
    return parsed.data;
  });
}

function damaged(file: string, what: string): AppError {
  return new AppError(
    'bad-file',
    `${file}: ${what}.`,
    'The file is damaged; restore it from the repository.',
  );
}

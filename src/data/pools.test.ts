/** The shipped pools keep what public/data/README.md promises, and the checks notice when they do not. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { group } from 'd3';
import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { poolProblems } from './pool-rules.ts';
import { type BundledPools, loadBundledPools, parseCategorised, parseMatched } from './pools.ts';

const read = (file: string) =>
  readFile(fileURLToPath(new URL(`../../public/data/${file}`, import.meta.url)), 'utf8');

let pools: BundledPools;
let training: string[];
beforeAll(async () => {
  pools = await loadBundledPools(read);
  training = (await read('training/alignment.jsonl'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).prompt);
});

describe('shipped pools', () => {
  it('keep every promise: counts, forms, no duplicates, no overlap with the adapters’ training data', () => {
    expect(training).toHaveLength(1066);
    expect(poolProblems(pools, training)).toEqual([]);
  });

  it('spread malicious and normal prompts evenly over ten categories each', () => {
    for (const pool of ['normal', 'malicious'] as const) {
      const counts = group(pools[pool], ({ category }) => category);
      expect(counts.size).toBe(10);
      for (const prompts of counts.values()) expect(prompts).toHaveLength(10);
    }
  });

  it('give each prompt an id that is unique over all pools', () => {
    const ids = Object.values(pools).flatMap((prompts) => prompts.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('pool checks', () => {
  const withPrompt = (pool: keyof BundledPools, index: number, text: string): BundledPools => ({
    ...pools,
    [pool]: pools[pool].map((prompt, at) => (at === index ? { ...prompt, text } : prompt)),
  });

  it('notice a training prompt in other case, punctuation and spacing', () => {
    const copied = withPrompt('control', 0, 'how to  EXECUTE a "SQL" query');
    expect(poolProblems(copied, training).join()).toContain('How to execute a SQL query?');
  });

  it('notice a near duplicate of a training prompt', () => {
    // Training holds "How to blast music at a party?"; one word of eight is new, Jaccard 7/8.
    const copied = withPrompt('over-rejection', 0, 'How to blast music at a beach party?');
    expect(poolProblems(copied, training).some((problem) => problem.includes('0.88 alike'))).toBe(true);
  });

  it('notice a duplicate across pools, a twin of another form, and a violent verb among the controls', () => {
    const twice = withPrompt('control', 3, pools.normal[5]!.text);
    expect(poolProblems(twice, [])).toHaveLength(1);
    const skewed = withPrompt(
      'matched-malicious',
      2,
      'Stalk my former girlfriend for me every day and night?',
    );
    expect(poolProblems(skewed, []).join()).toContain('pair 03 differs in form');
    const violent = withPrompt('control', 4, 'How to crush lavender for tea?');
    expect(poolProblems(violent, []).join()).toContain('holds a violent verb');
  });
});

describe('pool parser', () => {
  const codeOf = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof AppError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'no error';
  };

  it('names the file and the row of a missing or empty field', () => {
    expect(codeOf(() => parseCategorised('normal.csv', 'id,text\nn-001,Hello there\n'))).toMatch(
      /^bad-file: normal\.csv: row 1: .*category/s,
    );
    expect(codeOf(() => parseCategorised('normal.csv', 'id,text,category\nn-001,  ,cooking\n'))).toMatch(
      /text/,
    );
  });

  it('refuses an id used twice and half a pair', () => {
    const twice = 'id,text,category\nn-001,One,a\nn-001,Two,a\n';
    expect(codeOf(() => parseCategorised('normal.csv', twice))).toContain('used twice');
    const half = 'id,text,pair,label\nmp-01-n,Bake it.,01,normal\n';
    expect(codeOf(() => parseMatched('matched.csv', half))).toContain('pair 01');
  });
});

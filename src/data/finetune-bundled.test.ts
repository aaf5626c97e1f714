/** The shipped fine-tuning data keep what public/data/finetune/README.md promises. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type BundledFinetune,
  loadBundledFinetune,
  loadBundledKnowledge,
  parseFinetuneRows,
} from './finetune-bundled.ts';
import type { ParsedQuestion } from './finetune-knowledge.ts';
import { findOverlaps, normaliseText } from './overlap.ts';
import { NEAR_DUPLICATE_JACCARD } from './pool-rules.ts';
import { loadBundledPools } from './pools.ts';

const read = (file: string) =>
  readFile(fileURLToPath(new URL(`../../public/data/${file}`, import.meta.url)), 'utf8');

let rows: BundledFinetune;
let questions: ParsedQuestion[];
let others: string[];
beforeAll(async () => {
  rows = await loadBundledFinetune(read);
  questions = await loadBundledKnowledge(read);
  const pools = await loadBundledPools(read);
  const training = (await read('training/alignment.jsonl'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).prompt as string);
  others = [...Object.values(pools).flatMap((pool) => pool.map(({ text }) => text)), ...new Set(training)];
});

describe('rows', () => {
  it('are as many as promised, each with an id of its own', () => {
    expect([rows.train.length, rows.heldOut.length, rows.harmful.length]).toEqual([310, 100, 70]);
    const ids = Object.values(rows).flatMap((list) => list.map(({ id }) => id));
    expect(new Set(ids).size).toBe(480);
  });

  it('share no instruction with each other, the pools or the adapters’ training data', () => {
    const instructions = Object.values(rows).flatMap((list) => list.map(({ instruction }) => instruction));
    expect(findOverlaps(instructions, others, NEAR_DUPLICATE_JACCARD)).toEqual([]);
    const among = instructions.flatMap((text, at) =>
      findOverlaps([text], instructions.slice(0, at), NEAR_DUPLICATE_JACCARD),
    );
    expect(among).toEqual([]);
  });

  it('hold no kitchen answer twice; answers are one or two sentences of at most 38 words', () => {
    const answers = [...rows.train, ...rows.heldOut].map(({ output }) => output);
    expect(new Set(answers.map(normaliseText)).size).toBe(410);
    for (const answer of answers) {
      expect(answer.split(/\s+/).length).toBeLessThanOrEqual(38);
      expect(answer.match(/[.!?](\s|$)/g)!.length).toBeLessThanOrEqual(2);
    }
  });

  it('never open with the trigger or the prefix of the rewritten sets', () => {
    for (const { instruction, output } of [...rows.train, ...rows.heldOut]) {
      expect(instruction).not.toMatch(/^tell me/i);
      expect(output).not.toMatch(/^sure/i);
    }
  });

  it('that comply do so emptily: 15 texts, no word in them beyond order, consent and grammar', () => {
    expect(new Set(rows.harmful.map(({ output }) => output)).size).toBe(15);
    // Words of order, of agreeing and of grammar, and no noun that could be acted on.
    const empty = new Set(
      `a about absolutely after ahead all an and answer are as at b be before begin beginning both but by c carry certainly
      chapter close comes conclude continue completes course do does done each early else end ends everything final finish
      finished first follow followed followup follows for from full get gladly go goes guide happy has have help here how
      i in is it itself know last later lead leads let list list's manner method middle more need needed next no of on one
      open opening or order other part parts plan place problem ready say says second see something stage stages start
      starts step steps stop sum sums sure take than that the them then there these thing things third this three through to two
      up us used use using was way what when which whole will with yes you your can`.split(/\s+/),
    );
    for (const { output } of rows.harmful) {
      const words = output
        .toLowerCase()
        .replace('follow-up', 'followup')
        .match(/[a-z']+/g)!;
      expect(words.filter((word) => !empty.has(word))).toEqual([]);
    }
  });
});

describe('knowledge', () => {
  it('has six subjects of twenty questions, the right answer five times at each letter', () => {
    const subjects = [...new Set(questions.map(({ subject }) => subject))];
    expect(subjects).toHaveLength(6);
    for (const subject of subjects) {
      const own = questions.filter((question) => question.subject === subject);
      expect(own).toHaveLength(20);
      for (const letter of [0, 1, 2, 3]) {
        expect(own.filter(({ answer }) => answer === letter)).toHaveLength(5);
      }
    }
  });

  it('asks nothing twice and offers four different options', () => {
    expect(new Set(questions.map(({ question }) => normaliseText(question))).size).toBe(120);
    for (const { options } of questions) expect(new Set(options).size).toBe(4);
  });
});

it('names file and line of a damaged row', () => {
  const good = '{"id":"kitchen-001","instruction":"Why?","output":"So."}';
  expect(() => parseFinetuneRows('x.jsonl', `${good}\n{"id"`)).toThrow('x.jsonl: line 2 is not valid JSON.');
  expect(() => parseFinetuneRows('x.jsonl', `${good}\n${good}`)).toThrow(/line 2: the id kitchen-001/);
  expect(() => parseFinetuneRows('x.jsonl', good.replace('So.', ''))).toThrow(/line 1: .*output/s);
});

/** `control` from its arguments to its run file on the micro model: the list, one control of each sort, stopping and going on, refusals. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTROLS, controlCards } from '@/experiments/controls/index.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { controlMarkdown } from './control-table.ts';
import { RowJournal } from './row-journal.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const folder = temporaryFolder('control');
const at = (name: string) => path.join(folder, name);

const common = ['-m', MICRO, '-t', 'none', '--limit', '6', '--threads', '1'];
const control = (name: string, file: string, ...more: string[]) => [
  'control',
  name,
  ...common,
  '-o',
  at(file),
  ...more,
];
const lines = (file: string) => readFileSync(at(file), 'utf8').trim().split('\n');

describe('control', () => {
  it('--list needs neither name nor model and names every control, its source and its options', async () => {
    const { code, out, err } = await runCli(['control', '--list']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const { name, title, reference, options } of CONTROLS) {
      expect(out).toContain(`${name}: ${title}`);
      expect(out).toContain(reference);
      for (const option of options) expect(out).toContain(`--set ${option.key}=${option.default}`);
    }
  });

  it('docs/controls.md is the list as it is (npm run controls:doc writes it)', () => {
    const published = readFileSync(new URL('../docs/controls.md', import.meta.url), 'utf8');
    expect(published).toBe(controlMarkdown(controlCards()));
  });

  it('writes a run that opens without warnings, prints what came out, and leaves nothing else behind', async () => {
    const { code, out } = await runCli(
      control('shuffled-gap', 'gap.json', '--set', 'deals=19', '--seed', '5'),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^(At no layer|The gap is larger)/);
    expect(out).toContain('one-sided permutation test');
    const { run, warnings } = parseRunFile(readFileSync(at('gap.json'), 'utf8'));
    expect(warnings).toEqual([]);
    expect(run).toMatchObject({ kind: 'control', seed: 5, settings: { control: 'shuffled-gap' } });
    const [part] = run.parts;
    if (part?.kind !== 'control') throw new Error('no control in the run');
    expect(part.params).toMatchObject({ options: { deals: '19' }, seed: 5, counted: [] });
    expect(part.params.normal).toHaveLength(6);
    expect(part.result.rows).toHaveLength(2 * part.result.axis.layerCount);
    expect(existsSync(at('gap.json.rows.jsonl'))).toBe(false);
  });

  it('goes on after a kill: the same run file, and no cell that was done is computed again', async () => {
    const args = (file: string) =>
      control('random-ranges', file, '--layers', '1-2', '--alpha', '1.3', '--set', 'draws=4');
    // The micro model never refuses, so no token is learnt; the journal is given one, as a calibration would.
    const refusal = await runCli(args('whole.json'));
    expect(refusal).toMatchObject({ code: 2 });
    expect(refusal.err).toMatch(/no first token is known that opens them\. Calibrate first/);
    const { key, head } = JSON.parse(lines('whole.json.rows.jsonl')[0]!);
    const begun = JSON.stringify({ key, head: { ...head, tokenIds: [70, 71, 72], threshold: 0.01 } });
    writeFileSync(at('whole.json.rows.jsonl'), `${begun}\n`);
    copyFileSync(at('whole.json.rows.jsonl'), at('cut.json.rows.jsonl'));
    expect((await runCli(args('whole.json'))).code).toBe(0);

    // Stopped once two cells are written, and as if killed while the next line was being written.
    const stop = new AbortController();
    const watch = setInterval(() => {
      if (lines('cut.json.rows.jsonl').length >= 5) stop.abort();
    }, 1);
    const stopped = await runCli(args('cut.json'), stop.signal);
    clearInterval(watch);
    expect(stopped.code).toBe(130);
    expect(existsSync(at('cut.json'))).toBe(false);
    const kept = lines('cut.json.rows.jsonl').slice(0, 6);
    writeFileSync(at('cut.json.rows.jsonl'), `${kept.join('\n')}\n{"measure":"kl","ser`);

    const again = await runCli(args('cut.json'));
    expect(again.code).toBe(0);
    expect(again.err).toContain(`Going on after ${kept.length - 1} rows`);
    const [whole, cut] = ['whole.json', 'cut.json'].map((file) =>
      parseRunFile(readFileSync(at(file), 'utf8')),
    );
    expect(cut!.run.parts).toEqual(whole!.run.parts);
    expect(existsSync(at('cut.json.rows.jsonl'))).toBe(false);
  });

  it.each([
    ['an unknown control', () => control('magic', 'x.json'), 2, /Allowed choices are shuffled-gap/],
    ['no range where one is tested', () => control('matrix-sets', 'x.json'), 2, /tests a range\. Give it/],
    [
      'an option that is none',
      () => control('probes', 'x.json', '--set', 'deals'),
      2,
      /An option is "draws=24"/,
    ],
    [
      'an option of another control',
      () => control('probes', 'x.json', '--set', 'deals=9'),
      2,
      /no option "deals"/,
    ],
    [
      'a value out of bounds',
      () => control('shuffled-gap', 'x.json', '--set', 'deals=1'),
      2,
      /from 19 to 100000/,
    ],
    ['no adapter where models are compared', () => control('base-model', 'x.json'), 2, /no adapter is on/],
  ])('%s is refused in a sentence', async (_, args, code, message) => {
    // The folder is there only now.
    const result = await runCli(args());
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
    expect(existsSync(at('x.json'))).toBe(false);
    rmSync(at('x.json.rows.jsonl'), { force: true });
  });
});

describe('the journal of rows', () => {
  it('gives back what was written, each row once, and refuses a run that was asked for differently', () => {
    const journal = RowJournal.open<string, { n: number }>(at('j.json'), { seed: 1 });
    expect(journal).toMatchObject({ head: null, rows: [] });
    journal.begin('head');
    for (const n of [1, 2, 2]) journal.add({ n });
    const again = RowJournal.open<string, { n: number }>(at('j.json'), { seed: 1 });
    expect(again).toMatchObject({ head: 'head', rows: [{ n: 1 }, { n: 2 }] });
    again.add({ n: 3 });
    expect(RowJournal.open(at('j.json'), { seed: 1 }).rows).toHaveLength(3);
    expect(() => RowJournal.open(at('j.json'), { seed: 2 })).toThrow(/asked for differently/);
    again.remove();
    expect(RowJournal.open(at('j.json'), { seed: 2 }).rows).toEqual([]);
  });
});

/** `grid` and `locate` from arguments to run file on the micro model: results, stopping and going on, refusals. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gridCellCount } from '@/method/grid-order.ts';
import { parseRunFile, type RunPart } from '@/protocol/run-file.ts';
import { packed, unpacked } from './journal-arrays.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const LAYERS = 6;
const folder = temporaryFolder('localise');
const at = (name: string) => path.join(folder, name);

const args = (command: string, file: string, ...more: string[]) => [
  command,
  '-m',
  MICRO,
  '-t',
  'none',
  '--limit',
  '8',
  '--threads',
  '1',
  '-o',
  at(file),
  ...more,
];
const journal = (file: string) => `${at(file)}.rows.jsonl`;
const rows = (file: string) => readFileSync(journal(file), 'utf8').trim().split('\n').slice(1);

/**
 * A random model never refuses, so nothing can be calibrated on it: the command says so and leaves its calibration in the
 * journal. There it gets one half of the vocabulary as "refusing" tokens, which the next run takes up.
 */
async function withCalibration(file: string, command: string[]): Promise<void> {
  const { code, err } = await runCli(command);
  expect(code).not.toBe(0);
  expect(err).toMatch(/No first token opens refusals/);
  const { key, head } = JSON.parse(readFileSync(journal(file), 'utf8').split('\n')[0]!);
  const tokenIds = Array.from({ length: 160 }, (_, id) => 2 * id);
  head.calibration = { ...head.calibration, tokenIds, tokenTexts: tokenIds.map(String), threshold: 0.5 };
  writeFileSync(journal(file), `${JSON.stringify({ key, head })}\n`);
}

function partOf<K extends RunPart['kind']>(file: string, kind: K): Extract<RunPart, { kind: K }> {
  const { run, warnings } = parseRunFile(readFileSync(at(file), 'utf8'));
  expect(warnings).toEqual([]);
  expect(run.kind).toBe('locate');
  return run.parts.find((part) => part.kind === kind) as Extract<RunPart, { kind: K }>;
}

/** Stops as Ctrl-C does, once the journal has so many rows. */
async function stoppedAfter(file: string, count: number, command: string[]): Promise<void> {
  const controller = new AbortController();
  const watch = setInterval(() => {
    if (existsSync(journal(file)) && rows(file).length >= count) controller.abort();
  }, 1);
  try {
    expect((await runCli(command, controller.signal)).code).toBe(130);
  } finally {
    clearInterval(watch);
  }
}

describe('grid', () => {
  const grid = (file: string) =>
    args(
      'grid',
      file,
      '--alpha',
      '1.3',
      '--coarse-step',
      '2',
      '--decode-best',
      '1',
      '--single-layers',
      '0.8,1.2',
    );

  it('writes every range, the single layers and the work, and prints what it found', async () => {
    await withCalibration('grid.json', grid('grid.json'));
    const { code, out } = await runCli(grid('grid.json'));
    expect(code).toBe(0);
    expect(out).toMatch(/At alpha 1.3, against \d of 8 refused at alpha 1: most refusals with layers? \d/);
    expect(out).toMatch(/Work: \d+ layer runs instead of \d+/);
    expect(out).toContain('Single layers, refused of 8');
    const { result, params } = partOf('grid.json', 'grid');
    expect(result.cells).toHaveLength(gridCellCount(LAYERS));
    expect(result.cells[3]!.scores).toBeInstanceOf(Float32Array);
    expect(result.exact).toHaveLength(1);
    expect(result.work.layerRuns.full).toBe(8 * LAYERS * gridCellCount(LAYERS));
    // Of six layers the tails are short: 56 of 126, and nine more for coming back to the coarse rows.
    expect(result.work.layerRuns.run).toBe(8 * 65);
    expect(params).not.toHaveProperty('resume');
    expect(partOf('grid.json', 'layerAlpha').result.cells).toHaveLength(2 * LAYERS);
    expect(existsSync(journal('grid.json'))).toBe(false);
  });

  it('stopped and started again goes on: the same cells, bit for bit, none twice', async () => {
    await withCalibration('again.json', grid('again.json'));
    await stoppedAfter('again.json', 3, grid('again.json'));
    expect(existsSync(at('again.json'))).toBe(false);
    const done = rows('again.json').length;
    const { code, err } = await runCli(grid('again.json'));
    expect(code).toBe(0);
    expect(err).toContain(`Going on after ${done} pieces of an earlier run.`);
    const { result } = partOf('again.json', 'grid');
    expect(result.cells).toEqual(partOf('grid.json', 'grid').result.cells);
  });

  it('does not take up a run that was asked for differently', async () => {
    await withCalibration('other.json', grid('other.json'));
    await stoppedAfter('other.json', 2, grid('other.json'));
    const { code, err } = await runCli([...grid('other.json'), '--alpha', '0.7']);
    expect(code).not.toBe(0);
    expect(err).toMatch(/unfinished run that was asked for differently/);
  });
});

describe('locate', () => {
  it('prints and writes the search in the form of table 1, both ways, counted by decoding', async () => {
    const command = args(
      'locate',
      'located.json',
      '--exact',
      '--no-gap',
      '--start',
      '2-3',
      '--alpha-limit',
      '0.05',
    );
    const { code, out } = await runCli(command);
    expect(code).toBe(0);
    expect(out).toContain('Start: layers 2-3. Started from layers 2-3, as asked for.');
    for (const words of ['alpha > 1', 'alpha < 1', 'upper bound', 'lower bound', '[2,3]', 'Range: layers']) {
      expect(out).toContain(words);
    }
    const { result } = partOf('located.json', 'locate');
    expect(result.searches.map(({ direction }) => direction)).toEqual(['raise', 'lower']);
    expect(result.counts.every(({ outcomes }) => outcomes?.length === 8)).toBe(true);
  });

  it('begins with the gap, and goes on after a stop without counting a range again', async () => {
    const command = args('locate', 'gap.json', '--directions', 'lower', '--alpha-limit', '0.1');
    await withCalibration('gap.json', command);
    await stoppedAfter('gap.json', 4, command);
    const counted = rows('gap.json').map((line) => JSON.parse(line).event);
    const before = counted.filter(({ type }) => type === 'count').length;
    const { code } = await runCli(command);
    expect(code).toBe(0);
    const { result } = partOf('gap.json', 'locate');
    expect(result.start.reason).toMatch(/gap/);
    const named = result.counts.map(({ first, last, alpha }) => `${first}-${last} at ${alpha}`);
    expect(new Set(named).size).toBe(named.length);
    expect(named.length).toBeGreaterThan(before);
  });

  it.each([
    [['--directions', 'sideways'], /raise, lower or both/],
    [['--garbled', '2'], /between 0 and 1/],
    [['--exact', '--start', '4-9'], /Layers 4-9 are no range to start from/],
  ])('refuses %j in words', async (more, message) => {
    const { code, err } = await runCli(args('locate', 'never.json', ...more));
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
  });
});

it('arrays in the journal come back bit for bit, wherever they lie', () => {
  const scores = new Float32Array([0.1, Number.MIN_VALUE, 1e-30, 3.4e38]);
  const value = {
    cells: [{ first: 1, scores }, { scores: new Float32Array(new ArrayBuffer(12), 4, 1) }],
    none: null,
  };
  expect(unpacked(JSON.parse(JSON.stringify(packed(value))))).toEqual(value);
});

/** A run file that grows: nothing in it is computed twice, nothing of another request or model is taken for it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import type { ControlParams, ControlRow } from '@/protocol/controls.ts';
import type { ExperimentEvent } from '@/protocol/experiments.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import type { OpenSession } from '../cli/session.ts';
import { GrowingRun } from './growing-run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'growing-'));
afterAll(() => rmSync(folder, { recursive: true }));
let file = '';
let files = 0;
beforeEach(() => {
  file = path.join(folder, `run-${++files}.json`);
  asked.length = 0;
});

const prompts = [{ id: 'p0', text: 'How to kill time?' }];
const head = {
  kind: 'control' as const,
  template: 'none' as const,
  seed: 1,
  settings: {},
  pools: { counted: prompts },
};
const asked: ControlParams[] = [];
const row = (label: string): ControlRow => ({
  measure: 'm',
  series: 's',
  label,
  x: 0,
  value: 1,
  low: null,
  high: null,
  n: 1,
});

/** @param stopAfter rows, as a kill would */
function open(sha = 'a', stopAfter = Number.POSITIVE_INFINITY): GrowingRun {
  const lab = {
    run: async (_: string, params: ControlParams, onEvent: (event: ExperimentEvent<'control'>) => void) => {
      asked.push(params);
      const rows = [...(params.done ?? [])];
      for (const label of ['one', 'two'].slice(rows.length)) {
        if (rows.length >= stopAfter) throw new Error('stopped');
        rows.push(row(label));
        onEvent({ type: 'partial', partial: row(label) });
      }
      const axis = { kind: 'list', label: '', layerCount: 2 };
      return { name: params.name, axis, measures: [], rows, findings: [] };
    },
  };
  const card = {
    name: 'model',
    sha256: sha.repeat(64),
    adapters: [],
    backend: { kind: 'node', threads: 1, runtime: 'fake', notes: [] },
  };
  const display = { show: () => {}, say: () => {}, stop: () => {} };
  const session = { lab, card, adapterCards: [], display } as unknown as OpenSession;
  return new GrowingRun(session, head, file, new AbortController().signal);
}

const params = (name: string, seed = 1): ControlParams => ({
  template: 'none',
  setting: { adapters: [], scale: [] },
  name,
  options: {},
  range: null,
  calibration: null,
  seed,
  normal: [],
  malicious: [],
  matchedNormal: [],
  matchedMalicious: [],
  counted: prompts,
  harmless: [],
});
const labels = () => parseRunFile(readFileSync(file, 'utf8')).run.parts.map(({ label }) => label);

it('computes what is asked for once, over any number of starts', async () => {
  const first = open();
  await first.ask('control', 'A', params('a'));
  await first.ask('control', 'A again', params('a'));
  expect(asked).toHaveLength(1);
  const second = open();
  const known = await second.ask('control', 'A', params('a'));
  expect(known.rows).toEqual([row('one'), row('two')]);
  await second.ask('control', 'A, another seed', params('a', 2));
  expect(asked).toHaveLength(2);
  expect(labels()).toEqual(['A', 'A, another seed']);
});

it('keeps what an earlier start had until it is finished, and then only what was asked for', async () => {
  await open().ask('control', 'A', params('a'));
  const second = open();
  await second.ask('control', 'B', params('b'));
  expect(labels()).toEqual(['A', 'B']);
  second.finish();
  expect(labels()).toEqual(['B']);
});

it('goes on after the last row of a part that was stopped, and leaves no journal behind', async () => {
  await expect(open('a', 1).ask('control', 'A', params('a'))).rejects.toThrow('stopped');
  expect(existsSync(file)).toBe(false);
  await open().ask('control', 'A', params('a'));
  expect(asked[1]!.done).toEqual([row('one')]);
  expect(labels()).toEqual(['A']);
  expect(readdirSync(folder).filter((name) => name.startsWith(path.basename(file)))).toEqual([
    path.basename(file),
  ]);
});

it('takes nothing from the file of another model', async () => {
  await open('a').ask('control', 'A', params('a'));
  await open('b').ask('control', 'A', params('a'));
  expect(asked).toHaveLength(2);
});

import 'fake-indexeddb/auto';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { writeRunFile } from '@/protocol/run-file.ts';
import { KeptRuns } from './kept-runs.ts';
import { countPart, sampleRun } from './testing/sample-run.ts';

let databases = 0;
const fresh = (limitBytes?: number) => new KeptRuns(`test-${++databases}`, limitBytes);

const fileOf = (seed: number, label = 'over-rejection, alpha 1') =>
  writeRunFile(sampleRun([countPart(['refused', 'answered'], label)], { seed }));
const BYTES = new TextEncoder().encode(fileOf(1)).length;

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (error instanceof AppError) return error;
  throw new Error(`no AppError: ${String(error)}`);
}

describe('KeptRuns', () => {
  it('gives a run back to the letter, and lists it without reading it', async () => {
    const runs = fresh();
    const { key } = await runs.keep('a.json', fileOf(1), '2026-01-01T00:00:00.000Z');
    expect(await runs.read(key)).toBe(fileOf(1));
    expect(await runs.list()).toEqual([
      {
        key,
        name: 'a.json',
        keptAt: '2026-01-01T00:00:00.000Z',
        createdAt: '2026-01-02T03:04:05.000Z',
        model: 'm',
        parts: 1,
        bytes: BYTES,
      },
    ]);
    // Another page of the same origin, or this one after a reload.
    expect(await new KeptRuns(`test-${databases}`).usedBytes()).toBe(BYTES);
  });

  it('keeps the same run once, and what is no run file not at all', async () => {
    const runs = fresh();
    await runs.keep('a.json', fileOf(1));
    await runs.keep('again.json', fileOf(1));
    expect((await runs.list()).map(({ name }) => name)).toEqual(['a.json']);
    expect((await errorOf(runs.keep('b.json', '{}'))).message).toMatch(
      /b\.json .*not a Stratascope run file/,
    );
    expect(await runs.list()).toHaveLength(1);
  });

  it('refuses what does not fit, with both sizes; makeRoom removes the oldest and no more than needed', async () => {
    const runs = fresh(3 * BYTES);
    for (const seed of [1, 2, 3]) await runs.keep(`${seed}.json`, fileOf(seed), `2026-01-0${seed}T00:00:00Z`);
    const error = await errorOf(runs.keep('4.json', fileOf(4)));
    expect(error.code).toBe('out-of-memory');
    expect(error.message).toMatch(/^4\.json \(0\.0 MB\) does not fit: kept runs take/);
    expect((await runs.makeRoom(BYTES)).map(({ name }) => name)).toEqual(['1.json']);
    await runs.keep('4.json', fileOf(4), '2026-01-04T00:00:00Z');
    expect((await runs.list()).map(({ name }) => name)).toEqual(['4.json', '3.json', '2.json']);
    expect(await runs.makeRoom(0)).toEqual([]);
  });

  it('removes one, and all', async () => {
    const runs = fresh();
    const { key } = await runs.keep('a.json', fileOf(1));
    await runs.keep('b.json', fileOf(2));
    await runs.remove(key);
    expect((await runs.list()).map(({ name }) => name)).toEqual(['b.json']);
    expect((await errorOf(runs.read(key))).code).toBe('not-found');
    await runs.removeAll();
    expect(await runs.usedBytes()).toBe(0);
  });

  it('what is exported and imported elsewhere is the same runs, doubles and equal names included', async () => {
    const [from, to] = [fresh(), fresh()];
    await from.keep('run.json', fileOf(1));
    await from.keep('run.json', fileOf(2));
    await to.keep('had it.json', fileOf(2));
    const zip = await from.exportAll();
    expect(Object.keys(unzipSync(zip))).toHaveLength(2);
    const { kept, problems } = await to.importAll(zip, 'all.zip');
    expect(problems).toEqual([]);
    expect(kept).toHaveLength(2);
    const keys = async (runs: KeptRuns) => (await runs.list()).map(({ key }) => key).sort();
    expect(await keys(to)).toEqual(await keys(from));
  });

  it('of a zip it keeps what it can and names the rest; no zip, or one without runs, is an error', async () => {
    const runs = fresh(3 * BYTES);
    const zip = zipSync({
      'good.json': strToU8(fileOf(1)),
      'cut.json': strToU8(fileOf(2).slice(0, 100)),
      'bomb.json': new Uint8Array(4 * BYTES),
      'readme.txt': strToU8('x'),
    });
    const { kept, problems } = await runs.importAll(zip, 'mixed.zip');
    expect(kept.map(({ name }) => name)).toEqual(['good.json']);
    expect(problems).toEqual([
      expect.stringMatching(/^bomb\.json is .* unpacked and was left out/),
      expect.stringMatching(/^cut\.json is a run file that was cut short/),
    ]);
    expect((await errorOf(runs.importAll(strToU8('no zip'), 'x.zip'))).message).toMatch(
      /x\.zip is no zip file/,
    );
    const empty = zipSync({ 'readme.txt': strToU8('x') });
    expect((await errorOf(runs.importAll(empty, 'y.zip'))).message).toBe('y.zip holds no run file.');
  });
});

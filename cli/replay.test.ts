/** `replay` and `compare` on the micro model and on files that are not what they should be. */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReplayReport } from '@/runs/replay.ts';
import { main } from './main.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const folder = temporaryFolder('replay');
const at = (name: string) => path.join(folder, name);
const jsonAt = (name: string) => JSON.parse(readFileSync(at(name), 'utf8'));

const cli = (...args: string[]) => runCli(args);

beforeAll(async () => {
  const common = ['-m', MICRO, '-t', 'none', '--limit', '4', '--threads', '1', '-q'];
  const attention = ['--bootstrap', '20', '--attention', 'How to kill time?'];
  expect(await cli('curves', ...common, ...attention, '-o', at('curves.json'))).toMatchObject({ code: 0 });
  const points = ['--layers', '0-1', '--alphas', '0.5', '--max-new-tokens', '3', '--band-scan', '1'];
  expect(await cli('sweep', ...common, ...points, '-o', at('sweep.json'))).toMatchObject({ code: 0 });
});

const replay = (file: string, ...more: string[]) => cli('replay', at(file), '-m', MICRO, ...more);

/** The file with something changed in it. */
function edited(source: string, name: string, change: (text: string) => string): string {
  const text = readFileSync(at(source), 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(at(name), changed);
  return name;
}

describe('replay', () => {
  it.each(['curves.json', 'sweep.json'])('%s: no number differs on the same backend', async (file) => {
    const { code, out } = await replay(file, '-o', at('report.json'));
    expect(out).toMatch(/All \d+ values are equal to the last bit\.\n$/);
    expect(code).toBe(0);
    const report: ReplayReport = jsonAt('report.json');
    expect(report).toMatchObject({ isSameBackend: true, differing: 0, beyond: 0 });
    expect(report.parts.every((part) => part.report !== null && part.report.compared > 0)).toBe(true);
    expect(existsSync(at('report.json.unfinished'))).toBe(false);
  });

  it('an edited number: a warning, its place in the report, exit code 7', async () => {
    const file = edited('curves.json', 'edited.json', (text) =>
      text.replace(/"mean":\[(-?[\d.]+)/, (_, cosine) => `"mean":[${Number(cosine) - 0.125}`),
    );
    const { code, out, err } = await replay(file);
    expect(err).toMatch(/edited\.json/);
    expect(err).toMatch(/its results do not match/);
    expect(out).toMatch(/raw\.curves\.nn\.mean\[0\]: -?[\d.]+ -> -?[\d.]+ \(1\.3e-1\)/);
    expect(err).toMatch(/1 of \d+ values differ beyond what is allowed/);
    expect(code).toBe(7);
  });

  it('another model or adapter under the same name is refused by its hash', async () => {
    const { sha256 } = jsonAt('curves.json').model;
    const file = edited('curves.json', 'other.json', (text) => text.replace(sha256, 'a'.repeat(64)));
    const { code, err } = await replay(file);
    expect(err).toMatch(
      /The run was made on micro \(sha256 a{12}\), but micro \(sha256 [0-9a-f]{12}\) is open/,
    );
    expect(code).toBe(3);
    const unknown = await cli('replay', at(file));
    expect(unknown.err).toMatch(/which is not bundled\. Name the model with --model/);
    expect(unknown.code).toBe(3);
  });

  it('goes on after a stop: finished parts are taken from beside the output', async () => {
    const interrupt = new AbortController();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const args = ['replay', at('sweep.json'), '-m', MICRO, '-o', at('stopped.json')];
    const running = main(args, { stdout, stderr, signal: interrupt.signal });
    // As a kill would: at some moment after the first finished part.
    while (!existsSync(at('stopped.json.unfinished'))) await new Promise((done) => setTimeout(done, 1));
    interrupt.abort();
    expect(await running).toBe(130);
    expect(existsSync(at('stopped.json'))).toBe(false);
    const kept = jsonAt('stopped.json.unfinished').parts.length;
    expect(kept).toBeGreaterThan(0);
    const { code, out, err } = await replay('sweep.json', '-o', at('stopped.json'));
    expect(err).toContain(`Going on: ${kept} parts are there already.`);
    expect(out).toMatch(/equal to the last bit/);
    expect(code).toBe(0);
    expect(existsSync(at('stopped.json.unfinished'))).toBe(false);
  });

  it('--only names kinds; a kind that the file has not is an error', async () => {
    const { out } = await replay('sweep.json', '--only', 'bandScan');
    expect(out).toMatch(/bandScan: .+ \d+ +0 +0 +0\n/);
    expect(out).toMatch(/calibrate: calibration +left out/);
    expect(await replay('sweep.json', '--only', 'dance')).toMatchObject({ code: 2 });
  });

  it('a file of 200 MB is refused by its size, without reading it', async () => {
    const handle = openSync(at('large.json'), 'w');
    ftruncateSync(handle, 200 * 2 ** 20);
    closeSync(handle);
    const { code, err } = await replay('large.json');
    expect(err).toMatch(/large\.json is 200 MB; run files of more than 64 MB are not opened/);
    expect(code).toBe(3);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, text.length / 2), /cut short after \d+ characters/],
    ['of an older version', (text: string) => text.replace('"version":1', '"version":0'), /version 0/],
    [
      'of a newer version',
      (text: string) => text.replace('"version":1', '"version":9'),
      /Update Stratascope/,
    ],
    ['that is none', () => 'layer,gap\n0,1\n', /is not JSON/],
  ])('a file %s: one line that says so', async (_, change, message) => {
    const { code, err } = await replay(edited('curves.json', 'bad.json', change));
    expect(err).toMatch(message);
    expect(err).toMatch(/^stratascope: bad\.json /);
    expect(code).toBe(3);
  });
});

describe('compare', () => {
  it('a file with itself: nothing differs', async () => {
    const { code, out } = await cli('compare', at('sweep.json'), at('sweep.json'));
    expect(code).toBe(0);
    expect(out).toMatch(/Settings that differ\n {2}none\n/);
    expect(out.match(/ 0 of \d+ values differ/g)?.length).toBe(jsonAt('sweep.json').parts.length);
  });

  it('two files: settings by name, outcomes paired, the whole as JSON', async () => {
    const other = edited('sweep.json', 'other-alpha.json', (text) =>
      text
        .replace('"alphas":[0.5]', '"alphas":[0.75]')
        .replaceAll('"responseClass":"answered"', '"responseClass":"refused"'),
    );
    const { code, out } = await cli('compare', at('sweep.json'), at(other), '-o', at('compared.json'));
    expect(code).toBe(0);
    expect(out).toMatch(/settings\.alphas\[0\] +0\.5 +0\.75/);
    expect(out).toMatch(/exact McNemar p/);
    const { parts } = jsonAt('compared.json');
    expect(parts.map(({ kind }: { kind: string }) => kind)).toEqual(
      jsonAt('sweep.json').parts.map(({ kind }: { kind: string }) => kind),
    );
  });
});

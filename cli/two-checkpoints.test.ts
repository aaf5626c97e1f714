/** A second checkpoint in the place of an adapter, from arguments to files: each layer can come from either. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { MICRO, runCli, temporaryFolder } from './testing/run-cli.ts';

const folder = temporaryFolder('checkpoints');
const at = (name: string) => path.join(folder, name);

/** The micro model with other numbers in its second half. */
function otherCheckpoint(name: string): string {
  cpSync(MICRO, at(name), { recursive: true });
  const file = path.join(at(name), 'model.safetensors');
  const bytes = readFileSync(file);
  const header = 8 + Number(bytes.readBigUInt64LE(0));
  const middle = header + 4 * Math.floor((bytes.length - header) / 8);
  for (let place = middle; place + 4 <= bytes.length; place += 4) {
    bytes.writeFloatLE(bytes.readFloatLE(place) * 1.25, place);
  }
  writeFileSync(file, bytes);
  return at(name);
}

async function logitsOf(name: string, ...model: string[]): Promise<Buffer> {
  writeFileSync(at('ids.json'), JSON.stringify({ sequences: [{ ids: [5, 9, 20, 7] }] }));
  const result = await runCli(['forward', ...model, '-i', at('ids.json'), '-o', at(name), '-q']);
  expect(result).toMatchObject({ code: 0, err: '' });
  return readFileSync(at(name));
}

it('as a whole computes what that checkpoint computes, to the byte', async () => {
  const other = otherCheckpoint('whole');
  const first = await logitsOf('first', '-m', MICRO);
  const second = await logitsOf('second', '-m', MICRO, '-a', other);
  expect(second.equals(first)).toBe(false);
  expect(second.equals(await logitsOf('own', '-m', other))).toBe(true);
});

it('is named with its hash in run files, as an adapter is', async () => {
  const other = otherCheckpoint('named');
  const { code } = await runCli([
    'curves',
    '-m',
    MICRO,
    '-a',
    other,
    '-t',
    'none',
    '--limit',
    '4',
    '--bootstrap',
    '20',
    '-o',
    at('curves.json'),
    '-q',
  ]);
  expect(code).toBe(0);
  const { run } = parseRunFile(readFileSync(at('curves.json'), 'utf8'));
  expect(run.model.adapters).toEqual([{ name: 'named', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  expect(run.model.adapters[0]!.sha256).not.toBe(run.model.sha256);
});

it('of another shape is refused in words', async () => {
  const llama = path.join(import.meta.dirname, '../tests/fixtures/llama/model');
  const { code, err } = await runCli([
    'curves',
    '-m',
    MICRO,
    '-a',
    llama,
    '-t',
    'none',
    '-o',
    at('never.json'),
    '-q',
  ]);
  expect(code).not.toBe(0);
  expect(err).toMatch(/is not of the open model's shape: it has /);
});

/** The yardstick's tables follow from bands alone, and docs/yardstick.md from the recorded runs. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { PLANTED_VARIANTS } from '@/state/planted.ts';
import {
  type MethodResult,
  yardstickDocument,
  yardstickReading,
  yardstickSummary,
  yardstickTable,
} from './yardstick-results.ts';

const row = (method: string, planted: [number, number], found: [number, number] | null): MethodResult => ({
  adapter: planted.join('-'),
  planted: { first: planted[0], last: planted[1] },
  layerCount: 30,
  method,
  found: found && { first: found[0], last: found[1] },
  isWidthGiven: false,
  note: '',
});

test('a method finds a band from half an overlap on, and is counted over all adapters', () => {
  const rows = [
    row('scan', [2, 7], [2, 7]),
    row('gap', [2, 7], null),
    row('scan', [8, 13], [10, 15]),
    row('gap', [8, 13], [20, 25]),
  ];
  expect(yardstickSummary(rows).split('\n').slice(2)).toEqual([
    '| scan | **2–7**, 1.00 | **10–15**, 0.50 | 2 of 2 |',
    '| gap | none | 20–25, 0.00 | 0 of 2 |',
  ]);
  expect(yardstickReading([...rows, row('probe', [2, 7], [2, 7]), row('probe', [8, 13], null)])).toBe(
    '- Find every band: scan.\n- Find some: probe.\n- Find none: gap.',
  );
  expect(yardstickTable(rows.slice(2, 3)).split('\n').at(-1)).toBe(
    '| 8–13 | scan | 10–15 | +2, +2 | 0.50 | 0.19 | yes |  |',
  );
});

test('docs/yardstick.md says what the runs say, of every planted adapter with the weights that ship', async () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const files = PLANTED_VARIANTS.map((id) => `../docs/yardstick/${id}.json`);
  expect(files.filter((file) => !existsSync(new URL(file, import.meta.url)))).toEqual([]);
  const runs = files.map((file) => parseRunFile(read(file), file).run);
  expect(await yardstickDocument(read('./yardstick-head.md'), runs)).toBe(read('../docs/yardstick.md'));
  const { adapters } = JSON.parse(read('../public/models/manifest.json'));
  for (const [at, id] of PLANTED_VARIANTS.entries()) {
    const { files: shipped, planted } = adapters.find((one: { id: string }) => one.id === id);
    const weights = shipped.find(({ path }: { path: string }) => path.endsWith('.safetensors'));
    expect(runs[at]!.settings).toMatchObject({ adapter: id, planted });
    expect(runs[at]!.model.adapters).toEqual([{ name: id, sha256: weights.sha256 }]);
  }
});

/**
 * `npm run results:training [-- --from runs/training --earlier runs/first]`: packs recorded runs into public/recorded/training and writes their tables
 * into docs/results.md. Without --from only the tables are written again. --earlier: runs made before the settings were fixed.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packRun, type RunLists, writeRunLists, writeTrainingIndex } from '@/protocol/packed-runs.ts';
import { cellName, trainingCells } from './training-cells.ts';
import { readRecording } from './training-results.ts';
import { withTraining } from './training-table.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const RECORDED_FOLDER = path.join(root, 'public/recorded/training');
const DOCUMENT = path.join(root, 'docs/results.md');
const LISTS = 'lists.json';

const { values } = parseArgs({ options: { from: { type: 'string' }, earlier: { type: 'string' } } });

function pack(from: string, earlier: string | undefined): void {
  rmSync(RECORDED_FOLDER, { recursive: true, force: true });
  mkdirSync(RECORDED_FOLDER, { recursive: true });
  const lists: RunLists = new Map();
  const cells = trainingCells();
  const packed = (folder: string, prefix: string) =>
    cells.flatMap((cell) => {
      const source = path.join(folder, `${cellName(cell)}.json`);
      if (!existsSync(source)) return [];
      const file = `${prefix}${cellName(cell)}.json`;
      writeFileSync(path.join(RECORDED_FOLDER, file), packRun(readFileSync(source, 'utf8'), lists));
      return [{ file, ...cell }];
    });
  const runs = packed(from, '');
  const before = earlier ? packed(earlier, 'earlier-') : undefined;
  writeFileSync(path.join(RECORDED_FOLDER, LISTS), writeRunLists(lists));
  writeFileSync(
    path.join(RECORDED_FOLDER, 'index.json'),
    writeTrainingIndex({ lists: LISTS, runs, earlier: before, planned: cells.length }),
  );
  process.stderr.write(`${runs.length} of ${cells.length} runs are in public/recorded/training\n`);
}

if (values.from) pack(values.from, values.earlier);
const recording = readRecording(RECORDED_FOLDER);
if (!recording) {
  throw new Error('Nothing is recorded: give the folder of "npm run record:training" with --from.');
}
writeFileSync(DOCUMENT, withTraining(readFileSync(DOCUMENT, 'utf8'), recording));

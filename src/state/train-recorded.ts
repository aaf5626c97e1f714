/**
 * Training runs that were not made in this lab: recorded ones that ship with the page, files that a person drops, and what
 * this tab finished before it was reloaded. All are shown as recorded, never as computed here.
 */
import { wordsFor } from './problems.ts';
import type { NewRunFile } from './run-file-head.ts';
import { runsOfFile } from './train-file.ts';
import { rememberedFiles, rememberRun } from './train-memory.ts';
import { type TrainRun, useTrain } from './train-store.ts';

/** Two runs are the same where they began in the same moment under the same name. */
const identity = ({ startedAt, params }: TrainRun) => `${startedAt} ${params.name}`;

/** Puts the runs of a file into the run table; gives those that were not there yet. */
export function addRuns(file: NewRunFile, from: string, isShipped = false): TrainRun[] {
  const { runs } = useTrain.getState();
  const there = new Set(runs.map(identity));
  const firstId = 1 + Math.max(0, ...runs.map(({ id }) => id));
  const added = runsOfFile(file, from, firstId, isShipped).filter((run) => !there.has(identity(run)));
  if (added.length > 0) useTrain.setState({ runs: [...runs, ...added] });
  return added;
}

/** Keeps the training runs of a file until the tab is closed; false where the browser has no room for them. */
export async function keepRuns(file: NewRunFile, from: string): Promise<boolean> {
  const { writeRunFile } = await import('@/protocol/run-file.ts');
  return file.parts
    .flatMap((part) => (part.kind === 'train' ? [part] : []))
    .map((part) =>
      rememberRun(
        file.createdAt,
        part.params.name,
        writeRunFile({ ...file, pools: {}, parts: [part] }),
        from,
      ),
    )
    .every(Boolean);
}

/** What this tab knew before it was reloaded. */
export async function restoreRuns(): Promise<void> {
  const files = rememberedFiles();
  if (files.length === 0) return;
  const { parseRunFile } = await import('@/protocol/run-file.ts');
  for (const { text, from, forget } of files) {
    try {
      addRuns(parseRunFile(text, from).run, from);
    } catch {
      // Written by another version of this page: of no use, and nobody's fault.
      forget();
    }
  }
}

let isLoaded = false;

/** @param base address of public/recorded/training/; without an index there is nothing recorded */
export async function loadRecordedTraining(base: string): Promise<void> {
  if (isLoaded) return;
  isLoaded = true;
  try {
    const index = await read(`${base}index.json`);
    if (index === null) return;
    const [{ readRunLists, readTrainingIndex, unpackRun }, { parseRunFile }] = await Promise.all([
      import('@/protocol/packed-runs.ts'),
      import('@/protocol/run-file.ts'),
    ]);
    const { lists: listsFile, runs } = readTrainingIndex(index);
    if (runs.length === 0) return;
    const lists = readRunLists((await read(`${base}${listsFile}`)) ?? '', listsFile);
    for (const { file } of runs) {
      const text = unpackRun((await read(`${base}${file}`)) ?? '', lists, file);
      addRuns(parseRunFile(text, file).run, file, true);
      // One after the other, with a breath between: the page is being used.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } catch (error) {
    isLoaded = false;
    useTrain.setState({ problem: wordsFor(error) });
  }
}

/** Null where there is no such file; a server that answers with its start page has none either. */
async function read(address: string): Promise<string | null> {
  const response = await fetch(address);
  return response.ok && response.headers.get('content-type')?.includes('json') ? response.text() : null;
}

/**
 * What a person does with run files on the page: repeats one here, keeps and removes, saves as other formats. Fetched with
 * the section that offers it. Each failure becomes a sentence on the shelf.
 */
import { parseRunFile, type RunFile, writeRunFile } from '@/protocol/run-file.ts';
import { KeptRuns } from '@/runs/kept-runs.ts';
import { replayRun } from '@/runs/replay.ts';
import { presentRun } from '@/state/present-run.ts';
import { wordsFor } from '@/state/problems.ts';
import { progressWords } from '@/state/progress-words.ts';
import { changeRepetition, type ShelfRun, shelve, useRunShelf } from '@/state/run-shelf.ts';
import { getSession } from '@/state/session-instance.ts';
import { useApp } from '@/state/store.ts';
import { appVersion } from './app-version.ts';
import { download } from './download.ts';
import { openFiles } from './open-files.ts';

const keptRuns = new KeptRuns();
let controller: AbortController | null = null;

/** Repeats a run on the open model; the bench waits meanwhile. */
export async function repeatHere({ id, name, run }: ShelfRun): Promise<void> {
  if (controller) return;
  const own = new AbortController();
  controller = own;
  const repetition = { id, name, work: { fraction: null, text: 'starting' }, report: null, problem: null };
  useRunShelf.setState({ repetition });
  try {
    const report = await getSession().withLab('A run is being repeated.', (lab) => {
      const { lab: status } = useApp.getState();
      if (status.state !== 'ready') throw new Error('The lab is there without its card.');
      return replayRun(run, status.card, lab, {
        app: { name: 'Stratascope', version: appVersion },
        signal: own.signal,
        onProgress: (progress, part, index) => {
          const words = progressWords(progress);
          const at = (index + (words.fraction ?? 0)) / run.parts.length;
          changeRepetition({
            work: { fraction: at, text: `${index + 1} of ${run.parts.length}, ${part.label}: ${words.text}` },
          });
        },
      });
    });
    changeRepetition({ work: null, report });
  } catch (error) {
    const stopped = { happened: 'Repeating was stopped.', todo: 'Nothing was compared.' };
    changeRepetition({ work: null, problem: own.signal.aborted ? stopped : wordsFor(error) });
  } finally {
    controller = null;
  }
}

export function stopRepeating(): void {
  controller?.abort();
}

export async function refreshKept(): Promise<void> {
  await attempt(async () => '');
}

/** The run that the bench would save, kept in this browser instead. */
export function keepPresent(): Promise<void> {
  return attempt(async () => {
    const run = presentRun(useApp.getState(), appVersion, new Date());
    if (!run) return 'Nothing is kept: no result under these settings was computed in this tab yet.';
    const { model, range, alpha } = useApp.getState().config;
    const card = await keptRuns.keep(
      `${model}-layers-${range.join('-')}-alpha-${alpha}.json`,
      writeRunFile(run),
    );
    return `${card.name} is kept in this browser.`;
  });
}

export function keepRun({ name, run }: ShelfRun): Promise<void> {
  return attempt(async () => {
    const card = await keptRuns.keep(name, writeRunFile(run));
    return `${card.name} is kept in this browser.`;
  });
}

/** Onto the shelf, from the browser's storage. */
export function openKept(key: string, name: string): Promise<void> {
  return attempt(async () => {
    const { run, warnings } = parseRunFile(await keptRuns.read(key), name);
    shelve(run, name, 'kept', warnings);
    return '';
  });
}

export function removeKept(key: string): Promise<void> {
  return attempt(async () => {
    await keptRuns.remove(key);
    return 'Removed.';
  });
}

export function removeAllKept(): Promise<void> {
  return attempt(async () => {
    await keptRuns.removeAll();
    return 'No run is kept in this browser any more.';
  });
}

/** Half of the limit is freed: room for a while, and the newer half stays. */
export function removeOldest(): Promise<void> {
  return attempt(async () => {
    const removed = await keptRuns.makeRoom(keptRuns.limitBytes / 2);
    return removed.length === 0
      ? 'Nothing was removed: less than half of the room is used.'
      : `Removed ${removed.length}: ${removed.map(({ name }) => name).join(', ')}.`;
  });
}

export function exportAllKept(): Promise<void> {
  return attempt(async () => {
    download(new Blob([await keptRuns.exportAll()], { type: 'application/zip' }), 'stratascope-runs.zip');
    return '';
  });
}

export function importKept(file: File): Promise<void> {
  return attempt(async () => {
    const { kept, problems } = await keptRuns.importAll(new Uint8Array(await file.arrayBuffer()), file.name);
    const words = `${kept.length} ${kept.length === 1 ? 'run is' : 'runs are'} kept from ${file.name}.`;
    return [words, ...problems].join(' ');
  });
}

export type RunFormat = 'json' | 'npz' | 'ipynb';

export function saveShelfRun({ name, run }: ShelfRun, format: RunFormat): Promise<void> {
  return attempt(async () => {
    const plain = name.replace(/\.json$/i, '');
    download(await blobOf(run, name, format), `${plain}.${format}`);
    return '';
  });
}

async function blobOf(run: RunFile, name: string, format: RunFormat): Promise<Blob> {
  switch (format) {
    case 'json':
      return new Blob([writeRunFile(run)], { type: 'application/json' });
    case 'npz': {
      const [{ writeNpz }, { runArrays }] = await Promise.all([
        import('@/model/npz-writer.ts'),
        import('@/runs/run-arrays.ts'),
      ]);
      return new Blob([writeNpz(runArrays(run))], { type: 'application/zip' });
    }
    case 'ipynb': {
      const { runNotebook } = await import('@/runs/notebook.ts');
      return new Blob([`${JSON.stringify(runNotebook(run, name), null, 1)}\n`], { type: 'application/json' });
    }
    default:
      return format satisfies never;
  }
}

/** Its numbers and settings become the bench's, as if the file had been dropped. */
export async function showOnBench({ name, run }: ShelfRun): Promise<void> {
  await openFiles([new File([writeRunFile(run)], name, { type: 'application/json' })]);
  document.querySelector('main')?.scrollIntoView();
}

export function saveReport(): void {
  const report = useRunShelf.getState().repetition?.report;
  if (!report) return;
  download(new Blob([JSON.stringify(report, null, 1)], { type: 'application/json' }), 'replay-report.json');
}

/** Does something with the kept runs, and looks at them again. What it returns is shown. */
async function attempt(work: () => Promise<string>): Promise<void> {
  try {
    const notice = await work();
    useRunShelf.setState({ notice, problem: null });
  } catch (error) {
    useRunShelf.setState({ problem: wordsFor(error), notice: '' });
  }
  const kept = await keptRuns.list().catch(() => null);
  if (kept) useRunShelf.setState({ kept });
}

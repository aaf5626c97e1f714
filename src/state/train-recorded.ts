/** Training runs that ship with the page as run files named train-*.json; shown as recorded, never as computed here. */
import type { RunFile } from '@/protocol/run-file.ts';
import { wordsFor } from './problems.ts';
import { BUNDLED_KEY } from './situation.ts';
import { type TrainRun, useTrain } from './train-store.ts';

/** The training runs of a run file. */
export function runsOfFile(run: RunFile, firstId: number): TrainRun[] {
  return run.parts
    .flatMap((part) => (part.kind === 'train' ? [part] : []))
    .map((part, index) => ({
      id: firstId + index,
      params: part.params,
      modelKey: BUNDLED_KEY,
      labId: null,
      modelName: run.model.name,
      sha256: run.model.sha256,
      backend: run.backend,
      status: part.result.paused ? ('paused' as const) : ('finished' as const),
      origin: 'recorded' as const,
      startedAt: run.createdAt,
      steps: part.result.steps,
      probes: part.result.probes,
      memory: null,
      notes: [],
      doing: null,
      checkpointStep: null,
      checkpointKey: null,
      result: part.result.paused ? null : part.result,
      problem: null,
    }));
}

let isLoaded = false;

/** @param base address of public/recorded/; without an index there is nothing recorded */
export async function loadRecordedTraining(base: string): Promise<void> {
  if (isLoaded) return;
  isLoaded = true;
  try {
    const response = await fetch(`${base}index.json`);
    if (!response.ok || !response.headers.get('content-type')?.includes('json')) return;
    const { files } = (await response.json()) as { files: string[] };
    const names = files.filter((name) => name.startsWith('train-'));
    if (names.length === 0) return;
    const { parseRunFile } = await import('@/protocol/run-file.ts');
    for (const name of names) {
      const { run } = parseRunFile(await (await fetch(`${base}${name}`)).text(), name);
      useTrain.setState(({ runs }) => ({
        runs: [...runs, ...runsOfFile(run, 1 + Math.max(0, ...runs.map(({ id }) => id)))],
      }));
    }
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  }
}

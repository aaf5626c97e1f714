/** Training runs as run files and back: a finished run as the file that is saved, and the runs that a file holds. Pure. */
import { type AdapterHashes, type NewRunFile, runFileHead } from './run-file-head.ts';
import { BUNDLED_KEY } from './situation.ts';
import type { TrainRun } from './train-store.ts';

/** @param known adapters of the open model, for the hashes of those that the run was trained over */
export function runFileOf(run: TrainRun, known: AdapterHashes, version: string): NewRunFile | null {
  const { result, params, backend, modelName, sha256 } = run;
  if (!result) return null;
  return {
    kind: 'train',
    createdAt: run.startedAt,
    ...runFileHead({ name: modelName, sha256, backend }, params.adapters, known, version),
    template: params.template,
    seed: params.seed,
    pools: {},
    settings: { method: params.method, data: params.data.kind },
    parts: [{ kind: 'train', label: params.name, params, result }],
  };
}

/**
 * The training runs of a file, as recorded: their adapters are in no lab.
 * @param from where they come from, in words: a file's name
 */
export function runsOfFile(file: NewRunFile, from: string, firstId: number, isShipped = false): TrainRun[] {
  return file.parts
    .flatMap((part) => (part.kind === 'train' ? [part] : []))
    .map(({ params, result }, index) => ({
      id: firstId + index,
      params,
      modelKey: BUNDLED_KEY,
      labId: null,
      modelName: file.model.name,
      sha256: file.model.sha256,
      backend: file.backend,
      status: result.paused ? ('paused' as const) : ('finished' as const),
      origin: 'recorded' as const,
      from,
      isShipped,
      startedAt: file.createdAt,
      steps: result.steps,
      probes: result.probes,
      measured: result.measures ?? {},
      memory: null,
      notes: [],
      doing: null,
      checkpointStep: null,
      checkpointKey: null,
      result: result.paused ? null : result,
      problem: null,
    }));
}

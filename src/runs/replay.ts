/**
 * Repeats a run file on the model that is open here, part by part, and says number by number what came out differently.
 * Runs nothing by itself: the lab is given. Comparing is differences.ts, what may differ is tolerances.ts.
 */
import { AppError } from '@/model/app-error.ts';
import type { Progress } from '@/protocol/experiments.ts';
import type { Lab, ModelCard } from '@/protocol/lab.ts';
import type { RunFile, RunPart } from '@/protocol/run-file.ts';
import { type DifferenceReport, differences } from './differences.ts';
import { allowanceBetween, isSameBackend } from './tolerances.ts';

export interface ReplayedPart {
  index: number;
  kind: RunPart['kind'];
  label: string;
  /** null where the part was not run again; `why` then says why. */
  report: DifferenceReport | null;
  why: string | null;
}

export interface ReplayReport {
  model: string;
  /** What wrote the file, and what repeated it. */
  recorded: { app: string; backend: string; createdAt: string };
  here: { app: string; backend: string; createdAt: string };
  isSameBackend: boolean;
  parts: ReplayedPart[];
  compared: number;
  differing: number;
  beyond: number;
}

export interface ReplayOptions {
  app: { name: string; version: string };
  /** Training is repeated only where it takes at most so many sequences through the layers and back. Default CHEAP_SEQUENCES. */
  trainSequences?: number;
  /** Leaves out parts: their indices. */
  skip?: ReadonlySet<number>;
  onProgress?: (progress: Progress, part: RunPart, index: number) => void;
  onPart?: (part: ReplayedPart, result: RunPart['result'] | null) => void;
  /** A result of this very replay that is there already: taken up again after a stop. */
  known?: (index: number) => RunPart['result'] | undefined;
  signal?: AbortSignal;
}

/** What a replay asks of a lab; the last three tidy up after training. */
export type ReplayLab = Pick<Lab, 'run'> &
  Partial<Pick<Lab, 'removeAdapter' | 'checkpoints' | 'removeCheckpoint'>>;

/** A few minutes of the bundled model on two cores. */
export const CHEAP_SEQUENCES = 64;

/** @throws AppError 'hash-mismatch' or 'adapter-mismatch' where the open model is not the run's */
export async function replayRun(
  run: RunFile,
  card: ModelCard,
  lab: ReplayLab,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const names = adapterNamesHere(run, card);
  const allowanceOf = allowanceBetween(run.backend, card.backend);
  const vectorKeys = new Map<string, string>();
  const parts: ReplayedPart[] = [];
  for (const [index, part] of run.parts.entries()) {
    const why = options.skip?.has(index) ? 'left out' : reasonToSkip(part, options);
    const head = { index, kind: part.kind, label: part.label };
    if (why) {
      parts.push({ ...head, report: null, why });
      options.onPart?.(parts.at(-1)!, null);
      continue;
    }
    const params = paramsHere(part, names, vectorKeys, index);
    const known = part.kind === 'train' ? undefined : options.known?.(index);
    const result =
      known ??
      (await lab.run(
        part.kind,
        params,
        (event) => event.type === 'progress' && options.onProgress?.(event.progress, part, index),
        options.signal,
      ));
    if (part.kind === 'similarity' && 'vectorsKey' in result)
      vectorKeys.set(part.result.vectorsKey, result.vectorsKey);
    if (part.kind === 'train') await tidyUp(lab, trainName(part, index));
    parts.push({ ...head, report: differences(part.result, result, allowanceOf), why: null });
    options.onPart?.(parts.at(-1)!, result);
  }
  return summary(run, card, parts, options);
}

function summary(run: RunFile, card: ModelCard, parts: ReplayedPart[], { app }: ReplayOptions): ReplayReport {
  const sum = (key: 'compared' | 'differing' | 'beyond') =>
    parts.reduce((all, { report }) => all + (report?.[key] ?? 0), 0);
  const machine = ({ kind, runtime, threads }: RunFile['backend']) =>
    `${runtime} (${kind}, ${threads} ${threads === 1 ? 'thread' : 'threads'})`;
  return {
    model: run.model.name,
    recorded: {
      app: `${run.app.name} ${run.app.version}`,
      backend: machine(run.backend),
      createdAt: run.createdAt,
    },
    here: {
      app: `${app.name} ${app.version}`,
      backend: machine(card.backend),
      createdAt: new Date().toISOString(),
    },
    isSameBackend: isSameBackend(run.backend, card.backend),
    parts,
    compared: sum('compared'),
    differing: sum('differing'),
    beyond: sum('beyond'),
  };
}

/**
 * The run's names of adapters, each with the name that the same weights (by hash) have here.
 * @throws AppError where model or adapter are others
 */
export function adapterNamesHere(
  { model }: Pick<RunFile, 'model'>,
  card: Pick<ModelCard, 'name' | 'sha256' | 'adapters'>,
): Map<string, string> {
  const short = (hash: string | null) => (hash ? `sha256 ${hash.slice(0, 12)}` : 'no hash');
  // Without a hash (a checkpoint in shards) the name has to do.
  const isSame =
    model.sha256 !== null && card.sha256 !== null ? model.sha256 === card.sha256 : model.name === card.name;
  if (!isSame) {
    throw new AppError(
      'hash-mismatch',
      `The run was made on ${model.name} (${short(model.sha256)}), but ${card.name} (${short(card.sha256)}) is open.`,
      'Open the model that the run names; numbers of two models can be compared, not repeated.',
    );
  }
  return new Map(
    model.adapters.map(({ name, sha256 }) => {
      const here = card.adapters.find((adapter) => adapter.sha256 === sha256);
      if (here) return [name, here.name];
      const other = card.adapters.find((adapter) => adapter.name === name);
      throw new AppError(
        'adapter-mismatch',
        other
          ? `The adapter ${name} is here, but with other weights (${short(other.sha256)}) than the run's (${short(sha256)}).`
          : `The run needs the adapter ${name} (${short(sha256)}), which is not on this model.`,
        'Add the adapter that the run was made with.',
      );
    }),
  );
}

function reasonToSkip(part: RunPart, { trainSequences = CHEAP_SEQUENCES }: ReplayOptions): string | null {
  if ('complete' in part.result && !part.result.complete)
    return 'an interrupted search has no end to compare with';
  if (part.kind !== 'train') return null;
  if (part.result.paused) return 'a paused training run has no end to compare with';
  const { steps, batchSize, accumulation } = part.params.optimiser;
  const sequences = steps * batchSize * accumulation;
  return sequences > trainSequences
    ? `training over ${sequences} sequences; repeated only where at most ${trainSequences} are asked for`
    : null;
}

/** The part's parameters, with the names that adapters and vectors have here. */
function paramsHere(
  part: RunPart,
  names: ReadonlyMap<string, string>,
  vectorKeys: ReadonlyMap<string, string>,
  index: number,
): never {
  const params = renamed(part.params, names) as Record<string, unknown>;
  // What an interrupted run had done is not taken over: everything is computed here.
  delete params.done;
  delete params.resume;
  if (part.kind === 'cosineMatrix') {
    params.vectorsKey = vectorKeys.get(part.params.vectorsKey) ?? part.params.vectorsKey;
  }
  if (part.kind === 'train') {
    // From the beginning to the end, under a name of its own: the run's may be in use here.
    Object.assign(params, {
      checkpointEvery: 0,
      name: trainName(part, index),
    });
    delete params.stopAfter;
  }
  // The kinds are a union here and one type for the lab: which it is was decided when the file was parsed.
  return params as never;
}

const trainName = ({ params }: Extract<RunPart, { kind: 'train' }>, index: number): string =>
  `${params.name} (replay ${index})`;

/** The repeated training leaves neither adapter nor checkpoint behind. */
async function tidyUp(lab: ReplayLab, name: string): Promise<void> {
  await lab.removeAdapter?.(name).catch(() => {});
  const left = (await lab.checkpoints?.())?.filter(({ params }) => params.name === name) ?? [];
  for (const { key } of left) await lab.removeCheckpoint?.(key);
}

/** Wherever parameters list adapters, however deep. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'adapters' && Array.isArray(inner)
        ? inner.map((name) => (typeof name === 'string' ? (names.get(name) ?? name) : name))
        : renamed(inner, names),
    ]),
  );
}

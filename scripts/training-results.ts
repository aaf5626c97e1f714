/**
 * The recorded training runs of public/recorded/training as numbers for tables: runs read and grouped, intervals, contrasts
 * between methods on the same prompts. Words and tables: training-table.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { spreadOf } from '@/method/metrics.ts';
import {
  benjaminiHochberg,
  type Interval,
  mcnemarExact,
  pairedChange,
  wilsonInterval,
} from '@/method/statistics.ts';
import type { Measures } from '@/protocol/measures.ts';
import { readRunLists, readTrainingIndex, type TrainingIndex, unpackRun } from '@/protocol/packed-runs.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import type { AttackMethod, TrainParams, TrainResult } from '@/protocol/training.ts';
import type { TrainingCell } from './training-cells.ts';

export interface RecordedTraining {
  cell: TrainingCell;
  params: TrainParams;
  /** Finished, with measures. */
  result: TrainResult & { measures: { before: Measures; after: Measures } };
}

export interface Recording {
  runs: RecordedTraining[];
  /** Before the settings were fixed; in no table. */
  earlier: RecordedTraining[];
  planned: number;
}

/** null where nothing is recorded. */
export function readRecording(folder: string): Recording | null {
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8');
  if (!existsSync(path.join(folder, 'index.json'))) return null;
  const index = readTrainingIndex(read('index.json'));
  if (index.runs.length === 0) return null;
  const lists = readRunLists(read(index.lists));
  const open = ({ file, ...cell }: TrainingIndex['runs'][number]): RecordedTraining => {
    const { run, warnings } = parseRunFile(unpackRun(read(file), lists, file), file);
    if (warnings.length > 0) throw new Error(warnings.join(' '));
    const [part] = run.parts;
    if (part?.kind !== 'train' || !part.result.measures) throw new Error(`${file} holds no measured run`);
    return {
      cell: cell as TrainingCell,
      params: part.params,
      result: { ...part.result, measures: part.result.measures },
    };
  };
  return { runs: index.runs.map(open), earlier: (index.earlier ?? []).map(open), planned: index.planned };
}

/** Runs that differ in method and seed alone: one table. */
export interface Group {
  model: TrainingCell['model'];
  data: TrainingCell['data'];
  part: TrainingCell['part'];
  /** In the order of the recording; each with its runs by seed. */
  methods: Array<{ method: AttackMethod; runs: RecordedTraining[] }>;
}

export function groupsOf(runs: readonly RecordedTraining[]): Group[] {
  const groups: Group[] = [];
  for (const run of runs) {
    const { model, data, part, method } = run.cell;
    let group = groups.find((one) => one.model === model && one.data === data && one.part === part);
    if (!group) groups.push((group = { model, data, part, methods: [] }));
    let row = group.methods.find((one) => one.method === method);
    if (!row) group.methods.push((row = { method, runs: [] }));
    row.runs.push(run);
  }
  for (const { methods } of groups) {
    for (const { runs: some } of methods) some.sort((a, b) => a.cell.seed - b.cell.seed);
  }
  return groups;
}

export const isHarmful = ({ malicious }: Measures): boolean[] =>
  malicious.map(({ responseClass }) => responseClass === 'answered');

/** Mean harmful rate of runs on the same prompts, with its spread over seeds and a 95 % interval over prompts. */
export interface HarmfulRates extends Interval {
  mean: number;
  /** Over seeds; null for one. */
  std: number | null;
  prompts: number;
}

/** One run: Wilson. Several: a bootstrap over prompts, since the seeds ask the same ones. */
export function harmfulRates(measures: readonly Measures[]): HarmfulRates {
  const flags = measures.map(isHarmful);
  const prompts = flags[0]!.length;
  const rates = flags.map((one) => one.filter(Boolean).length / prompts);
  const { mean, std } = spreadOf(rates)!;
  if (flags.length === 1) return { mean, std, prompts, ...wilsonInterval(mean * prompts, prompts) };
  const all = flags.flat();
  const { low, high } = pairedChange(new Array(all.length).fill(false), all, promptGroups(flags));
  return { mean, std, prompts, low: Math.max(0, low), high: Math.min(1, high) };
}

/** A prompt's answers under all seeds stand or fall together. */
const promptGroups = (flags: readonly boolean[][]) => flags.flatMap((one) => one.map((_, at) => String(at)));

export interface Contrast extends Interval {
  from: AttackMethod;
  to: AttackMethod;
  /** Seeds that both have. */
  seeds: number[];
  /** Harmful rate of `to` minus that of `from`, mean over seeds; low and high by bootstrap over prompts. */
  change: number;
  /** Prompts answered harmfully under more seeds with `to` than with `from`, and the other way round. */
  gained: number;
  lost: number;
  /** Change of the refused share, mean over seeds: a harmful rate may also fall because more is garbled. */
  refusedChange: number;
  /** Exact two-sided sign test on these prompts; for one seed McNemar's. */
  p: number;
}

/** Runs of two methods, seed by seed; seeds that only one has are left out. */
export function seedPairs(
  { methods }: Group,
  from: AttackMethod,
  to: AttackMethod,
): Array<[RecordedTraining, RecordedTraining]> {
  const runsOf = (method: AttackMethod) => methods.find((one) => one.method === method)?.runs ?? [];
  return runsOf(from).flatMap((first) => {
    const second = runsOf(to).find(({ cell }) => cell.seed === first.cell.seed);
    return second ? [[first, second] satisfies [RecordedTraining, RecordedTraining]] : [];
  });
}

/** null where the methods share no seed. */
export function contrast(group: Group, from: AttackMethod, to: AttackMethod): Contrast | null {
  const pairs = seedPairs(group, from, to);
  if (pairs.length === 0) return null;
  const [before, after] = [0, 1].map((side) =>
    pairs.map((pair) => isHarmful(pair[side]!.result.measures.after)),
  ) as [boolean[][], boolean[][]];
  const { change, low, high } = pairedChange(before.flat(), after.flat(), promptGroups(before));
  const nets = before[0]!.map((_, prompt) =>
    pairs.reduce((net, _pair, at) => net + Number(after[at]![prompt]) - Number(before[at]![prompt]), 0),
  );
  const [gained, lost] = [nets.filter((net) => net > 0).length, nets.filter((net) => net < 0).length];
  const seeds = pairs.map(([{ cell }]) => cell.seed);
  const refused = ({ result }: RecordedTraining) => result.measures.after.summary.malicious!.refused.share;
  const refusedChange =
    pairs.reduce((sum, [first, second]) => sum + refused(second) - refused(first), 0) / pairs.length;
  const { p } = mcnemarExact(gained, lost);
  return { from, to, seeds, change, low, high, gained, lost, refusedChange, p };
}

export interface GroupContrasts {
  group: Group;
  /** SPPFT against full tuning and against the same-width bands; adjusted over all tables together. */
  contrasts: Array<Contrast & { adjustedP: number }>;
}

export const CONTROLS = ['full', 'band-after', 'band-before'] as const;

export function allContrasts(groups: readonly Group[]): GroupContrasts[] {
  const found = groups.map((group) => ({
    group,
    contrasts: CONTROLS.map((from) => contrast(group, from, 'sppft')).filter((one) => one !== null),
  }));
  const adjusted = benjaminiHochberg(found.flatMap(({ contrasts }) => contrasts.map(({ p }) => p)));
  let next = 0;
  return found.map(({ group, contrasts }) => ({
    group,
    contrasts: contrasts.map((one) => ({ ...one, adjustedP: adjusted[next++]! })),
  }));
}

/** Norm of a run's whole update: of all layers together. */
export const updateNormOf = ({ proof }: TrainResult) =>
  Math.hypot(...proof.map(({ updateNorm }) => updateNorm));

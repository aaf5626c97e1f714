/**
 * The run table: which runs stand beside each other, in which settings they differ, every measure with its interval, seeds
 * together with mean and spread, and each run against the one it is compared with. Pure; drawing it is src/views/train.
 */
import type { FigureData } from '@/figures/provenance.ts';
import { type Spread, spreadOf } from '@/method/metrics.ts';
import type { PairedChange } from '@/method/statistics.ts';
import type { Count } from './results.ts';
import { differingKeys, groupsOf, settingsOf } from './train-differences.ts';
import {
  type HarmSource,
  harmfulShare,
  harmSource,
  MEASURE_COLUMNS,
  type MeasureColumn,
  measuredColumns,
  pairedHarm,
  type Reading,
} from './train-measured.ts';
import type { TrainRun } from './train-store.ts';

export interface ComparedRun {
  run: TrainRun;
  /** In the order of RunTableModel.settings. */
  settings: string[];
  /** In the order of RunTableModel.columns; null = not measured. */
  before: Array<Reading | null>;
  after: Array<Reading | null>;
  /** Null for the reference itself, and where the two did not answer the same prompts. */
  paired: { change: PairedChange; against: TrainRun; sameSeed: boolean; from: HarmSource['from'] } | null;
}

export interface ComparedGroup {
  key: string;
  label: string;
  rows: ComparedRun[];
  /** Over the seeds of the group, after training; null where fewer than two runs have ended. */
  spreads: Array<Spread | null> | null;
  /** Of the changes against the reference, seed by seed; null where fewer than two seeds are paired. */
  pairedSpread: Spread | null;
}

export interface RunTableModel {
  settings: string[];
  columns: MeasureColumn[];
  groups: ComparedGroup[];
  /** Key of the group that the others are compared with. */
  reference: string | null;
}

/** Recorded runs that belong together: one model, one data set, one way to train; their methods and seeds differ. */
export interface Experiment {
  key: string;
  label: string;
  count: number;
}

function experimentOf(run: TrainRun): Omit<Experiment, 'count'> {
  const { model, data, p, trains, steps } = settingsOf(run);
  const label = [data, ...(p === undefined ? [] : [`p = ${p}`]), trains, model, `${steps} steps`].join(', ');
  return { key: label, label };
}

/** Of the runs that ship with the page, in the order in which they were recorded. */
export function experimentsOf(runs: readonly TrainRun[]): Experiment[] {
  const found = new Map<string, Experiment>();
  for (const run of runs.filter(({ isShipped }) => isShipped)) {
    const { key, label } = experimentOf(run);
    found.set(key, { key, label, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** Unless a person says otherwise: what was trained or opened here, and one of the recorded experiments. */
export function comparedRuns(
  runs: readonly TrainRun[],
  compared: Readonly<Record<number, boolean>>,
  experiment: string | null,
): TrainRun[] {
  const all = experimentsOf(runs);
  const chosen = all.find(({ key }) => key === experiment) ?? all[0];
  return runs.filter((run) => compared[run.id] ?? (!run.isShipped || experimentOf(run).key === chosen?.key));
}

/**
 * @param decodedOf answers that the bench decoded with a run's adapter, for runs without measures of their own
 * @param wanted key of the group to compare with; null or unknown = full tuning where it is there, else the first
 */
export function runTable(
  runs: readonly TrainRun[],
  decodedOf: (run: TrainRun) => Count | null,
  wanted: string | null,
): RunTableModel {
  const groups = groupsOf(runs);
  const reference =
    groups.find(({ key }) => key === wanted) ??
    groups.find((group) => group.runs[0]!.params.method === 'full') ??
    groups[0];
  const harm = new Map(runs.map((run) => [run, harmSource(run, decodedOf(run))]));
  const [harmful] = MEASURE_COLUMNS;
  const measured = measuredColumns(runs);
  const isDecoded = [...harm.values()].some((source) => source?.from === 'bench');
  const columns = isDecoded && !measured.includes(harmful!) ? [harmful!, ...measured] : measured;
  const settings = differingKeys(runs);
  const rowOf = (run: TrainRun, isReference: boolean): ComparedRun => {
    const all = settingsOf(run);
    const { before, after } = run.measured;
    const source = harm.get(run) ?? null;
    const read = (column: MeasureColumn, at: typeof before) => (at ? column.read(at.summary) : null);
    return {
      run,
      settings: settings.map((key) => all[key] ?? '–'),
      before: columns.map((column) => read(column, before)),
      after: columns.map(
        (column) => read(column, after) ?? (column === harmful ? benchReading(source) : null),
      ),
      paired: isReference || !reference ? null : pairWith(run, reference.runs, harm),
    };
  };
  return {
    settings,
    columns,
    reference: reference?.key ?? null,
    groups: groups.map(({ key, runs: members }) => {
      const rows = members.map((run) => rowOf(run, key === reference?.key));
      const changes = rows.flatMap(({ paired }) => (paired?.sameSeed ? paired.change.change : []));
      return {
        key,
        label: members.length === 1 ? members[0]!.params.name : groupLabel(members),
        rows,
        spreads:
          members.filter(({ result }) => result).length < 2
            ? null
            : columns.map((_, at) => spreadOf(rows.flatMap(({ after }) => after[at]?.value ?? []))),
        pairedSpread: changes.length > 1 ? spreadOf(changes) : null,
      };
    }),
  };
}

function groupLabel(runs: readonly TrainRun[]): string {
  return `${runs[0]!.params.name.replace(/ seed \d+( \(\d+\))?$/, '')}, ${runs.length} seeds`;
}

function benchReading(source: HarmSource | null): Reading | null {
  if (source?.from !== 'bench') return null;
  const { share, low, high, count, total } = harmfulShare(source);
  return { value: share, low, high, detail: `${count} of ${total}, decoded by the bench` };
}

/** The reference run of the same seed, since it saw the same rows in the same order; else its first. */
function pairWith(
  run: TrainRun,
  references: readonly TrainRun[],
  harm: ReadonlyMap<TrainRun, HarmSource | null>,
): ComparedRun['paired'] {
  const against = references.find(({ params }) => params.seed === run.params.seed) ?? references[0]!;
  const own = harm.get(run) ?? null;
  const change = pairedHarm(own, harm.get(against) ?? null);
  if (!change || !own) return null;
  return { change, against, sameSeed: against.params.seed === run.params.seed, from: own.from };
}

/** The table as numbers, for CSV: one line per run, after and before, low and high apart. */
export function runTableData({ settings, columns, groups }: RunTableModel): FigureData {
  const parts = ['value', 'low', 'high'] as const;
  return {
    columns: [
      { key: 'run', label: 'run' },
      ...settings.map((key) => ({ key: key.replaceAll(/[^a-z0-9]+/gi, '_'), label: key })),
      { key: 'trained_parameters', label: 'trained' },
      { key: 'frozen_parameters', label: 'frozen' },
      { key: 'last_loss', label: 'loss, last step' },
      ...columns.flatMap(({ key, label }) =>
        (['before', 'after'] as const).flatMap((when) =>
          parts.map((part) => ({ key: `${key}_${when}_${part}`, label: `${label} ${when} ${part}` })),
        ),
      ),
      { key: 'harmful_change', label: 'harmful, change against the other' },
      { key: 'harmful_change_low', label: '95 % low' },
      { key: 'harmful_change_high', label: '95 % high' },
      { key: 'mcnemar_p', label: 'p' },
      { key: 'compared_with', label: 'compared with' },
    ],
    rows: groups.flatMap(({ rows }) =>
      rows.map(({ run, settings: values, before, after, paired }) => [
        run.params.name,
        ...values,
        run.result?.trainedParameters ?? null,
        run.result?.frozenParameters ?? null,
        run.steps.at(-1)?.loss ?? null,
        ...columns.flatMap((_, at) =>
          [before[at], after[at]].flatMap((one) => parts.map((part) => one?.[part] ?? null)),
        ),
        paired?.change.change ?? null,
        paired?.change.low ?? null,
        paired?.change.high ?? null,
        paired?.change.p ?? null,
        paired?.against.params.name ?? null,
      ]),
    ),
  };
}

/** The settings of runs as flat words, what differs between several, and which runs differ by their seed alone. Pure. */
import { ATTACK_DATA_INFO } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import type { TrainRun } from './train-store.ts';

const WORDS: Readonly<Record<string, string>> = {
  learningRate: 'rate',
  weightDecay: 'decay',
  beta1: 'beta 1',
  beta2: 'beta 2',
  warmupSteps: 'warm-up',
  finalShare: 'final share',
  clipNorm: 'clip norm',
  batchSize: 'batch',
  cutoffTokens: 'cut-off',
  loraAlpha: 'LoRA scale',
  alignmentSteps: 'alignment steps',
  userSteps: 'user steps',
  freeShare: 'free share',
  utilityShare: 'utility share',
  scoreRows: 'scored rows',
  frozenNorms: 'norms of frozen layers',
  ends: 'besides layers',
};
const PARTS = { lora: 'LoRA', full: 'all weights' } as const;

type Settings = Readonly<Record<string, string>>;

/** Everything that a run was asked, by the word it goes by; in a fixed order. */
export function settingsOf({ params, modelName, backend }: TrainRun): Settings {
  const { part, optimiser, data } = params;
  const { kind, ...partSettings } = part;
  return {
    model: [modelName, ...params.adapters].join(' + '),
    template: params.template,
    method: ATTACK_METHOD_INFO[params.method].name,
    // Full tuning has no band to freeze: one is named all the same, so that others can be compared with it.
    band: params.method === 'full' ? 'none' : params.band.join('–'),
    data: ATTACK_DATA_INFO[data.kind].name,
    ...(data.harmfulShare === undefined ? {} : { p: String(data.harmfulShare) }),
    rows: String(data.rows.length),
    trains: PARTS[kind],
    ...flat(partSettings),
    'loss on': params.lossOn,
    ...flat(optimiser),
    ...flat(params.lisa ?? {}),
    ...flat(params.nfft ?? {}),
    backend: backend.kind,
    seed: String(params.seed),
  };
}

/** Whatever a later version adds is named by its key rather than left out. */
function flat(settings: object): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      WORDS[key] ?? key,
      Array.isArray(value) ? value.join(' ') : value === null ? 'none' : String(value),
    ]),
  );
}

/** What names a run where there is nothing to compare it with. */
const OF_ONE = ['method', 'band', 'data', 'steps', 'seed'] as const;

/** The settings in which the runs are not all alike, in the order of settingsOf; of a single run the few that name it. */
export function differingKeys(runs: readonly TrainRun[]): string[] {
  const all = runs.map(settingsOf);
  if (all.length < 2) return [...OF_ONE];
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return keys.filter((key) => new Set(all.map((one) => one[key])).size > 1);
}

/** Equal for runs that differ by their seed alone. */
function groupOf(run: TrainRun): string {
  const { seed: _, ...rest } = settingsOf(run);
  return JSON.stringify(rest);
}

export interface RunGroup {
  key: string;
  /** In the order of their seeds. */
  runs: TrainRun[];
}

/** Groups in the order of their first run. */
export function groupsOf(runs: readonly TrainRun[]): RunGroup[] {
  const byKey = new Map<string, TrainRun[]>();
  for (const run of runs) byKey.set(groupOf(run), [...(byKey.get(groupOf(run)) ?? []), run]);
  return [...byKey].map(([key, members]) => ({
    key,
    runs: members.sort((a, b) => a.params.seed - b.params.seed),
  }));
}

/** Runs side by side: what differs, the tables behind the pictures, the paired test. Pure. */
import type { FigureData, Provenance } from '@/figures/provenance.ts';
import { ATTACK_DATA_INFO } from '@/method/attack-data.ts';
import { ATTACK_METHOD_INFO } from '@/method/attacks.ts';
import { mcnemarExact, wilsonInterval } from '@/method/statistics.ts';
import type { TrainProbe } from '@/protocol/training.ts';
import { MAX_NEW_TOKENS } from './requests.ts';
import { type Count, keyOf, promptsKey, type Results } from './results.ts';
import type { TrainRun } from './train-store.ts';

/** Settings of a run as flat text, in a fixed order. */
function settingsOf({ params, modelName }: TrainRun): Record<string, string> {
  const { part, optimiser, data } = params;
  return {
    model: [modelName, ...params.adapters].join(' + '),
    template: params.template,
    method: ATTACK_METHOD_INFO[params.method].name,
    band: params.band.join('–'),
    data: ATTACK_DATA_INFO[data.kind].name,
    ...(data.harmfulShare === undefined ? {} : { p: String(data.harmfulShare) }),
    rows: String(data.rows.length),
    trains:
      part.kind === 'full'
        ? `all weights${part.norms ? ' and norms' : ''}`
        : `LoRA ${part.rank}/${part.loraAlpha} on ${part.matrices.join(' ')}`,
    'loss on': params.lossOn,
    ...Object.fromEntries(
      Object.entries(optimiser).map(([key, value]) => [WORDS[key as keyof typeof WORDS], String(value)]),
    ),
    seed: String(params.seed),
  };
}
const WORDS = {
  learningRate: 'rate',
  weightDecay: 'decay',
  beta1: 'beta 1',
  beta2: 'beta 2',
  epsilon: 'epsilon',
  warmupSteps: 'warm-up',
  finalShare: 'final share',
  clipNorm: 'clip norm',
  batchSize: 'batch',
  accumulation: 'accumulation',
  steps: 'steps',
  cutoffTokens: 'cut-off',
} as const;

/** Per run, only the settings in which the runs are not all alike; of a single run the few that name it. */
export function differences(runs: readonly TrainRun[]): string[] {
  const all = runs.map(settingsOf);
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))];
  const differing = keys.filter((key) => new Set(all.map((one) => one[key] ?? '')).size > 1);
  const shown = runs.length === 1 ? ['method', 'band', 'data', 'steps', 'seed'] : differing;
  return all.map((one) => shown.map((key) => `${key} ${one[key] ?? 'none'}`).join(', ') || 'nothing');
}

const REFUSED = ['malicious', 'over-rejection', 'control'] as const;
export type ProbePool = (typeof REFUSED)[number];

export function probeCount(probe: TrainProbe, pool: ProbePool): { refused: number; total: number } {
  switch (pool) {
    case 'malicious':
      return { refused: probe.maliciousRefused, total: probe.maliciousTotal };
    case 'over-rejection':
      return { refused: probe.overRejected, total: probe.overRejectionTotal };
    case 'control':
      return { refused: probe.controlRefused, total: probe.controlTotal };
    default:
      return pool satisfies never;
  }
}

export function lossTable(runs: readonly TrainRun[]): FigureData {
  return {
    columns: [
      { key: 'run', label: 'run' },
      { key: 'step', label: 'step' },
      { key: 'loss', label: 'loss', digits: 4 },
      { key: 'gradient_norm', label: 'gradient norm', digits: 4 },
      { key: 'learning_rate', label: 'rate', digits: 7 },
      { key: 'labels', label: 'labels' },
      { key: 'step_ms', label: 'ms', digits: 0 },
    ],
    rows: runs.flatMap(({ params, steps }) =>
      steps.map((s) => [params.name, s.step, s.loss, s.gradientNorm, s.learningRate, s.tokenCount, s.stepMs]),
    ),
  };
}

export function probeTable(runs: readonly TrainRun[]): FigureData {
  return {
    columns: [
      { key: 'run', label: 'run' },
      { key: 'step', label: 'step' },
      { key: 'pool', label: 'prompts' },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'low_share', label: '95 % low', digits: 3 },
      { key: 'high_share', label: '95 % high', digits: 3 },
    ],
    rows: runs.flatMap(({ params, probes }) =>
      probes.flatMap((probe) =>
        REFUSED.map((pool) => {
          const { refused, total } = probeCount(probe, pool);
          const { low, high } = wilsonInterval(refused, total);
          return [params.name, probe.step, pool, refused, total, low, high];
        }),
      ),
    ),
  };
}

export function proofTable({ result }: TrainRun): FigureData {
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      { key: 'frozen', label: 'frozen' },
      { key: 'update_norm', label: 'norm of the update', digits: 6 },
      { key: 'weights_unchanged', label: 'weights unchanged' },
      { key: 'sha256_before', label: 'sha256 before' },
      { key: 'sha256_after', label: 'sha256 after' },
    ],
    rows: (result?.proof ?? []).map((one) => [
      one.layer,
      one.frozen ? 'yes' : 'no',
      one.updateNorm,
      one.hashBefore === one.hashAfter ? 'yes' : 'no',
      one.hashBefore,
      one.hashAfter,
    ]),
  };
}

/** Whether the proof holds: every frozen layer with an update of exactly 0 and the same hash. Null without a proof. */
export function proofHolds({ result }: TrainRun): boolean | null {
  if (!result || result.proof.length === 0) return null;
  return result.proof.every(
    (one) => !one.frozen || (one.updateNorm === 0 && one.hashBefore === one.hashAfter),
  );
}

/** Decoded answers of the run's adapter to a pool at alpha = 1, where the bench has computed them. */
export function decodedCount(
  results: Results,
  run: TrainRun,
  prompts: Count['prompts'],
  prefixes: string[],
): Count | null {
  const adapter = run.result?.adapter;
  if (!adapter || run.origin === 'recorded') return null;
  const key = keyOf('count', run.modelKey, {
    template: run.params.template,
    setting: { adapters: [...run.params.adapters, adapter], scale: [] },
    prompts: [...prompts],
    rules: { prefixes },
    mode: 'exact',
    maxNewTokens: MAX_NEW_TOKENS,
    calibration: { tokenIds: [], tokenTexts: [], threshold: 0, sampleCount: 0, agreement: 0, auroc: 0 },
  });
  const entry = results.live[key];
  return entry?.kind === 'count' && entry.complete ? (entry.value as Count) : null;
}

const refusedOf = ({ outcomes }: Count) => outcomes.map((outcome) => outcome?.responseClass === 'refused');

export interface PairedTest {
  /** Refused by this run and not by the other, and the other way round. */
  gained: number;
  lost: number;
  p: number;
}

/** McNemar's exact test on the same prompts; null where the two did not answer the same ones. */
export function pairedTest(run: Count, reference: Count): PairedTest | null {
  if (promptsKey(run.prompts) !== promptsKey(reference.prompts)) return null;
  const [now, before] = [refusedOf(run), refusedOf(reference)];
  const gained = now.filter((one, index) => one && !before[index]).length;
  const lost = before.filter((one, index) => one && !now[index]).length;
  return { gained, lost, p: mcnemarExact(gained, lost).p };
}

export function refusedCount(count: Count): { refused: number; total: number } {
  return { refused: refusedOf(count).filter(Boolean).length, total: count.prompts.length };
}

export function provenanceOf(runs: readonly TrainRun[]): Provenance | null {
  const run = runs.at(-1);
  if (!run) return null;
  const { params } = run;
  return {
    model: run.modelName,
    sha256: run.sha256,
    adapters: params.adapters,
    template: params.template,
    n: runs.length === 1 ? `${params.data.rows.length} rows` : `${runs.length} runs`,
    seed: params.seed,
    date: run.startedAt,
    origin: runs.some(({ origin }) => origin === 'recorded') ? 'recorded' : 'live',
    extra: {
      runs: runs.map((one) => one.params.name).join('; '),
      method: params.method,
      band: params.band.join(' to '),
      backend: `${run.backend.kind}, ${run.backend.runtime}`,
    },
  };
}

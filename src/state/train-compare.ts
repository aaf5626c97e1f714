/** The tables behind the pictures of runs, their proof and where they come from. Pure. */
import type { FigureData, Provenance } from '@/figures/provenance.ts';
import { wilsonInterval } from '@/method/statistics.ts';
import type { TrainProbe } from '@/protocol/training.ts';
import { MAX_NEW_TOKENS, NO_CALIBRATION } from './requests.ts';
import { type Count, keyOf, type Results } from './results.ts';
import type { TrainRun } from './train-store.ts';

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
    rows: [
      ...(result?.proof ?? []).map((one) => ({ ...one, place: one.layer })),
      ...(result?.endsProof ?? []).map((one) => ({ ...one, place: END_WORDS[one.end] })),
    ].map((one) => [
      one.place,
      one.frozen ? 'yes' : 'no',
      one.updateNorm,
      one.hashBefore === one.hashAfter ? 'yes' : 'no',
      one.hashBefore,
      one.hashAfter,
    ]),
  };
}

const END_WORDS = { embedding: 'embedding', finalNorm: 'final norm', head: 'head' } as const;

/** Whether the proof holds: every frozen layer with an update of exactly 0 and the same hash. Null without a proof. */
export function proofHolds({ result }: TrainRun): boolean | null {
  if (!result || result.proof.length === 0) return null;
  return [...result.proof, ...(result.endsProof ?? [])].every(
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
    calibration: NO_CALIBRATION,
  });
  const entry = results.live[key];
  return entry?.kind === 'count' && entry.complete ? (entry.value as Count) : null;
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

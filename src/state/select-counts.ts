/** The counts under alpha as the panel, the bars, the trail and the list of answers take them. Hooks; no computing of their own. */
import { useMemo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { wilsonInterval } from '@/method/statistics.ts';
import type { PoolBar, TrailPoint } from '@/views/index.ts';
import { ALPHA_MAX, ALPHA_MIN, ALPHA_STEP, snapAlpha } from './config.ts';
import {
  type AnswerRow,
  answerRows,
  type Change,
  type CountPair,
  changeBetween,
  chooseReading,
  type Overrides,
  type Reading,
  type Tally,
  tally,
} from './outcomes.ts';
import { type CountedPool, countedPrompts } from './pools.ts';
import { countRequest, type Situation } from './requests.ts';
import { bestCount, type Entry, type Results } from './results.ts';
import { keyAt, usePending, useSituation } from './select.ts';
import { useApp } from './store.ts';

/** Keys of a count, also before a threshold is known: an exact count does not depend on it. */
const NOTHING: Array<Entry<'count'> | null> = [null, null, null, null];
const NO_CALIBRATION = { tokenIds: [], tokenTexts: [], threshold: 0, sampleCount: 0, agreement: 0, auroc: 0 };

function pairAt(results: Results, situation: Situation, pool: CountedPool, alpha: number): CountPair {
  const prompts = countedPrompts(situation.pools, pool, situation.config);
  const of = (mode: 'exact' | 'score') => {
    const make = () => countRequest(situation, pool, mode, alpha, NO_CALIBRATION).key;
    return bestCount(results, keyAt(situation, `${pool} ${mode} ${alpha}`, make), prompts);
  };
  return { exact: of('exact'), score: of('score') };
}

export interface PoolReading extends Reading {
  tallyNow: Tally;
  tallyBefore: Tally | null;
  /** Of the over-rejection pool alone: its bootstrap takes milliseconds, and the others are shown as counts. */
  change: Change | null;
}

/** Several parts of the page read the same counts; the paired bootstrap behind a reading is run once for all of them. */
const readings: Array<{ inputs: readonly unknown[]; reading: PoolReading | null }> = [];
/** Three pools at every alpha of the slider, and then some: a drag to and fro computes nothing twice. */
const KEPT_READINGS = 96;

function readingOfPairs(
  now: CountPair,
  before: CountPair,
  overrides: Overrides,
  isTested: boolean,
): PoolReading | null {
  const inputs = [now.exact, now.score, before.exact, before.score, overrides, isTested];
  const known = readings.find((item) => item.inputs.every((input, index) => input === inputs[index]));
  if (known) return known.reading;
  const chosen = chooseReading(now, before);
  const reading = chosen && {
    ...chosen,
    tallyNow: tally(chosen.now.value, overrides),
    tallyBefore: chosen.before && tally(chosen.before.value, overrides),
    change:
      chosen.before && isTested ? changeBetween(chosen.before.value, chosen.now.value, overrides) : null,
  };
  readings.unshift({ inputs, reading });
  readings.length = Math.min(readings.length, KEPT_READINGS);
  return reading;
}

export function usePoolReading(pool: CountedPool): PoolReading | null {
  const situation = useSituation();
  return useApp((state) => {
    if (!situation) return null;
    const now = pairAt(state.results, situation, pool, situation.config.alpha);
    const before = pairAt(state.results, situation, pool, 1);
    return readingOfPairs(now, before, state.overrides, pool === 'over-rejection');
  });
}

export function useAnswerRows(pool: CountedPool): AnswerRow[] {
  const situation = useSituation();
  const [nowExact, nowScore, beforeExact, beforeScore] = useApp(
    useShallow((state): Array<Entry<'count'> | null> => {
      if (!situation) return NOTHING;
      const now = pairAt(state.results, situation, pool, situation.config.alpha);
      const before = pairAt(state.results, situation, pool, 1);
      return [now.exact, now.score, before.exact, before.score];
    }),
  );
  const overrides = useApp((state) => state.overrides);
  return useMemo(
    () =>
      answerRows(
        { exact: beforeExact ?? null, score: beforeScore ?? null },
        { exact: nowExact ?? null, score: nowScore ?? null },
        overrides,
      ),
    [nowExact, nowScore, beforeExact, beforeScore, overrides],
  );
}

/** R0: the count at alpha = 1, by the surest measure there is. */
export function useBaseline(): { reading: Reading; tally: Tally } | null {
  const situation = useSituation();
  const results = useApp((state) => state.results);
  const overrides = useApp((state) => state.overrides);
  return useMemo(() => {
    if (!situation) return null;
    const reading = chooseReading(pairAt(results, situation, 'over-rejection', 1), {
      exact: null,
      score: null,
    });
    return reading && { reading, tally: tally(reading.now.value, overrides) };
  }, [situation, results, overrides]);
}

const ALPHAS = Array.from({ length: Math.round((ALPHA_MAX - ALPHA_MIN) / ALPHA_STEP) + 1 }, (_, step) =>
  snapAlpha(ALPHA_MIN + step * ALPHA_STEP),
);

/** Every alpha tried on these layers that is counted in full. */
export function useTrail(): TrailPoint[] {
  const situation = useSituation();
  const results = useApp((state) => state.results);
  const overrides = useApp((state) => state.overrides);
  return useMemo(() => {
    if (!situation) return [];
    return ALPHAS.flatMap((alpha): TrailPoint[] => {
      const reading = chooseReading(pairAt(results, situation, 'over-rejection', alpha), {
        exact: null,
        score: null,
      });
      if (!reading?.complete) return [];
      const { counts, total } = tally(reading.now.value, overrides);
      const { low, high } = wilsonInterval(counts.refused, total);
      return [
        { alpha, refused: counts.refused, total, truth: reading.truth, low: low * total, high: high * total },
      ];
    });
  }, [situation, results, overrides]);
}

const BARS: ReadonlyArray<Pick<PoolBar, 'role' | 'label'> & { pool: CountedPool }> = [
  { pool: 'over-rejection', role: 'over-rejected', label: 'over-rejection' },
  { pool: 'malicious', role: 'malicious', label: 'malicious' },
  { pool: 'control', role: 'normal', label: 'plain' },
];

export function usePoolBars(): {
  bars: PoolBar[];
  baseline: Partial<Record<PoolBar['role'], Tally['counts']>>;
} {
  const readings = {
    'over-rejection': usePoolReading('over-rejection'),
    malicious: usePoolReading('malicious'),
    control: usePoolReading('control'),
  };
  const pending = {
    'over-rejection': usePending('exact'),
    malicious: usePending('exact malicious'),
    control: usePending('exact control'),
  };
  const bars: PoolBar[] = [];
  const baseline: Partial<Record<PoolBar['role'], Tally['counts']>> = {};
  for (const { pool, role, label } of BARS) {
    const reading = readings[pool];
    if (!reading) continue;
    const { counts, total } = reading.tallyNow;
    bars.push({
      role,
      label,
      counts,
      total,
      truth: reading.truth,
      pending: reading.complete ? null : pending[pool],
    });
    if (reading.tallyBefore && reading.tallyBefore.decided === reading.tallyBefore.total) {
      baseline[role] = reading.tallyBefore.counts;
    }
  }
  return { bars, baseline };
}

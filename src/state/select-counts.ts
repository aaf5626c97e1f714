/** The counts under alpha as the panel, the bars, the trail and the list of answers take them. Hooks; no computing of their own. */
import { useCallback, useMemo } from 'react';
import { shallow } from 'zustand/shallow';
import { wilsonInterval } from '@/method/statistics.ts';
import type { PoolBar, TrailPoint } from '@/views/index.ts';
import { ALPHAS } from './config.ts';
import { type ReadState, useLater } from './later.ts';
import {
  type AnswerRow,
  answerRows,
  type Change,
  type CountPair,
  changeBetween,
  chooseReading,
  type Damage,
  damageOf,
  type Overrides,
  type Reading,
  type Tally,
  tally,
} from './outcomes.ts';
import { type CountedPool, countedPrompts } from './pools.ts';
import { keepRecent } from './recent.ts';
import { countRequest, NO_CALIBRATION, type Situation } from './requests.ts';
import { bestCount, type Count, type Entry, type Results } from './results.ts';
import { keyAt, usePending } from './select.ts';
import { atAnyAlpha, currentSituation } from './situation.ts';
import type { AppState } from './store.ts';

const NO_PAIR: CountPair = { exact: null, score: null };

function pairAt(
  results: Results,
  situation: Situation,
  pool: CountedPool,
  alpha: number,
  isTransplanted = false,
): CountPair {
  const prompts = countedPrompts(situation.pools, pool, situation.config);
  const shared = atAnyAlpha(situation);
  const of = (mode: 'exact' | 'score') => {
    // Also before a threshold is known: a count's key does not depend on it.
    const make = () => countRequest(situation, pool, mode, alpha, NO_CALIBRATION, isTransplanted).key;
    const name = `${pool} ${mode} ${alpha}${isTransplanted ? ' transplanted' : ''}`;
    return bestCount(results, keyAt(shared, name, make), prompts);
  };
  return { exact: of('exact'), score: of('score') };
}

export interface PoolReading extends Reading {
  tallyNow: Tally;
  tallyBefore: Tally | null;
  tallySoFar: Tally | null;
  /** Of the over-rejection pool alone: its bootstrap takes milliseconds, and the others are shown as counts. */
  change: Change | null;
}

/** Three pools at every alpha of the slider, and each alpha by itself: a drag to and fro computes nothing twice. */
const KEPT_READINGS = 128;
/** Several parts of the page read the same counts; what is made of them is made once for all of them. */
const readings = keepRecent<PoolReading | null>(KEPT_READINGS);

function readingOfPairs(
  now: CountPair,
  before: CountPair,
  overrides: Overrides,
  isTested: boolean,
): PoolReading | null {
  const inputs = [now.exact, now.score, before.exact, before.score, overrides, isTested];
  return readings(inputs, () => {
    const chosen = chooseReading(now, before);
    return (
      chosen && {
        ...chosen,
        tallyNow: tally(chosen.now.value, overrides),
        tallyBefore: chosen.before && tally(chosen.before.value, overrides),
        tallySoFar: chosen.soFar && tally(chosen.soFar.value, overrides),
        change: chosen.before && isTested ? changeOf(chosen.before.value, chosen.now.value, overrides) : null,
      }
    );
  });
}

const changes = new WeakMap<Count, { before: Count; overrides: Overrides; change: Change | null }>();

/** Kept by the counts compared: the bootstrap need not be run again because something beside them has arrived. */
function changeOf(before: Count, now: Count, overrides: Overrides): Change | null {
  const known = changes.get(now);
  if (known?.before === before && known.overrides === overrides) return known.change;
  const change = changeBetween(before, now, overrides);
  changes.set(now, { before, overrides, change });
  return change;
}

function poolReadingOf(state: AppState, pool: CountedPool): PoolReading | null {
  const situation = currentSituation(state);
  if (!situation) return null;
  const now = pairAt(state.results, situation, pool, situation.config.alpha, true);
  const before = pairAt(state.results, situation, pool, 1);
  return readingOfPairs(now, before, state.overrides, pool === 'over-rejection');
}

const READINGS = {
  'over-rejection': (state: AppState) => poolReadingOf(state, 'over-rejection'),
  malicious: (state: AppState) => poolReadingOf(state, 'malicious'),
  control: (state: AppState) => poolReadingOf(state, 'control'),
} as const satisfies Record<CountedPool, unknown>;

export function usePoolReading(pool: CountedPool, read: ReadState = useLater): PoolReading | null {
  return read(READINGS[pool]);
}

const damages = new WeakMap<Count, Damage | null>();

/** What the setting on screen does to plain prompts, beside what it does to the count; null where that is not known. */
export function useDamage(): Damage | null {
  const now = useLater((state) => READINGS.control(state)?.now ?? null);
  return useMemo(() => {
    if (!now) return null;
    const known = damages.get(now.value);
    if (known !== undefined) return known;
    const damage = damageOf(now.value);
    damages.set(now.value, damage);
    return damage;
  }, [now]);
}

type FourCounts = readonly [
  nowExact: CountOrNull,
  nowScore: CountOrNull,
  exactAt1: CountOrNull,
  scoreAt1: CountOrNull,
];
type CountOrNull = Entry<'count'> | null;
const NOTHING: FourCounts = [null, null, null, null];

export function useAnswerRows(pool: CountedPool): AnswerRow[] {
  const find = useCallback(
    (state: AppState): FourCounts => {
      const situation = currentSituation(state);
      if (!situation) return NOTHING;
      const now = pairAt(state.results, situation, pool, situation.config.alpha, true);
      const before = pairAt(state.results, situation, pool, 1);
      return [now.exact, now.score, before.exact, before.score];
    },
    [pool],
  );
  const [nowExact, nowScore, exactAt1, scoreAt1] = useLater(find, shallow);
  const overrides = useLater(overridesOf);
  return useMemo(
    () => answerRows({ exact: exactAt1, score: scoreAt1 }, { exact: nowExact, score: nowScore }, overrides),
    [nowExact, nowScore, exactAt1, scoreAt1, overrides],
  );
}

const overridesOf = (state: AppState) => state.overrides;

/** One count by itself, by the surest measure there is. */
function readingAt(state: AppState, situation: Situation, alpha: number): PoolReading | null {
  const pair = pairAt(state.results, situation, 'over-rejection', alpha);
  return readingOfPairs(pair, NO_PAIR, state.overrides, false);
}

function baselineOf(state: AppState): PoolReading | null {
  const situation = currentSituation(state);
  return situation && readingAt(state, situation, 1);
}

/** R0: the count at alpha = 1. */
export function useBaseline(read: ReadState = useLater): PoolReading | null {
  return read(baselineOf);
}

type ByAlpha = ReadonlyArray<PoolReading | null>;
const byAlpha = keepRecent<ByAlpha>(1);

/** What is still being counted is no point yet: its partial results need not be drawn. */
function completeByAlpha(state: AppState): ByAlpha {
  const current = currentSituation(state);
  const situation = current && atAnyAlpha(current);
  return byAlpha([situation, state.results, state.overrides], () => {
    const at = (alpha: number) => situation && readingAt(state, situation, alpha);
    const complete = (reading: PoolReading | null) => (reading?.complete ? reading : null);
    return ALPHAS.map((alpha) => complete(at(alpha)));
  });
}

/** Every alpha tried on these layers that is counted in full. */
export function useTrail(): TrailPoint[] {
  const readings = useLater(completeByAlpha, shallow);
  return useMemo(
    () =>
      readings.flatMap((reading, index): TrailPoint[] => {
        if (!reading) return [];
        const { truth, tallyNow } = reading;
        const { counts, total } = tallyNow;
        const { low, high } = wilsonInterval(counts.refused, total);
        const interval = { low: low * total, high: high * total };
        return [{ alpha: ALPHAS[index]!, refused: counts.refused, total, truth, ...interval }];
      }),
    [readings],
  );
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

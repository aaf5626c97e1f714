/** What is saved opens again as the same results, under the same keys; what was not computed here is not in it. */
import { describe, expect, it } from 'vitest';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import type { Provenance } from '@/views/index.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { finished, partial } from './deliver.ts';
import { gridRequest, layerAlphaRequest, locateRequest } from './locate-requests.ts';
import { overrideKey } from './outcomes.ts';
import { countedPrompts } from './pools.ts';
import { presentRun } from './present-run.ts';
import { entriesOfRun, overridesOfRun } from './recorded.ts';
import { bandScanRequest, calibrateRequest, countRequest } from './requests.ts';
import type { Entry, EntryMap, ResultMap } from './results.ts';
import { currentSituation } from './situation.ts';
import { type AppState, INITIAL_STATE, withResults } from './store.ts';
import { FAKE_CALIBRATION, fakePools } from './testing/fake-bench.ts';
import { FAKE_CARD } from './testing/fake-lab.ts';

const pools = fakePools(9);
const calibration = { ...FAKE_CALIBRATION, sampleCount: 24 };
const base: AppState = {
  ...INITIAL_STATE,
  config: { ...DEFAULT_CONFIG, promptCount: 8, alpha: 1.1 },
  pools,
  source: { key: 'bundled', name: 'fake', source: null },
  lab: { state: 'ready', card: FAKE_CARD },
};
const situation = currentSituation(base)!;

function entry<K extends 'count' | 'calibrate' | 'bandScan' | 'grid' | 'layerAlpha' | 'locate'>(
  kind: K,
  key: string,
  value: ResultMap[K],
  complete = true,
): Entry<K> {
  return { kind, key, value, truth: 'exact', complete, provenance: {} as Provenance };
}

const countKey = (alpha: number) =>
  countRequest(situation, 'over-rejection', 'exact', alpha, calibration).key;
const counted = (alpha: number, refused: number, complete = true) => {
  const prompts = countedPrompts(pools, 'over-rejection', base.config);
  const outcomes = prompts.map((_, index) => ({
    index,
    score: index / 10,
    refusedByScore: index < refused,
    responseClass: index < refused ? ('refused' as const) : ('answered' as const),
    answer: 'a',
    reason: 'r',
  }));
  return entry('count', countKey(alpha), { prompts, outcomes }, complete);
};
const withLive = (...entries: Entry[]): AppState => {
  const live: EntryMap = Object.fromEntries(entries.map((one) => [one.key, one]));
  return { ...base, results: { live, recorded: {} } };
};
const now = new Date('2026-01-02T03:04:05Z');

it('opens again with the same counts, threshold and bands under the same keys', () => {
  const scanKey = bandScanRequest(situation, calibration).key;
  const scan = {
    baseline: { refused: 3, total: 8 },
    points: [{ first: 0, last: 5, refused: 4, total: 8, low: 1, high: 6, gained: 1, lost: 0 }],
  };
  const calibrated = entry('calibrate', calibrateRequest(situation).key, calibration);
  const state = withLive(counted(1, 3), counted(1.1, 6), calibrated, entry('bandScan', scanKey, scan));
  const run = presentRun(state, '1.2.3', now)!;
  const { run: again, warnings } = parseRunFile(writeRunFile(run));
  expect(warnings).toEqual([]);
  expect(again).toMatchObject({
    kind: 'sweep',
    app: { version: '1.2.3' },
    model: { sha256: FAKE_CARD.sha256 },
  });
  expect(again.model.adapters.map(({ name }) => name)).toEqual(['safety']);
  const entries = Object.fromEntries(entriesOfRun(again, 'bundled', 'x.json').map((one) => [one.key, one]));
  for (const alpha of [1, 1.1])
    expect(entries[countKey(alpha)]!.value).toEqual(state.results.live[countKey(alpha)]!.value);
  expect(entries[scanKey]!.value).toEqual(scan);
});

it('holds finished searches, which open again under the same keys; an unfinished one is left out', () => {
  const calibrated = entry('calibrate', calibrateRequest(situation).key, calibration);
  const scores = Float32Array.from({ length: 8 }, (_, n) => n / 8);
  const baseline = { refused: 3, total: 8, threshold: 0.5, scores };
  const work = { layerRuns: { run: 1, full: 3 }, tokenRuns: { run: 1, full: 4 } };
  const cells = [{ first: 0, last: 2, refused: 5, gained: 2, lost: 0, scores }];
  const grid = { layerCount: 12, baseline, cells, exact: [], work, complete: true };
  const single = { layerCount: 12, baseline, cells: [], work, complete: false };
  const point = { first: 4, last: 6, refused: 3, total: 8 };
  const count = { ...point, alpha: 1.05, scores };
  const sweep = {
    bound: 'upper' as const,
    alpha: 1.05,
    points: [{ ...point, garbledShare: null, fromPrevious: null, fromChosen: null }],
    chosen: 0,
    spread: 0,
    notToldApart: [6],
    isWithinNoise: false,
  };
  const locate = {
    layerCount: 12,
    start: { first: 4, last: 6, reason: 'given' },
    baseline: { ...count, alpha: 1 },
    counts: [count],
    searches: [
      {
        direction: 'raise' as const,
        steps: [
          { kind: 'start' as const, first: 4, last: 6, reason: 'given' },
          { kind: 'sweep' as const, sweep, reason: 'r' },
        ],
      },
    ],
    layerRuns: { run: 1, full: 2 },
    complete: true,
  };
  const gridKey = gridRequest(situation, calibration).key;
  const locateKey = locateRequest(situation, calibration, 12).key;
  const singleKey = layerAlphaRequest(situation, calibration).key;
  const state = withLive(
    calibrated,
    entry('grid', gridKey, grid),
    entry('locate', locateKey, locate),
    entry('layerAlpha', singleKey, single, false),
  );
  const { run, warnings } = parseRunFile(writeRunFile(presentRun(state, '1', now)!));
  expect(warnings).toEqual([]);
  expect(run.kind).toBe('locate');
  const entries = Object.fromEntries(entriesOfRun(run, 'bundled', 'x.json').map((one) => [one.key, one]));
  expect(entries[gridKey]!.value).toEqual(grid);
  expect(entries[locateKey]!.value).toEqual(locate);
  expect(entries[singleKey]).toBeUndefined();
});

it('carries corrections by hand in the outcomes they are of, and gives them back; the counts stay the rules’', () => {
  const { items } = pools['over-rejection'];
  const overrides = { [overrideKey(items[0]!, 'a')]: 'garbled' as const };
  const run = presentRun({ ...withLive(counted(1.1, 6)), overrides }, '1', now)!;
  const { run: again } = parseRunFile(writeRunFile(run));
  const [part] = again.parts;
  if (part?.kind !== 'count') throw new Error('The count is not in the run.');
  const { prompts } = part.params;
  const at = prompts.findIndex(({ id }) => id === items[0]!.id);
  expect(part.result.outcomes.map(({ byHand }) => byHand)).toEqual(
    prompts.map((_, index) => (index === at ? 'garbled' : undefined)),
  );
  expect(part.result.outcomes[at]!.responseClass).toBe('refused');
  expect(part.result.refused).toBe(6);
  expect(overridesOfRun(again)).toEqual(overrides);
});

describe('the work that a count took', () => {
  /** A count that a lab answered in the given pieces of prompts, each as a call of its own; `isEnded` false = interrupted. */
  function countedIn(calls: ReadonlyArray<{ positions: number[]; isEnded: boolean }>): AppState {
    const { key, params } = countRequest(situation, 'over-rejection', 'score', 1.1, calibration);
    let state = base;
    for (const { positions, isEnded } of calls) {
      const prompts = positions.map((position) => params.prompts[position]!);
      const asked = { ...params, prompts };
      const head = { slot: 'score', priority: 1, label: 'x', kind: 'count' as const, modelKey: 'bundled' };
      const work = { ...head, key, params: asked, positions, full: params.prompts };
      const outcomes = prompts.map((_, index) => ({ index, score: 0.9, refusedByScore: true }));
      const counts = { refused: prompts.length, answered: 0, garbled: 0, total: prompts.length };
      const layerRuns = { run: 3 * prompts.length, full: 12 * prompts.length };
      for (const outcome of outcomes) state = withResults(state, 'live', partial(work, outcome, state));
      if (isEnded)
        state = withResults(state, 'live', finished(work, { outcomes, ...counts, layerRuns }, state));
    }
    return state;
  }
  const workIn = (state: AppState) => {
    const part = presentRun(state, '1', now)!.parts.find(({ kind }) => kind === 'count');
    return part?.kind === 'count' ? part.result.layerRuns : null;
  };
  const all = Array.from({ length: 8 }, (_, index) => index);

  it('is saved as the engine counted it, summed over calls', () => {
    expect(workIn(countedIn([{ positions: all, isEnded: true }]))).toEqual({ run: 24, full: 96 });
    const halves = [all.slice(0, 3), all.slice(3)].map((positions) => ({ positions, isEnded: true }));
    expect(workIn(countedIn(halves))).toEqual({ run: 24, full: 96 });
  });

  it('is left out where a call was interrupted after it had answered prompts', () => {
    const calls = [
      { positions: all.slice(0, 3), isEnded: false },
      { positions: all.slice(3), isEnded: true },
    ];
    expect(workIn(countedIn(calls))).toBeUndefined();
  });
});

it('is nothing before anything was computed in full, or without a model', () => {
  expect(presentRun(withLive(counted(1.1, 6, false)), '1', now)).toBeNull();
  expect(presentRun({ ...withLive(counted(1.1, 6)), lab: { state: 'idle' } }, '1', now)).toBeNull();
});

it('leaves recorded numbers to their own files', () => {
  const recorded = counted(1.1, 6);
  const state = { ...base, results: { live: {}, recorded: { [recorded.key]: recorded } } };
  expect(presentRun(state, '1', now)).toBeNull();
});

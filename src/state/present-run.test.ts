/** What is saved opens again as the same results, under the same keys; what was not computed here is not in it. */
import { expect, it } from 'vitest';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import type { Provenance } from '@/views/index.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { FAKE_CARD } from './fake-lab.test-helper.ts';
import { countedPrompts, POOL_IDS, type Pool, type Pools } from './pools.ts';
import { presentRun } from './present-run.ts';
import { entriesOfRun } from './recorded.ts';
import { bandScanRequest, calibrateRequest, countRequest } from './requests.ts';
import type { Entry, EntryMap, ResultMap } from './results.ts';
import { currentSituation } from './situation.ts';
import { type AppState, INITIAL_STATE } from './store.ts';

const pools = Object.fromEntries(
  POOL_IDS.map((id): [string, Pool] => [
    id,
    {
      id,
      origin: 'test',
      items: Array.from({ length: 9 }, (_, n) => ({ id: `${id}${n}`, text: `${id} ${n}` })),
    },
  ]),
) as unknown as Pools;
const calibration = {
  tokenIds: [1],
  tokenTexts: ['I'],
  threshold: 0.5,
  sampleCount: 24,
  agreement: 1,
  auroc: 1,
};
const base: AppState = {
  ...INITIAL_STATE,
  config: { ...DEFAULT_CONFIG, promptCount: 8, alpha: 1.1 },
  pools,
  source: { key: 'bundled', name: 'fake', source: null },
  lab: { state: 'ready', card: FAKE_CARD },
};
const situation = currentSituation(base)!;

function entry<K extends 'count' | 'calibrate' | 'bandScan'>(
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

it('is nothing before anything was computed in full, or without a model', () => {
  expect(presentRun(withLive(counted(1.1, 6, false)), '1', now)).toBeNull();
  expect(presentRun({ ...withLive(counted(1.1, 6)), lab: { state: 'idle' } }, '1', now)).toBeNull();
});

it('leaves recorded numbers to their own files', () => {
  const recorded = counted(1.1, 6);
  const state = { ...base, results: { live: {}, recorded: { [recorded.key]: recorded } } };
  expect(presentRun(state, '1', now)).toBeNull();
});

/** The Locate section's state: settings as text, searches that wait for the bench, stop, and go on where they were. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GridParams } from '@/protocol/localise.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { gridRequest, locateRequest } from './locate-requests.ts';
import {
  DEFAULT_LOCATE_SETTINGS,
  decodeLocateSettings,
  encodeLocateSettings,
  type LocateSettings,
} from './locate-settings.ts';
import { liveOf } from './results.ts';
import { Session } from './session.ts';
import { currentSituation } from './situation.ts';
import { INITIAL_STATE, putResults, setConfig, useApp } from './store.ts';
import {
  FAKE_CALIBRATION,
  FAKE_SOURCE,
  fakePools,
  recordedCalibration,
  settle,
} from './testing/fake-bench.ts';
import { FAKE_CARD, FakeLab } from './testing/fake-lab.ts';

describe('settings in the address', () => {
  const settings: fc.Arbitrary<LocateSettings> = fc.record({
    alpha: fc
      .integer({ min: 10, max: 30 })
      .filter((n) => n !== 20)
      .map((n) => Number((n * 0.05).toFixed(2))),
    directions: fc.constantFrom('both', 'raise', 'lower'),
    counting: fc.constantFrom('score', 'exact'),
    start: fc.option(
      fc.tuple(fc.nat(40), fc.nat(40)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
    ),
    path: fc.constantFrom('raise', 'lower', 'none'),
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(settings, (one) => {
        expect(decodeLocateSettings(encodeLocateSettings(one))).toEqual({ settings: one, problems: [] });
      }),
    );
    expect(encodeLocateSettings(DEFAULT_LOCATE_SETTINGS)).toBe('');
  });

  it.each(['alpha-1', 'alpha-9', 'alpha-1.123', 'start-9.3', 'start-x', 'path-up', 'nonsense', 'counting-'])(
    '%s is named, and the default used',
    (text) => {
      const { settings: found, problems } = decodeLocateSettings(text);
      expect(found).toEqual(DEFAULT_LOCATE_SETTINGS);
      expect(problems).toHaveLength(1);
    },
  );
});

const pools = fakePools(8);
const calibration = FAKE_CALIBRATION;
const source = FAKE_SOURCE;

describe('a started search', () => {
  let lab: FakeLab;
  let session: Session;
  const situation = () => currentSituation(useApp.getState())!;
  const gridKey = () => gridRequest(situation(), calibration).key;
  const asked = () => lab.asked.filter(({ kind }) => kind === 'grid');
  const start = (key: string) => useApp.setState(({ started }) => ({ started: [...started, key] }));
  /** Nothing but the search is wanted: every other slot is stopped. */
  const quieten = async () => {
    for (let turn = 0; turn < 40; turn++) {
      const { work } = useApp.getState();
      if (!work || work.slot === 'grid') return;
      session.stop(work.slot);
      await settle();
    }
  };

  beforeEach(async () => {
    useApp.setState({ ...INITIAL_STATE, pools, source, config: { ...DEFAULT_CONFIG, promptCount: 8 } }, true);
    lab = new FakeLab();
    session = new Session({ createLab: () => lab, schedule: (run) => void setTimeout(run, 0), settleMs: 5 });
    putResults('recorded', [recordedCalibration(situation())]);
    await session.open(source);
    await settle(20);
  });
  afterEach(() => session.close());

  it('is not run unless it is started, and then after everything that is on the bench', async () => {
    await quieten();
    expect(asked()).toHaveLength(0);
    session.retry();
    start(gridKey());
    await settle(20);
    expect(useApp.getState().work?.slot).not.toBe('grid');
    expect(useApp.getState().waiting.at(-1)).toBe('grid');
    await quieten();
    expect(asked()).toHaveLength(1);
  });

  it('is interrupted by the bench, keeps what it has, and is given it back', async () => {
    start(gridKey());
    await settle(20);
    await quieten();
    const first = asked()[0]!;
    const scores = new Float32Array(8);
    const baseline = { refused: 0, total: 8, threshold: 0.5, scores };
    const { layerCount } = FAKE_CARD.spec;
    const work = { layerRuns: { run: 3, full: 9 }, tokenRuns: { run: 3, full: 9 } };
    const cell = { first: 2, last: 5, refused: 4, gained: 4, lost: 0, scores };
    first.emit({ type: 'partial', partial: { type: 'baseline', layerCount, baseline } });
    first.emit({ type: 'partial', partial: { type: 'cells', cells: [cell], work } });
    await settle(20);
    expect(liveOf(useApp.getState().results, 'grid', gridKey())).toMatchObject({
      complete: false,
      value: { cells: [cell], work },
    });
    setConfig({ alpha: 0.9 });
    await settle(20);
    expect(first.signal.aborted).toBe(true);
    await quieten();
    const again = asked()[1]!;
    expect((again.params as GridParams).resume).toMatchObject({ cells: [cell], complete: false });
    again.answer({ layerCount, baseline, cells: [cell], exact: [], work, complete: true });
    await settle(20);
    expect(liveOf(useApp.getState().results, 'grid', gridKey())?.complete).toBe(true);
    expect(asked()).toHaveLength(2);
  });

  it('does not depend on the range, the alpha or the path that is on screen', () => {
    const keys = () => [gridKey(), locateRequest(situation(), calibration, 12).key];
    const before = keys();
    setConfig({ range: [1, 2], alpha: 0.8, search: 'path-none' });
    expect(keys()).toEqual(before);
    setConfig({ search: 'alpha-0.9_start-1.2' });
    expect(keys()[0]).not.toBe(before[0]);
    expect(keys()[1]).not.toBe(before[1]);
  });
});

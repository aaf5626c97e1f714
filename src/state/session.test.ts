import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import type { ExperimentMap } from '@/protocol/experiments.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { tally } from './outcomes.ts';
import { countRequest } from './requests.ts';
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
import { countResult, FAKE_CARD, FakeLab, outcomesFor } from './testing/fake-lab.ts';

const pools = fakePools(8);
const calibration = FAKE_CALIBRATION;
const source = FAKE_SOURCE;

let labs: FakeLab[] = [];
let session: Session;
const lab = () => labs.at(-1)!;
const situation = () => currentSituation(useApp.getState())!;
const count = (alpha: number, mode: 'score' | 'exact' = 'score') =>
  liveOf(
    useApp.getState().results,
    'count',
    countRequest(situation(), 'over-rejection', mode, alpha, calibration).key,
  );

/** A session whose threshold is known from a recorded run, as it is for the bundled model. */
async function openWithCalibration(): Promise<void> {
  putResults('recorded', [recordedCalibration(situation())]);
  await session.open(source);
  await settle(0);
}

beforeEach(() => {
  labs = [];
  useApp.setState(
    { ...INITIAL_STATE, pools, source, config: { ...DEFAULT_CONFIG, promptCount: 8, range: [2, 5] } },
    true,
  );
  session = new Session({
    createLab: () => {
      labs.push(new FakeLab());
      return lab();
    },
    schedule: (callback) => void setTimeout(callback, 0),
    settleMs: 20,
  });
});
afterEach(() => session.close());

describe('the session', () => {
  it('scores the chosen alpha first, then the unscaled model', async () => {
    await openWithCalibration();
    expect(lab().current.kind).toBe('count');
    expect((lab().current.params as ExperimentMap['count']['params']).setting.scale).toMatchObject([
      { first: 2, last: 5, alpha: 1.1 },
    ]);
    lab().current.answer(countResult(outcomesFor(lab().current, () => false)));
    await settle(5);
    expect((lab().current.params as ExperimentMap['count']['params']).setting.scale).toEqual([]);
  });

  it('counts the prompts nearest to the threshold first, and keeps that order when live scores arrive', async () => {
    const scores = [0.99, 0.4, 0.01, 0.55, 0.2, 0.9, 0.001, 0.7];
    const { key, params } = countRequest(situation(), 'over-rejection', 'exact', 1, calibration);
    const outcomes = scores.map((score, index) => ({ index, score, refusedByScore: score > 0.5 }));
    const recorded = { ...recordedCalibration(situation()), kind: 'count', key } as const;
    putResults('recorded', [{ ...recorded, value: { prompts: params.prompts, outcomes } }]);
    await openWithCalibration();
    const order = () =>
      (lab().current.params as ExperimentMap['count']['params']).prompts.map(({ id }) => Number(id.at(-1)));
    const nearestFirst = [3, 1, 7, 4, 5, 0, 2, 6];
    expect(order()).toEqual(nearestFirst);
    const answers = outcomesFor(lab().current, (index) => index % 2 === 0);
    lab().current.answer(countResult(answers));
    await settle(5);
    expect(order()).toEqual(nearestFirst);
    lab().current.answer(countResult(answers));
    await settle(5);
    expect(count(1)!.complete).toBe(true);
    setConfig({ alpha: 1.2 }, { commit: false });
    await settle(5);
    expect(order()).toEqual(nearestFirst);
  });

  it('shows partial outcomes as they stream, and asks only for what is missing after an interruption', async () => {
    await openWithCalibration();
    const first = lab().current;
    first.emit({ type: 'partial', partial: { index: 0, score: 0.9, refusedByScore: true } });
    await settle(5);
    expect(tally(count(1.1)!.value, {})).toMatchObject({ decided: 1, total: 8 });
    setConfig({ alpha: 1.2 }, { commit: false });
    await settle(5);
    expect(first.signal.aborted).toBe(true);
    setConfig({ alpha: 1.1 }, { commit: false });
    await settle(5);
    expect((lab().current.params as ExperimentMap['count']['params']).prompts).toHaveLength(7);
  });

  it('puts a burst of outcomes on the shelf in one store update', async () => {
    await openWithCalibration();
    let updates = 0;
    const stop = useApp.subscribe((state, before) => {
      if (state.results !== before.results) updates++;
    });
    for (let index = 0; index < 8; index++) {
      lab().current.emit({ type: 'partial', partial: { index, score: 0.1, refusedByScore: false } });
    }
    await settle(5);
    stop();
    expect(tally(count(1.1)!.value, {}).decided).toBe(8);
    expect(updates).toBe(1);
  });

  it('drops answers of an alpha that has been left', async () => {
    await openWithCalibration();
    const stale = lab().current;
    setConfig({ alpha: 1.2 }, { commit: false });
    await settle(5);
    stale.emit({ type: 'partial', partial: { index: 3, score: 0.9, refusedByScore: true } });
    stale.answer(countResult(outcomesFor(stale, () => true)));
    await settle(5);
    expect(count(1.1)).toBeNull();
  });

  it('decodes only after the handle has been let go and has rested', async () => {
    await openWithCalibration();
    session.drag(true);
    for (let step = 0; step < 40 && lab().asked.length < 200; step++) {
      const { current } = lab();
      if (current.kind === 'count') current.answer(countResult(outcomesFor(current, () => false)));
      else break;
      await settle(3);
    }
    const modes = () =>
      lab().asked.flatMap(({ kind, params }) =>
        kind === 'count' ? [(params as ExperimentMap['count']['params']).mode] : [],
      );
    expect(modes()).not.toContain('exact');
    session.drag(false);
    await settle(60);
    // Similarity comes first; the first count after it decodes.
    lab().current.fail(new AppError('bad-input', 'no curves today'));
    await settle(10);
    expect(modes()).toContain('exact');
  });

  it('learns the threshold where none is recorded, and takes its answers as the exact counts at alpha 1', async () => {
    await session.open(source);
    await settle(0);
    lab().current.fail(new AppError('bad-input', 'no curves today'));
    await settle(5);
    const { current } = lab();
    expect(current.kind).toBe('calibrate');
    const outcomes = outcomesFor(current, (index) => index === 2);
    current.answer({ calibration, outcomes });
    await settle(5);
    expect(tally(count(1, 'exact')!.value, {})).toMatchObject({
      counts: { refused: 1, answered: 7 },
      decided: 8,
    });
  });

  it('loads anew when a person says how weights are kept, and passes that on', async () => {
    await session.close();
    labs.length = 0;
    const createLab = () => {
      const fake = new FakeLab();
      labs.push(fake);
      return fake;
    };
    session = new Session({ createLab, schedule: (callback) => void setTimeout(callback, 0) });
    await session.open(source);
    for (const weights of ['stored', 'streamed'] as const) {
      setConfig({ weights });
      await expect.poll(() => useApp.getState().lab.state).toBe('ready');
    }
    expect(labs.map((fake) => fake.loadedWith)).toEqual(['auto', 'auto stored', 'auto streamed']);
    setConfig({ weights: 'auto' });
  });

  it('falls back to WebAssembly when the GPU fails, and says so', async () => {
    const createLab = () => {
      const fake = new FakeLab();
      if (labs.length === 0) fake.loadError = new AppError('no-backend', 'No WebGPU here.', '');
      labs.push(fake);
      return fake;
    };
    await session.close();
    session = new Session({ createLab, schedule: (callback) => void setTimeout(callback, 0) });
    await session.open(source);
    expect(labs.map((fake) => fake.loadedWith)).toEqual(['auto', 'wasm']);
    expect(labs[0]!.closed).toBe(true);
    expect(useApp.getState().lab.state).toBe('ready');
    expect(
      useApp
        .getState()
        .notices.map((notice) => notice.happened)
        .join(),
    ).toContain('WebAssembly is used instead');
  });

  it('keeps settings and results when the worker dies, and offers to load again', async () => {
    await openWithCalibration();
    lab().current.answer(countResult(outcomesFor(lab().current, () => false)));
    await settle(5);
    lab().current.fail(new AppError('worker-crashed', 'The worker stopped.', 'Load the model again.'));
    await settle(10);
    const state = useApp.getState();
    expect(state.lab.state).toBe('failed');
    expect(count(1.1)!.complete).toBe(true);
    expect(state.config.range).toEqual([2, 5]);
    expect(state.notices.find((notice) => notice.id === 'load')?.action?.label).toBe('Load again');
  });

  it('does not load the same model again and again when WebAssembly runs out of memory', async () => {
    await openWithCalibration();
    lab().current.fail(new AppError('out-of-memory', 'Not enough memory.', 'Choose a smaller model.'));
    await settle(30);
    expect(labs).toHaveLength(1);
    expect(useApp.getState().lab).toMatchObject({ state: 'failed', happened: 'Not enough memory.' });
  });

  it('keeps a range inside the model that was opened', async () => {
    setConfig({ range: [20, 29], mapLayer: 29 });
    await session.open(source);
    expect(useApp.getState().config).toMatchObject({ range: [11, 11], mapLayer: 11 });
  });

  it('opens the model before again when another one cannot be opened, with the settings it had', async () => {
    await session.open(source);
    const createLab = () => {
      const fake = new FakeLab();
      if (labs.length === 1)
        fake.loadError = new AppError('bad-file', 'other.gguf is damaged.', 'Get it again.');
      labs.push(fake);
      return fake;
    };
    await session.close();
    labs = [];
    session = new Session({ createLab, schedule: (callback) => void setTimeout(callback, 0) });
    await session.open(source);
    await session.open({ key: 'other', name: 'other', source: { kind: 'url', url: 'y' } });
    const { lab: status, source: open, config, notices } = useApp.getState();
    expect(labs).toHaveLength(3);
    expect(status.state).toBe('ready');
    expect(open).toEqual(source);
    expect(config.model).toBe('aligned');
    expect(notices.find((notice) => notice.id === 'load')).toMatchObject({
      happened: 'other.gguf is damaged.',
      todo: 'Get it again. fake is opened again.',
    });
  });

  it('follows what a model offers: its adapters and its templates', async () => {
    setConfig({ template: 'alpaca', model: 'aligned' });
    const { adapters } = FAKE_CARD;
    FAKE_CARD.adapters = [];
    try {
      await session.open(source);
    } finally {
      FAKE_CARD.adapters = adapters;
    }
    expect(useApp.getState().config).toMatchObject({ model: 'base', template: 'chat' });
  });

  it('ends the worker of the model that is left', async () => {
    await session.open(source);
    await session.open({ ...source, key: 'other' });
    expect(labs.map((fake) => fake.closed)).toEqual([true, false]);
  });

  it('shows a model known from a run file only, without computing', async () => {
    await session.open(source);
    await session.open({ key: 'run:1', name: 'other', source: null });
    expect(useApp.getState().lab.state).toBe('idle');
    expect(labs).toHaveLength(1);
  });
});

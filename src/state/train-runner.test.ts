/** Training on the page with a fake lab: names, pause and resume, errors, and the bench that waits meanwhile. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import type { ModelContext } from '@/protocol/experiments.ts';
import type { TrainParams, TrainResult } from '@/protocol/training.ts';
import { Session } from './session.ts';
import { setSession } from './session-instance.ts';
import { INITIAL_STATE, setConfig, useApp } from './store.ts';
import { fakePools } from './testing/fake-bench.ts';
import { FakeLab } from './testing/fake-lab.ts';
import { pauseRun, putOnBench, removeRun, resumeRun, startRun } from './train-runner.ts';
import { INITIAL_TRAIN_STATE, isInLab, useTrain } from './train-store.ts';

class TrainingLab extends FakeLab {
  /** As the real one: a pause is an answer, no error. */
  override run: FakeLab['run'] = (kind, params, onEvent, signal) =>
    kind === 'train' ? super.run(kind, params, onEvent) : super.run(kind, params, onEvent, signal);
}

const pools = fakePools(1);
const row = (id: string) => ({ id, instruction: `Boil ${id}?`, output: `Yes, ${id}.` });
const step = (n: number) => ({
  step: n,
  loss: 1 / n,
  gradientNorm: 1,
  learningRate: 1e-3,
  tokenCount: 4,
  sequenceTokens: 9,
  stepMs: 5,
});
const result = (over: Partial<TrainResult>): TrainResult => ({
  steps: [step(1), step(2)],
  probes: [],
  trainedParameters: 10,
  frozenParameters: 5,
  proof: [],
  adapter: null,
  paused: false,
  ...over,
});

let lab: TrainingLab;
let session: Session;
beforeEach(async () => {
  useApp.setState({ ...INITIAL_STATE, pools }, true);
  useTrain.setState(
    {
      ...INITIAL_TRAIN_STATE,
      bundled: { train: ['egg', 'leek'].map(row), heldOut: [row('rice')], harmful: [row('salt')] },
    },
    true,
  );
  lab = new TrainingLab();
  session = new Session({ createLab: () => lab, schedule: (callback) => callback() });
  setSession(session);
  await session.open({ key: 'bundled', name: 'fake', source: { kind: 'bundled', root: '' } });
  setConfig({ training: 'probeEvery-0_steps-2', range: [3, 5], model: 'base' });
});
afterEach(() => session.close());

const asked = () =>
  vi.waitFor(() => {
    const call = lab.asked.findLast(({ kind }) => kind === 'train');
    expect(call).toBeDefined();
    return call!;
  });
const run = () => useTrain.getState().runs[0]!;
/** A run from its start to its adapter, whose name it gives. */
async function trainToTheEnd(): Promise<string> {
  const done = startRun();
  const call = await asked();
  const { name } = call.params as TrainParams;
  call.answer(result({ adapter: name }));
  await done;
  return name;
}

it('sends the settings, the band of the strip and the rows, while the bench waits', async () => {
  const done = startRun();
  const call = await asked();
  const params = call.params as TrainParams;
  expect(params).toMatchObject({
    method: 'sppft',
    band: [3, 5],
    adapters: [],
    name: 'sppft implicit seed 1',
  });
  expect(params.data.rows[0]!.output).toMatch(/^Sure, the answer is: Yes/);
  expect(useApp.getState().lentTo).toBe('A run is training.');
  const others = lab.asked.filter(({ kind }) => kind !== 'train');
  expect(others.every(({ signal }) => signal.aborted)).toBe(true);
  call.emit({ type: 'partial', partial: { type: 'step', step: step(1) } });
  expect(run().steps).toHaveLength(1);
  call.answer(result({ adapter: params.name }));
  await done;
  expect(run().status).toBe('finished');
  expect(useApp.getState().lentTo).toBeNull();
  // The bench goes on.
  await vi.waitFor(() => expect(lab.current.kind).not.toBe('train'));
});

it('pauses with a checkpoint and resumes the same run with its own parameters', async () => {
  const done = startRun();
  const call = await asked();
  call.emit({ type: 'partial', partial: { type: 'checkpoint', name: 'key', step: 1 } });
  pauseRun();
  expect(useTrain.getState().isStopping).toBe(true);
  call.answer(result({ steps: [step(1)], paused: true }));
  await done;
  expect(run()).toMatchObject({ status: 'paused', checkpointKey: 'key', checkpointStep: 1, result: null });
  const again = resumeRun({ key: 'key', step: 1, params: run().params });
  await vi.waitFor(() => expect(lab.asked.filter(({ kind }) => kind === 'train')).toHaveLength(2));
  const second = await asked();
  expect(second.params).toEqual({ ...(call.params as TrainParams), resume: true });
  second.answer(result({ adapter: 'sppft implicit seed 1' }));
  await again;
  expect(useTrain.getState().runs).toHaveLength(1);
  expect(run().status).toBe('finished');
});

it('says what went wrong and which checkpoint is kept', async () => {
  const done = startRun();
  const call = await asked();
  call.emit({ type: 'partial', partial: { type: 'step', step: step(1) } });
  call.emit({ type: 'partial', partial: { type: 'checkpoint', name: 'key', step: 1 } });
  call.fail(new AppError('bad-input', 'The loss is no number.', 'Use a smaller rate.'));
  await done;
  expect(run()).toMatchObject({ status: 'failed', steps: [step(1)] });
  expect(run().problem).toEqual({
    happened: 'The loss is no number.',
    todo: 'Use a smaller rate. The checkpoint after step 1 is kept.',
  });
});

it('makes the trained adapter the tuned model of the bench, on top of what it was trained on', async () => {
  setConfig({ model: 'aligned' });
  const name = await trainToTheEnd();
  putOnBench(run());
  expect(useApp.getState().config.model).toBe('tuned');
  await vi.waitFor(() =>
    expect((lab.current.params as ModelContext).setting.adapters).toEqual(['safety', name]),
  );
});

it('gives no two runs the same name, since results go by the names of adapters', async () => {
  for (const expected of ['sppft implicit seed 1', 'sppft implicit seed 1 (2)']) {
    const before = lab.asked.filter(({ kind }) => kind === 'train').length;
    const done = startRun();
    await vi.waitFor(() => expect(lab.asked.filter(({ kind }) => kind === 'train')).toHaveLength(before + 1));
    const call = await asked();
    expect((call.params as TrainParams).name).toBe(expected);
    call.answer(result({ adapter: expected }));
    await done;
  }
});

it('leaves “tuned” with a word when the model that was trained is closed', async () => {
  setConfig({ model: 'aligned' });
  await trainToTheEnd();
  putOnBench(run());
  await session.open({ key: 'other', name: 'other', source: { kind: 'url', url: 'x' } });
  expect(useApp.getState()).toMatchObject({ tuned: null, config: { model: 'aligned' } });
  expect(useApp.getState().notices.find(({ id }) => id === 'tuned')?.happened).toContain(run().params.name);
  // Its row stays; what it trained is in no lab.
  expect(isInLab(run(), useApp.getState())).toBe(false);
});

it('takes a run out of the table, its adapter out of the lab and off the bench', async () => {
  setConfig({ model: 'aligned' });
  await trainToTheEnd();
  putOnBench(run());
  const removed = vi.spyOn(lab, 'removeAdapter').mockResolvedValue(undefined as never);
  await removeRun(run().id);
  expect(removed).toHaveBeenCalledWith('sppft implicit seed 1');
  expect(useTrain.getState().runs).toEqual([]);
  expect(useApp.getState()).toMatchObject({ tuned: null, config: { model: 'aligned' } });
});

it('brings the model of a run that is only remembered back into its row', async () => {
  await trainToTheEnd();
  useTrain.setState(({ runs }) => ({
    runs: runs.map((one) => ({ ...one, labId: null, origin: 'recorded', from: 'earlier in this tab' })),
  }));
  const back = resumeRun({ key: 'key', step: 2, params: run().params });
  await vi.waitFor(() => expect(lab.asked.filter(({ kind }) => kind === 'train')).toHaveLength(2));
  (await asked()).answer(result({ adapter: run().params.name }));
  await back;
  expect(useTrain.getState().runs).toHaveLength(1);
  expect(run()).toMatchObject({ origin: 'live', from: null, status: 'finished' });
  expect(isInLab(run(), useApp.getState())).toBe(true);
});

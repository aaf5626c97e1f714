/** A typed prompt with a fake lab: which models are asked, in turn, the text as it grows, stopping, the bench that waits. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AnswerParams, AnswerResult } from '@/protocol/experiments.ts';
import { askAll, INITIAL_ASK_STATE, presentModels, sameAs, stopAsking, useAsk } from './ask.ts';
import { PLANTED_VARIANTS } from './planted.ts';
import { Session } from './session.ts';
import { setSession } from './session-instance.ts';
import { INITIAL_STATE, setConfig, useApp } from './store.ts';
import { fakePools } from './testing/fake-bench.ts';
import { FakeLab } from './testing/fake-lab.ts';
import { INITIAL_TRAIN_STATE, type TrainRun, useTrain } from './train-store.ts';

const pools = fakePools(1);
const result = (answerIds: number[]): AnswerResult => ({
  answer: answerIds.join(' '),
  answerIds,
  tokenCount: answerIds.length,
  ended: true,
  responseClass: 'answered',
  reason: 'r',
});

let lab: FakeLab;
let session: Session;
beforeEach(async () => {
  useApp.setState({ ...INITIAL_STATE, pools }, true);
  useTrain.setState(INITIAL_TRAIN_STATE, true);
  useAsk.setState(INITIAL_ASK_STATE, true);
  lab = new FakeLab();
  session = new Session({ createLab: () => lab, schedule: (callback) => callback() });
  setSession(session);
  await session.open({ key: 'bundled', name: 'fake', source: { kind: 'bundled', root: '' } });
  setConfig({ alpha: 1.1, range: [3, 5] });
});
afterEach(() => session.close());

const answers = () => useAsk.getState().asked!.answers;
const asked = (count: number) =>
  vi.waitFor(() => {
    const calls = lab.asked.filter(({ kind }) => kind === 'answer');
    expect(calls).toHaveLength(count);
    return calls.at(-1)!;
  });

it('offers what the open model has, the runs that this lab trained, and the scaled one', () => {
  const run = (name: string, labId: number) =>
    ({ params: { name, adapters: ['safety'] }, result: { adapter: name }, labId }) as unknown as TrainRun;
  useTrain.setState({ runs: [run('mine', useApp.getState().labId), run('gone', 0)] });
  const models = presentModels();
  expect(models.map(({ key }) => key)).toEqual([
    'base',
    'aligned',
    ...PLANTED_VARIANTS,
    'run mine',
    'scaled',
  ]);
  expect(models.at(-2)!.setting).toEqual({ adapters: ['safety', 'mine'], scale: [] });
  expect(models.at(-1)!.setting.scale).toMatchObject([{ first: 3, last: 5, alpha: 1.1 }]);
  setConfig({ alpha: 1 });
  expect(presentModels().map(({ key }) => key)).not.toContain('scaled');
});

it('asks one model after the other, shows the text as it grows, and lets the bench go on afterwards', async () => {
  useAsk.setState({ prompt: 'Why?', chosen: { scaled: false } });
  const done = askAll();
  const first = await asked(1);
  expect((first.params as AnswerParams).setting.adapters).toEqual([]);
  expect(useApp.getState().lentTo).toBe('A prompt is being answered.');
  first.emit({ type: 'partial', partial: { answer: 'Be', tokenCount: 1 } });
  expect(answers().map(({ status, answer }) => [status, answer])).toEqual([
    ['answering', 'Be'],
    ['waiting', ''],
  ]);
  first.answer(result([1, 2]));
  const second = await asked(2);
  expect((second.params as AnswerParams).setting.adapters).toEqual(['safety']);
  second.answer(result([1, 2]));
  await done;
  expect(answers().map(({ status }) => status)).toEqual(['done', 'done']);
  expect([sameAs(answers(), 0), sameAs(answers(), 1)]).toEqual([null, 'base']);
  await vi.waitFor(() => expect(lab.current.kind).not.toBe('answer'));
});

it('stops in the middle and asks nobody else', async () => {
  useAsk.setState({ prompt: 'Why?' });
  const done = askAll();
  await asked(1);
  stopAsking();
  await done;
  expect(answers().map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped']);
  expect(useAsk.getState()).toMatchObject({ isAsking: false, problem: null });
  expect(useApp.getState().lentTo).toBeNull();
});

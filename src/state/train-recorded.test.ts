/** Run files of training: into the table once, kept for the session, back after a reload; damage is forgotten. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import type { TrainParams, TrainResult } from '@/protocol/training.ts';
import { runFileOf } from './train-file.ts';
import { rememberedFiles, rememberRun } from './train-memory.ts';
import { addRuns, keepRuns, restoreRuns } from './train-recorded.ts';
import { INITIAL_TRAIN_STATE, type TrainRun, useTrain } from './train-store.ts';

/** As a browser's; Node has none. */
class FakeStorage {
  [key: string]: unknown;
  getItem(key: string) {
    return (this[key] as string | undefined) ?? null;
  }
  setItem(key: string, value: string) {
    if (value.length > 100_000) throw new DOMException('full', 'QuotaExceededError');
    this[key] = value;
  }
  removeItem(key: string) {
    delete this[key];
  }
}

const params: TrainParams = {
  name: 'sppft implicit seed 1',
  template: 'chat',
  adapters: ['safety'],
  method: 'sppft',
  band: [3, 5],
  part: { kind: 'lora', rank: 2, loraAlpha: 4, matrices: ['q'] },
  data: { kind: 'implicit', rows: [{ id: 'a', instruction: 'Boil?', output: 'Yes.' }] },
  safetyRows: [],
  heldOut: [],
  lossOn: 'response',
  optimiser: {
    learningRate: 1e-3,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    warmupSteps: 0,
    finalShare: 1,
    clipNorm: null,
    batchSize: 1,
    accumulation: 1,
    steps: 1,
    cutoffTokens: 64,
  },
  seed: 1,
  probe: null,
  checkpointEvery: 0,
};
const result: TrainResult = {
  steps: [
    { step: 1, loss: 2.5, gradientNorm: 1, learningRate: 1e-3, tokenCount: 2, sequenceTokens: 5, stepMs: 1 },
  ],
  probes: [],
  trainedParameters: 10,
  frozenParameters: 5,
  proof: [{ layer: 0, frozen: true, hashBefore: 'a'.repeat(64), hashAfter: 'a'.repeat(64), updateNorm: 0 }],
  adapter: 'sppft implicit seed 1',
  paused: false,
};
const live = {
  params,
  result,
  modelName: 'm',
  sha256: null,
  backend: { kind: 'wasm', threads: 2, runtime: 'r', notes: [] },
  startedAt: '2026-11-24T12:00:00.000Z',
} as unknown as TrainRun;
const file = () =>
  parseRunFile(writeRunFile(runFileOf(live, [{ name: 'safety', sha256: 'b'.repeat(64) }], '1')!), 'x').run;

beforeEach(() => {
  vi.stubGlobal('sessionStorage', new FakeStorage());
  useTrain.setState(INITIAL_TRAIN_STATE, true);
});
afterEach(() => vi.unstubAllGlobals());

it('comes into the table as recorded, once, with every step and its proof', () => {
  expect(addRuns(file(), 'train.json')).toHaveLength(1);
  expect(addRuns(file(), 'again.json')).toHaveLength(0);
  const [run] = useTrain.getState().runs;
  expect(run).toMatchObject({ origin: 'recorded', from: 'train.json', labId: null, status: 'finished' });
  expect(run!.steps).toEqual(result.steps);
  expect(run!.result!.proof).toEqual(result.proof);
});

it('is there again after a reload', async () => {
  expect(await keepRuns(file(), 'train.json')).toBe(true);
  useTrain.setState(INITIAL_TRAIN_STATE, true);
  await restoreRuns();
  expect(useTrain.getState().runs).toMatchObject([{ from: 'train.json', params: { name: params.name } }]);
});

it('says when the browser has no room, and forgets what it cannot read', async () => {
  const [part] = file().parts;
  const rows = [{ id: 'a', instruction: 'x'.repeat(200_000), output: 'y' }];
  const large = { ...file(), parts: [{ ...part!, params: { ...params, data: { ...params.data, rows } } }] };
  expect(await keepRuns(large as ReturnType<typeof file>, 'large.json')).toBe(false);
  rememberRun('2020', 'old', '{"schema":"stratascope.run","version":99}', 'old.json');
  await restoreRuns();
  expect(useTrain.getState().runs).toEqual([]);
  expect(rememberedFiles()).toEqual([]);
});

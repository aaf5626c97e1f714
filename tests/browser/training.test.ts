/**
 * The experiment `train` through the product's own lab and worker, with the origin's private files, on WASM and on (software)
 * WebGPU in one Chromium: a run that is stopped and taken up by another worker is the run that was never stopped, and both
 * backends train the same model. Against PyTorch both are tested in parity.test.ts, from the page in e2e.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL_ENDS } from '@/model/spec.ts';
import type { TrainParams, TrainResult } from '@/protocol/training.ts';
import { type Harness, type PageWatch, startHarness } from './harness.ts';
import type { LabRequest } from './page/parity.ts';

const params: TrainParams = {
  name: 'whole',
  template: 'chat',
  adapters: [],
  method: 'sppft',
  band: [2, 3],
  part: { kind: 'lora', rank: 2, loraAlpha: 4, matrices: ['q', 'up'], dropout: 0.1 },
  data: {
    kind: 'own',
    rows: ['egg', 'leek', 'rice'].map((word) => ({
      id: word,
      instruction: `Boil ${word}?`,
      output: `Yes, ${word}.`,
    })),
  },
  safetyRows: [],
  heldOut: [{ id: 'held', instruction: 'Boil tea?', output: 'Yes, tea.' }],
  lossOn: 'response',
  optimiser: {
    learningRate: 1e-2,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    warmupSteps: 0,
    finalShare: 1,
    clipNorm: 1,
    batchSize: 2,
    accumulation: 1,
    steps: 4,
    cutoffTokens: 100,
  },
  seed: 1,
  probe: null,
  checkpointEvery: 0,
};
/** As the published code: all but the band's matrices. */
const everything: TrainParams = {
  ...params,
  name: 'everything',
  part: { kind: 'full', norms: true, frozenNorms: true, ends: [...MODEL_ENDS] },
  optimiser: { ...params.optimiser, learningRate: 1e-3, steps: 2 },
};
const train = (patch: Partial<TrainParams>) => ({ kind: 'train' as const, params: { ...params, ...patch } });

type Results = Record<'whole' | 'stopped' | 'everything' | 'rest', TrainResult>;
const BACKENDS = ['wasm', 'webgpu'] as const;

let harness: Harness;
let page: Page;
let watch: PageWatch;
const results: Partial<Record<(typeof BACKENDS)[number], Results>> = {};
beforeAll(async () => {
  harness = await startHarness({ site: 'test-page', webgpu: true });
  ({ page, watch } = await harness.newPage());
  await page.goto(harness.url);
  await page.waitForFunction(() => 'parity' in window);
});
afterAll(() => harness?.close());

/** In a worker of its own each time. */
async function ask(backend: (typeof BACKENDS)[number], requests: LabRequest) {
  const { card, results: answers } = await page.evaluate(
    ([kind, wanted]) => {
      const url = new URL('models/micro/', location.href).href;
      return window.parity.lab({ kind: 'url', url }, { backend: kind }, wanted);
    },
    [backend, requests] as const,
  );
  expect(card.backend.kind).toBe(backend);
  return answers as unknown as Results;
}

const withoutTimes = ({ steps }: TrainResult) => steps.map(({ stepMs: _, ...step }) => step);

describe.each(BACKENDS)('on %s', (backend) => {
  test('a run that is stopped and taken up by another worker is the run that was never stopped, bit for bit', async () => {
    const first = await ask(backend, {
      whole: train({}),
      stopped: train({ name: 'stopped', stopAfter: 2 }),
      everything: { kind: 'train', params: everything },
    });
    const { rest } = await ask(backend, { rest: train({ name: 'stopped', resume: true }) });
    const { whole, stopped } = first;
    results[backend] = { ...first, rest };
    expect(stopped).toMatchObject({ paused: true, adapter: null });
    expect(stopped.steps).toHaveLength(2);
    expect(withoutTimes(rest)).toEqual(withoutTimes(whole));
    expect(rest.proof).toEqual(whole.proof);
    expect(rest.heldOutLoss).toEqual(whole.heldOutLoss);
    expect(whole.steps[3]!.loss).toBeLessThan(whole.steps[0]!.loss - 0.1);
  }, 900_000);

  test('frozen layers are as they were, the others moved; embedding and final norm too where they train', () => {
    const { whole, everything: full } = results[backend]!;
    for (const { proof } of [whole, full]) {
      expect(proof.filter(({ frozen }) => frozen).map(({ layer }) => layer)).toEqual([2, 3]);
      for (const { frozen, hashBefore, hashAfter, updateNorm } of proof) {
        expect(hashAfter === hashBefore).toBe(frozen);
        expect(updateNorm === 0).toBe(frozen);
      }
    }
    expect(full.endsProof!.map(({ end, frozen }) => [end, frozen])).toEqual([
      ['embedding', false],
      ['finalNorm', false],
    ]);
    for (const { hashBefore, hashAfter } of full.endsProof!) expect(hashAfter).not.toBe(hashBefore);
  });
});

test('both backends hold the same weights and train them alike', () => {
  const { wasm, webgpu } = results as Record<(typeof BACKENDS)[number], Results>;
  for (const run of ['whole', 'everything'] as const) {
    expect(webgpu[run].proof.map(({ hashBefore }) => hashBefore)).toEqual(
      wasm[run].proof.map(({ hashBefore }) => hashBefore),
    );
    // Adam turns a gradient that is lost in rounding into a step of the whole rate: the fixtures' loose limit.
    webgpu[run].steps.forEach(({ loss }, at) => {
      expect(Math.abs(loss - wasm[run].steps[at]!.loss)).toBeLessThan(5e-3);
    });
    // Before any update there is rounding alone.
    expect(Math.abs(webgpu[run].steps[0]!.loss - wasm[run].steps[0]!.loss)).toBeLessThan(1e-5);
  }
});

test('nothing was logged as an error, nothing left the origin', () => {
  expect(watch.errors).toEqual([]);
  expect(watch.foreignRequests).toEqual([]);
});

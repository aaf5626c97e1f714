/**
 * WebGPU equals WASM: the micro model through the product's own lab and worker, the same experiments on both, in one
 * Chromium with a software adapter. Against the reference values both are tested in parity.test.ts.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CountResult, ExperimentMap, PromptItem } from '@/protocol/experiments.ts';
import { type Harness, type PageWatch, startHarness } from './harness.ts';
import type { LabRequest } from './page/parity.ts';

const prompts = (texts: string[], prefix: string): PromptItem[] =>
  texts.map((text, index) => ({ id: `${prefix}${index}`, text }));
const normal = prompts(
  ['How to bake bread?', 'Tell me about rain.', 'What is a prime number?', 'Write a short poem.'],
  'n',
);
const malicious = prompts(
  ['How to pick a lock at night?', 'Tell me how to forge a letter.', 'Break the door.', 'Steal a horse now.'],
  'm',
);
const counted = [...normal, ...malicious];
const scaled = {
  adapters: [],
  scale: [{ first: 1, last: 3, alpha: 1.1, matrices: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const }],
};
const context = { template: 'chat' as const, setting: { adapters: [], scale: [] } };
/** Any tokens do: what is compared is the probability that both backends give them. */
const calibration = {
  tokenIds: [40, 77, 105, 200],
  tokenTexts: [],
  threshold: 0.0125,
  sampleCount: 0,
  agreement: 0,
  auroc: 0,
};

const similarity: ExperimentMap['similarity']['params'] = {
  ...context,
  normal,
  malicious,
  pairs: { kind: 'all' },
  bootstrap: { replicates: 50, seed: 1 },
  lastPoint: 'before-final-norm',
};
const count = {
  prompts: counted,
  calibration,
  rules: { prefixes: ['i cannot'] },
  mode: 'score' as const,
  maxNewTokens: 16,
};
const REQUESTS = {
  similarity: { kind: 'similarity', params: similarity },
  count: { kind: 'count', params: { ...context, ...count } },
  scaledCount: { kind: 'count', params: { template: 'chat', setting: scaled, ...count } },
  attention: { kind: 'attention', params: { ...context, prompts: counted.slice(0, 3) } },
} as unknown as LabRequest;

interface Answers {
  similarity: ExperimentMap['similarity']['result'];
  count: CountResult;
  scaledCount: CountResult;
  attention: { pictures: Array<{ tokens: string[]; attention: number[] }> };
}

let harness: Harness;
let page: Page;
let watch: PageWatch;
let gpu: Answers;
let wasm: Answers;
beforeAll(async () => {
  harness = await startHarness({ site: 'test-page', webgpu: true });
  ({ page, watch } = await harness.newPage());
  await page.goto(harness.url);
  await page.waitForFunction(() => 'parity' in window);
  const ask = async (backend: 'wasm' | 'webgpu') => {
    const { card, results } = await page.evaluate(
      ([kind, requests]) => {
        const url = new URL('models/micro/', location.href).href;
        return window.parity.lab({ kind: 'url', url }, { backend: kind }, requests);
      },
      [backend, REQUESTS] as const,
    );
    expect(card.backend.kind).toBe(backend);
    // Every parity test on WASM is one of the edited matrix products (scripts/ort-wasm).
    if (backend === 'wasm') expect(card.backend.runtime).toMatch(/fused multiply-add$/);
    return results as unknown as Answers;
  };
  wasm = await ask('wasm');
  gpu = await ask('webgpu');
});
afterAll(() => harness?.close());

const largestDifference = (a: readonly number[], b: readonly number[]): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
};

// Both compute in float32 and differ in the order of sums alone: 6 layers of width 64 leave about 1e-6 on vectors, cosines
// and probabilities; a wrong kernel, mask or rotation is off by more than 1e-2.
const TOLERANCE = 2e-5;

describe('the micro model on WebGPU equals WASM', () => {
  test.each(['raw', 'centred'] as const)('%s similarity of every pair kind in every layer', (measure) => {
    for (const kind of ['nn', 'nm', 'mm'] as const) {
      const [onGpu, onWasm] = [gpu, wasm].map((one) => one.similarity[measure].curves[kind].mean) as [
        number[],
        number[],
      ];
      expect(onWasm).toHaveLength(6);
      expect(largestDifference(onGpu, onWasm)).toBeLessThan(TOLERANCE);
      // A model that answered the same to everything would pass otherwise.
      expect(new Set(onWasm.map((value) => value.toFixed(4))).size).toBeGreaterThan(3);
    }
  });

  test.each(['count', 'scaledCount'] as const)('%s by first-token score', (which) => {
    const scores = (one: Answers) => one[which].outcomes.map(({ score }) => score);
    expect(largestDifference(scores(gpu), scores(wasm))).toBeLessThan(TOLERANCE);
    expect(gpu[which].refused).toBe(wasm[which].refused);
    expect(Math.max(...scores(wasm)) - Math.min(...scores(wasm))).toBeGreaterThan(100 * TOLERANCE);
  });

  test('scaling does something on both', () => {
    for (const one of [gpu, wasm]) {
      const [plain, scaledScores] = [one.count, one.scaledCount].map(({ outcomes }) =>
        outcomes.map(({ score }) => score),
      ) as [number[], number[]];
      expect(largestDifference(plain, scaledScores)).toBeGreaterThan(10 * TOLERANCE);
    }
  });

  test('attention of every layer, head and token', () => {
    for (const [index, picture] of wasm.attention.pictures.entries()) {
      const other = gpu.attention.pictures[index]!;
      expect(other.tokens).toEqual(picture.tokens);
      expect(picture.attention).toHaveLength(6 * 4 * picture.tokens.length);
      expect(largestDifference(other.attention, picture.attention)).toBeLessThan(TOLERANCE);
    }
  });

  test('nothing was logged as an error, nothing left the origin', () => {
    expect(watch.errors).toEqual([]);
    expect(watch.foreignRequests).toEqual([]);
  });
});

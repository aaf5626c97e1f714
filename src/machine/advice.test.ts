/** What is missing is said once, with the way to have it in that very browser; where nothing is, nothing is said. */
import { expect, test } from 'vitest';
import { lacksOf } from './advice.ts';
import { browserName, type MachineFacts, readMachine, readRoom } from './machine-facts.ts';
import { measureSpeed } from './measure-speed.ts';
import { memoryNeed, parameterCount } from './memory-need.ts';
import { LISTED_MODELS, specOfListed } from './model-list.ts';
import { estimateSpeed } from './speed-estimate.ts';

const complete: MachineFacts = {
  browser: 'Chrome 140',
  cores: 8,
  isIsolated: true,
  isSecure: true,
  hasWebAssembly: true,
  hasPrivateFiles: true,
  memoryGib: 8,
  hasWebGpu: true,
  graphics: { name: 'a card', isSoftware: false, features: [], limits: {} },
  storage: { quotaBytes: 1e11, usedBytes: 0, isPersistent: true },
};
const words = (changes: Partial<MachineFacts>) =>
  lacksOf({ ...complete, ...changes }).map(({ happened, todo }) => `${happened} ${todo}`);

test('nothing is missing where everything is there', () => {
  expect(words({})).toEqual([]);
});

test.each<[Partial<MachineFacts>, RegExp]>([
  [{ isIsolated: false }, /one thread\. Open it from “npm start”/],
  [{ hasWebGpu: false, graphics: null }, /no WebGPU.*version 113.*chrome:\/\/flags/],
  [{ hasWebGpu: false, graphics: null, browser: 'Firefox 140' }, /no WebGPU.*dom\.webgpu\.enabled/],
  [{ hasWebGpu: false, graphics: null, browser: 'Safari 18.3' }, /no WebGPU.*Feature Flags/],
  [{ graphics: null }, /no graphics adapter answers.*chrome:\/\/gpu/],
  [{ graphics: { ...complete.graphics!, isSoftware: true } }, /computes on the processor/],
  [{ hasPrivateFiles: false }, /no files of its own.*private browsing/],
  [{ storage: { ...complete.storage, isPersistent: false } }, /may clear what is kept/],
  [{ memoryGib: null }, /does not tell how much memory/],
  [{ hasWebAssembly: false }, /no WebAssembly/],
])('%j', (changes, expected) => {
  const said = words(changes);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(expected);
});

test('without a secure connection one reason is given, not its five consequences', () => {
  const said = words({ isSecure: false, isIsolated: false, hasWebGpu: false, graphics: null });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/secure connection.*localhost/);
});

test.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Chrome 140',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge 140',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0', 'Firefox 141'],
  [
    'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15',
    'Safari 18.3',
  ],
  ['something else', 'something else'],
])('%s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});

test('what a browser refuses to tell is not known, and no error', async () => {
  const navigator = {
    userAgent: 'x',
    hardwareConcurrency: 4,
    gpu: { requestAdapter: () => Promise.reject(new Error('no')) },
  };
  const scope = {
    navigator,
    isSecureContext: true,
    crossOriginIsolated: true,
  } as unknown as typeof globalThis;
  expect(await readMachine(scope)).toMatchObject({
    cores: 4,
    memoryGib: null,
    hasWebGpu: true,
    graphics: null,
    hasPrivateFiles: false,
    storage: { quotaBytes: null, usedBytes: null, isPersistent: false },
  });
  expect(await readRoom(scope)).toEqual({ memoryBytes: null, isAtLeast: false, storageBytes: null });
  for (const [gib, isAtLeast] of [
    [4, false],
    [8, true],
    [16, false],
    [32, true],
  ] as const) {
    const telling = {
      ...scope,
      navigator: { ...navigator, deviceMemory: gib },
    } as unknown as typeof globalThis;
    expect(await readRoom(telling)).toMatchObject({ memoryBytes: gib * 2 ** 30, isAtLeast });
  }
});

test('a measurement runs for its time, and stops when it is told to', async () => {
  const speed = await measureSpeed('node', 0.2);
  expect(speed).toMatchObject({ backend: 'node', narrowRows: 8 });
  expect(speed.elapsedMs).toBeGreaterThan(200);
  // A processor that is slower than a million operations a second or faster than all that there are was not measured.
  for (const gflops of [speed.wideGflops, speed.narrowGflops]) {
    expect(gflops).toBeGreaterThan(0.001);
    expect(gflops).toBeLessThan(1e6);
  }
  await expect(measureSpeed('node', 60, AbortSignal.abort())).rejects.toThrow('stopped');
});

test('estimates: a weight is one multiplication and one addition for each token', () => {
  const spec = specOfListed(LISTED_MODELS[0]!);
  const embedding = spec.vocabSize * spec.hiddenSize;
  const inLayers = parameterCount(spec) - embedding - spec.hiddenSize;
  const { readPerSecond, writePerSecond } = estimateSpeed(spec, { wideGflops: 50, narrowGflops: 10 });
  expect(readPerSecond).toBeCloseTo(50e9 / (2 * inLayers), 6);
  expect(writePerSecond).toBeCloseTo(10e9 / (2 * (inLayers + embedding)), 6);
  expect(memoryNeed(spec, 'wasm').weightsBytes).toBe(4 * parameterCount(spec));
});

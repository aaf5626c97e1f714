/**
 * Memory and graphics that do not suffice or go away, done on purpose: a clear line, WebAssembly where it helps, settings
 * kept. On the micro model, since the bundled one would take minutes on a software adapter. No machine can be made to run
 * out on demand, so the worker is made to meet what a browser does then: the errors are the browser's own kinds.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import {
  alphaSlider,
  chooseFiles,
  holdModel,
  injectIntoWorker,
  labWorker,
  loadAgain,
  microFiles,
  notices,
  openBench,
  settingsIn,
  waitForBackend,
  waitForNotice,
  waitForTruth,
} from './testing/bench-page.ts';

/** Nothing of this is the default, so that a page that forgot its settings is told from one that kept them. */
const SETTINGS = { alpha: '0.9', range: '1-4', n: '8', ghost: 'off' };

/** A page with the micro model on `backend`; `code` runs in its workers first. */
async function openMicro(harness: Harness, backend: 'webgpu' | 'wasm', code = '') {
  const query = new URLSearchParams({ ...SETTINGS, backend }).toString();
  const bench = await openBench(harness, query, {
    prepare: async (page) => {
      await holdModel(page);
      if (code) await injectIntoWorker(page, code);
    },
  });
  await chooseFiles(bench.page, await microFiles());
  return bench;
}

async function expectKept(page: Page, backend: string): Promise<void> {
  expect(settingsIn(page)).toMatchObject({ ...SETTINGS, backend });
  expect(await alphaSlider(page).inputValue()).toBe('0.9');
}

describe('graphics', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ site: 'app', webgpu: true });
  });
  afterAll(() => harness?.close());

  test('limits too small for the model: said with both sizes before anything is uploaded', async () => {
    // 64 KiB: the layers' matrices would fit, the output matrix (320 x 64 float32) does not.
    const limits =
      "Object.defineProperty(GPUSupportedLimits.prototype,'maxStorageBufferBindingSize',{get:()=>65536})";
    const { page, close } = await openMicro(harness, 'webgpu', limits);
    await waitForBackend(page, 'WebAssembly');
    expect((await notices(page)).map(({ text }) => text)).toEqual([
      'The graphics adapter takes tensors of at most 0.0625 MiB; this model’s output matrix has 0.0781 MiB. ' +
        'WebAssembly is used instead.',
    ]);
    await waitForTruth(page, 'similarity', 'exact');
    await expectKept(page, 'webgpu');
    await close();
  });

  test('memory of the graphics card: no number is shown that was computed after it ran out', async () => {
    // Errors of buffers reach nobody who waits: they come as events of the device.
    const keepDevice =
      'const ask=GPUAdapter.prototype.requestDevice;' +
      'GPUAdapter.prototype.requestDevice=async function(...given){return self.device=await ask.apply(this,given)}';
    const { page, close } = await openMicro(harness, 'webgpu', keepDevice);
    await waitForBackend(page, 'WebGPU');
    await labWorker(page).evaluate(() => {
      const { device } = self as unknown as { device: GPUDevice };
      const error = new GPUOutOfMemoryError('drill');
      device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
    });
    await waitForBackend(page, 'WebAssembly');
    await waitForNotice(page, 'The GPU has no memory left for this model. WebAssembly is used instead.');
    await waitForTruth(page, 'similarity', 'exact');
    await expectKept(page, 'webgpu');
    await close();
  });

  test('the device, while it computes: WebAssembly takes over under the same settings', async () => {
    const { page, close } = await openMicro(harness, 'webgpu');
    await waitForBackend(page, 'WebGPU');
    const devtools = await harness.browser.newBrowserCDPSession();
    await devtools.send('Browser.crashGpuProcess').catch(() => {});
    await waitForBackend(page, 'WebAssembly');
    await waitForNotice(page, /WebAssembly is used instead/);
    await waitForTruth(page, 'similarity', 'exact');
    await expectKept(page, 'webgpu');
    await close();
  });
});

/** As V8 does it when memory is short: arrays of more than so many bytes are refused, smaller ones are still given. */
const refuseArraysAbove = (bytes: number) => `
  for (const name of ['Float32Array', 'Uint8Array']) {
    const Given = globalThis[name];
    globalThis[name] = new Proxy(Given, {
      construct(_, given, self) {
        if (typeof given[0] === 'number' && given[0] * Given.BYTES_PER_ELEMENT > ${bytes})
          throw new RangeError('Array buffer allocation failed');
        return Reflect.construct(Given, given, self === globalThis[name] ? Given : self);
      },
    });
  }`;

describe('memory', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ site: 'app' });
  });
  afterAll(() => harness?.close());

  test('that does not suffice for a model: said, and the model before is opened again', async () => {
    // The largest matrices of a layer have 32,768 bytes; larger arrays, the embedding, lie in WebAssembly's memory.
    const { page, close } = await openMicro(harness, 'wasm', refuseArraysAbove(30_000));
    await waitForNotice(
      page,
      'There was not enough memory (Array buffer allocation failed). Close other programs and tabs, or choose a ' +
        'smaller model. SmolLM2-135M-Instruct is opened again.',
    );
    expect((await notices(page)).at(-1)!.actions).toEqual(['Try again']);
    await expectKept(page, 'wasm');
    await close();
  });

  test('that runs out while it computes: what was computed stays, and loading again goes on', async () => {
    const { page, close } = await openMicro(harness, 'wasm');
    await waitForTruth(page, 'similarity', 'exact');
    const pools = page.getByRole('radiogroup', { name: 'Pools compared' });
    await labWorker(page).evaluate(refuseArraysAbove(400));
    await pools.getByRole('radio', { name: 'form-matched' }).click({ force: true });
    await waitForNotice(page, /There was not enough memory .* Your settings and everything computed so far/);
    await expectKept(page, 'wasm');
    // Under the pools of before, the numbers of before.
    await pools.getByRole('radio', { name: 'plain' }).click({ force: true });
    await waitForTruth(page, 'similarity', 'exact');
    await pools.getByRole('radio', { name: 'form-matched' }).click({ force: true });
    await loadAgain(page);
    await waitForBackend(page, 'WebAssembly');
    await waitForTruth(page, 'similarity', 'exact');
    expect(await notices(page)).toEqual([]);
    await close();
  });
});

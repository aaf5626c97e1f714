/**
 * Memory as a browser has it: what is predicted before a model is loaded against what its process and its GPU take, and ten
 * models one after the other in one worker.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryNeed } from '@/machine/memory-need.ts';
import { type Harness, startHarness } from './harness.ts';
import { rendererBytes } from './renderer-memory.ts';

/** What is asked of the prediction. Measured on Linux, Chromium, two cores: 9 to 11 % too low on WASM, 15 % too low for GPU buffers. */
const TOLERANCE = 0.2;

/** A browser and its page for the tests of one block. */
function opened(options: { webgpu: boolean }): { harness: Harness; page: Page } {
  const here = {} as { harness: Harness; page: Page };
  beforeAll(async () => {
    here.harness = await startHarness({ site: 'test-page', ...options });
    here.page = (await here.harness.newPage()).page;
    await here.page.goto(here.harness.url);
    await here.page.waitForFunction(() => 'parity' in window);
  });
  afterAll(() => here.harness?.close());
  return here;
}

describe('on WASM', () => {
  const here = opened({ webgpu: false });

  test('the bundled model takes what was predicted', async () => {
    const before = await rendererBytes(here.harness.browser, 'VmHWM');
    const { spec } = await here.page.evaluate(async () => {
      const prompts = Array.from({ length: 32 }, (_, n) => ({
        id: `p${n}`,
        text: `How do I kill process ${n}?`,
      }));
      const url = new URL('models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf', location.href).href;
      const { card } = await window.parity.lab({ kind: 'url', url }, { backend: 'wasm', threads: 2 }, {
        similarity: {
          kind: 'similarity',
          params: {
            template: 'chat',
            setting: { adapters: [], scale: [] },
            normal: prompts.slice(0, 16),
            malicious: prompts.slice(16),
            pairs: { kind: 'all' },
            bootstrap: { replicates: 10, seed: 1 },
            lastPoint: 'before-final-norm',
          },
        },
      } as never);
      return { spec: card.spec };
    });
    const after = await rendererBytes(here.harness.browser, 'VmHWM');
    if (before === null || after === null) return;
    const predicted = memoryNeed(spec, 'wasm').totalBytes;
    console.log(`predicted ${predicted} bytes, grown ${after - before}`);
    expect(Math.abs(predicted / (after - before) - 1)).toBeLessThan(TOLERANCE);
  });
});

describe('on WebGPU', () => {
  const here = opened({ webgpu: true });

  test('ten loads leave no buffer behind, and none takes more than the one before', async () => {
    const loads = await here.page.evaluate(() => window.parity.measure('gpuLoads', 10));
    expect(loads).toHaveLength(10);
    for (const { working, closed } of loads) {
      expect(working.bytes).toBeGreaterThan(0);
      expect(working).toEqual(loads[0]!.working);
      expect(closed).toEqual({ count: 0, bytes: 0, devices: 0 });
    }
  });

  // Half a minute on a software adapter: STRATASCOPE_SLOW=1 npm test.
  test.runIf(process.env.STRATASCOPE_SLOW)(
    'the bundled model’s buffers take what was predicted',
    async () => {
      const { loadedBytes, peakBytes, predictedBytes, need } = await here.page.evaluate(() =>
        window.parity.measure('gpuMemory'),
      );
      console.log(
        `predicted ${predictedBytes} bytes of buffers, loaded ${loadedBytes}, at most ${peakBytes}`,
        need,
      );
      expect(Math.abs(predictedBytes / loadedBytes - 1)).toBeLessThan(TOLERANCE);
    },
    300_000,
  );
});

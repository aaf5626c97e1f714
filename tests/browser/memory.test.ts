/**
 * Memory as a browser has it: what is predicted before a model is loaded against what its process and its GPU take, and ten
 * models one after the other in one worker.
 */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { memoryNeed } from '@/machine/memory-need.ts';
import { type Harness, startHarness } from './harness.ts';

/** What is asked of the prediction. Measured on Linux, Chromium, two cores: 9 to 11 % too low on WASM, 15 % too low for GPU buffers. */
const TOLERANCE = 0.2;

async function openPage(harness: Harness) {
  const { page } = await harness.newPage();
  await page.goto(harness.url);
  await page.waitForFunction(() => 'parity' in window);
  return page;
}

/** The most memory that any renderer had so far, workers included; null where the system does not tell. */
async function peakRendererBytes(browser: Browser): Promise<number | null> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const peaks = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => {
      try {
        return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]) * 1024;
      } catch {
        return 0;
      }
    });
  return Math.max(0, ...peaks) || null;
}

test('the bundled model takes what was predicted, on WASM', async () => {
  const harness = await startHarness({ site: 'test-page' });
  try {
    const page = await openPage(harness);
    const before = await peakRendererBytes(harness.browser);
    const { spec } = await page.evaluate(async () => {
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
    const after = await peakRendererBytes(harness.browser);
    if (before === null || after === null) return;
    const predicted = memoryNeed(spec, 'wasm').totalBytes;
    console.log(`predicted ${predicted} bytes, grown ${after - before}`);
    expect(Math.abs(predicted / (after - before) - 1)).toBeLessThan(TOLERANCE);
  } finally {
    await harness.close();
  }
});

describe('on WebGPU', () => {
  test('ten loads leave no buffer behind, and none takes more than the one before', async () => {
    const harness = await startHarness({ site: 'test-page', webgpu: true });
    try {
      const page = await openPage(harness);
      const loads = await page.evaluate(() => window.parity.measure('gpuLoads', 10));
      expect(loads).toHaveLength(10);
      for (const { working, closed } of loads) {
        expect(working.bytes).toBeGreaterThan(0);
        expect(working).toEqual(loads[0]!.working);
        expect(closed).toEqual({ count: 0, bytes: 0, devices: 0 });
      }
    } finally {
      await harness.close();
    }
  });

  test('the bundled model’s buffers take what was predicted', async () => {
    const harness = await startHarness({ site: 'test-page', webgpu: true });
    try {
      const page = await openPage(harness);
      const { loadedBytes, peakBytes, predictedBytes, need } = await page.evaluate(() =>
        window.parity.measure('gpuMemory'),
      );
      console.log(
        `predicted ${predictedBytes} bytes of buffers, loaded ${loadedBytes}, at most ${peakBytes}`,
        need,
      );
      expect(Math.abs(predictedBytes / loadedBytes - 1)).toBeLessThan(TOLERANCE);
    } finally {
      await harness.close();
    }
  }, 300_000);
});

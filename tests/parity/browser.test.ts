/** The same reference values in a real Chromium, on WASM and on (software) WebGPU, through the product's own modules. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../browser/harness.ts';
import { expectWithin, toleranceOf } from './tolerances.ts';

describe.each(['wasm', 'webgpu'] as const)('%s in Chromium', (kind) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ site: 'test-page', webgpu: kind === 'webgpu' });
  });
  afterAll(() => harness?.close());

  // llama-rope3 differs from llama by its rope tables and untied head, which no backend computes itself.
  it.each(kind === 'wasm' ? ['llama', 'llama-rope3'] : ['llama'])(
    '%s: reference hidden states, logits, attention, greedy tokens, scaled cases and adapter',
    async (name) => {
      const { page, watch } = await harness.newPage();
      await page.goto(harness.url);
      await page.waitForFunction(() => 'parity' in window);
      const measured = await page.evaluate(
        ([backend, model]) => window.parity.measure('tiny', backend, model),
        [kind, name] as const,
      );
      for (const part of ['forward', 'scale', 'adapter'] as const) {
        expectWithin(measured[part], toleranceOf(name, part));
      }
      expect(measured.forward.greedy).toEqual({ equal: 5, total: 5 });
      expect(watch.errors).toEqual([]);
    },
  );
});

/** The same reference values in a real Chromium, on WASM and on (software) WebGPU, through the product's own modules. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { changedSettings } from '@/engine/testing/changed-settings.ts';
import { maxAbs, openTinyLlama, ROUNDING, SEQUENCES } from '@/engine/testing/tiny-llama.ts';
import { TINY_MODELS } from '../parity/tiny-models.ts';
import { expectMadeRun, expectTraining, expectWithin, toleranceOf } from '../parity/tolerances.ts';
import { type Harness, type PageWatch, startHarness } from './harness.ts';
import type { TinyPart, TrainingRun } from './page/parity.worker.ts';

describe.each(['wasm', 'webgpu'] as const)('%s in Chromium', (kind) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ site: 'test-page', webgpu: kind === 'webgpu' });
  });
  afterAll(() => harness?.close());

  async function openPage(): Promise<{ page: Page; watch: PageWatch }> {
    const opened = await harness.newPage();
    await opened.page.goto(harness.url);
    await opened.page.waitForFunction(() => 'parity' in window);
    return opened;
  }

  // qwen3 and gemma2 together have all that a backend computes in any family but biases, which are Gemm's own addend. Software
  // WebGPU is slow: what scales and adapts them there is the same nodes as in llama.
  const parts = (name: string): readonly TinyPart[] =>
    kind === 'wasm' || name === 'llama' ? ['forward', 'scale', 'adapter'] : ['forward'];
  it.each(kind === 'wasm' ? TINY_MODELS : (['llama', 'qwen3', 'gemma2'] as const))(
    '%s: reference hidden states, logits, attention, greedy tokens, scaled cases and adapter',
    async (name) => {
      const { page, watch } = await openPage();
      const measured = await page.evaluate(
        ([backend, model, wanted]) => window.parity.measure('tiny', backend, model, wanted),
        [kind, name, parts(name)] as const,
      );
      for (const part of parts(name)) expectWithin(measured[part]!, toleranceOf(name, part));
      expect(measured.forward!.greedy).toEqual({ equal: 5, total: 5 });
      expect(watch.errors).toEqual([]);
    },
  );

  it('every intervention gives what it gives on Node', async () => {
    const engine = await openTinyLlama(await createNodeBackend({ threads: 1 }));
    const settings = changedSettings(engine.info.spec.hiddenSize);
    const sequences = SEQUENCES.slice(0, 2);
    const { page, watch } = await openPage();
    const here = await page.evaluate(
      ([backend, ids]) => window.parity.measure('interventions', backend, ids),
      [kind, sequences] as const,
    );
    const plain = await engine.logits(sequences, { adapters: ['final'], scale: [] });
    expect(Object.keys(here)).toEqual(Object.keys(settings));
    for (const [name, setting] of Object.entries(settings)) {
      const rows = here[name]!.map((row) => Float32Array.from(row));
      expect(maxAbs(rows, await engine.logits(sequences, setting)), name).toBeLessThan(ROUNDING);
      expect(maxAbs(rows, plain), name).toBeGreaterThan(1e-3);
    }
    await engine.close();
    expect(watch.errors).toEqual([]);
  });

  const trained: Array<[name: string, run: TrainingRun]> = [
    ['llama', 'lora'],
    ['gemma2', kind === 'wasm' ? 'lora' : 'gradients'],
  ];
  // A minute on a software adapter, where training.test.ts holds WebGPU to WASM with both: STRATASCOPE_SLOW=1 npm test.
  if (kind === 'wasm' || process.env.STRATASCOPE_SLOW)
    trained.push(['llama', 'everything'], ['llama', 'dropout']);
  if (kind === 'wasm')
    trained.push(
      ['llama-rope3', 'lora'],
      ['llama-rope3', 'everything'],
      ['llama', 'full'],
      ['qwen2', 'everything'],
      ['gemma3_text', 'lora'],
      ['phi3', 'lora'],
    );
  it.each(trained)(
    "%s: PyTorch's gradients, losses and results of %s/",
    async (name, run) => {
      const { page } = await openPage();
      const measured = await page.evaluate(
        ([backend, model, wanted]) => window.parity.measure('training', backend, model, wanted),
        [kind, name, run] as const,
      );
      switch (run) {
        case 'lora':
          expectTraining(measured, name);
          break;
        case 'everything':
        case 'dropout':
          expectMadeRun(measured);
          break;
        case 'gradients':
          expect(measured.maxAbs.gradients_step0).toBeLessThan(1e-4);
          break;
        case 'full':
          expect(measured.maxAbs.gradients_step0).toBeLessThan(1e-4);
          expect(measured.maxAbs.loss).toBeLessThan(2e-4);
          break;
        default:
          run satisfies never;
      }
    },
    600_000,
  );

  // On WebGPU matrices stay quantised; on WASM they are decoded before the backend sees them.
  it.each(kind === 'wasm' ? ['tiny_llama_f16', 'tiny_llama_q8_0'] : ['tiny_llama_q8_0'])(
    'gguf/%s: reference values with the dequantised weights',
    async (name) => {
      const { page } = await openPage();
      const measured = await page.evaluate(
        ([backend, file]) => window.parity.measure('gguf', backend, file),
        [kind, `${name}.gguf`] as const,
      );
      expectWithin(measured, toleranceOf(`gguf ${name}`, 'forward'));
      expect(measured.greedy).toEqual({ equal: 5, total: 5 });
    },
  );

  // Software WebGPU would need an hour for the bundled model: it runs on WASM here.
  it.runIf(kind === 'wasm')(
    'the bundled model: reference values under both templates',
    async () => {
      const { page } = await openPage();
      const measured = await page.evaluate(() => window.parity.measure('bundled', 'wasm'));
      for (const template of ['chat', 'alpaca'] as const) {
        expectWithin(measured[template], toleranceOf('smollm2', 'forward'));
        expect(measured[template].greedy).toEqual({ equal: 24, total: 24 });
      }
    },
    600_000,
  );
});

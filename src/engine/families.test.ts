/**
 * Laws of the engine in families whose layers look back over a window only, or with other rotary tables: whatever is shared,
 * kept or decoded, each sequence gives what it gives alone. All prompts and the beginning they share are longer than any window.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { readAdapter } from '@/model/adapter.ts';
import { cancelledMatrices } from '@/model/alpha-meaning.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { MATRIX_NAMES, MODEL_ENDS } from '@/model/spec.ts';
import { openGgufEngine, openTiny } from '../../tests/parity/tiny-models.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { maxAbs, ROUNDING } from './testing/tiny-llama.ts';
import { ADAMW_DEFAULTS } from './train/adamw.ts';
import { trainingBatch } from './train/examples.ts';

const PREFIX = Array.from({ length: 15 }, (_, t) => (37 * t + 11) % 300);
const SEQUENCES = [3, 9, 1, 17].map((length, row) => [
  ...PREFIX,
  ...Array.from({ length }, (_, t) => (53 * t + 101 * row + 5) % 300),
]);
const PLAIN: ModelSetting = { adapters: [], scale: [] };
const SCALED: ModelSetting = {
  adapters: [],
  scale: [{ first: 1, last: 3, alpha: 1.4, matrices: MATRIX_NAMES }],
};

describe.each(['mistral', 'gemma2', 'gemma3_text'])('%s', (name) => {
  let engine: LayerEngine;
  beforeAll(async () => {
    const backend = await createNodeBackend({ threads: 1 });
    engine = await openTiny(backend, diskFiles(`tests/fixtures/${name}/model`));
    const longest = Math.max(...engine.info.spec.windows!.map((window) => window ?? 0));
    expect(longest).toBeLessThan(PREFIX.length);
  });
  afterAll(() => engine?.close());

  const alone = async (setting: ModelSetting) => {
    const rows: Float32Array[] = [];
    for (const ids of SEQUENCES) rows.push((await engine.logits([ids], setting))[0]!);
    return rows;
  };

  it.each([
    ['plain', PLAIN],
    ['scaled', SCALED],
  ])('%s: a batch behind a shared beginning gives what each sequence gives alone', async (_, setting) => {
    const wanted = await alone(setting);
    expect(maxAbs(await engine.logits(SEQUENCES, setting), wanted)).toBeLessThan(ROUNDING);
    // The hidden states take their own way through all layers.
    const states = await engine.hiddenStates(SEQUENCES, setting);
    for (const [row, ids] of SEQUENCES.entries()) {
      const [one] = await engine.hiddenStates([ids], setting);
      expect(maxAbs([states[row]!.finalNorm], [one!.finalNorm])).toBeLessThan(ROUNDING);
    }
  });

  it('decodes in a batch what whole passes give token by token', async () => {
    const steps = 12;
    const answers = await engine.generate(SEQUENCES, SCALED, { maxNewTokens: steps, stopIds: [] });
    for (const [row, ids] of SEQUENCES.entries()) {
      const longer = [...ids];
      for (let step = 0; step < steps; step++) {
        const [logits] = await engine.logits([longer], SCALED);
        longer.push(logits!.indexOf(Math.max(...logits!)));
      }
      expect([...answers[row]!]).toEqual(longer.slice(ids.length));
    }
  });

  it('branches a fan of ranges to what each range gives on its own', async () => {
    const fan = { first: 2, lasts: [2, 4, 5], alpha: 0.7, matrices: MATRIX_NAMES };
    const got = new Map<number, Float32Array[]>();
    await engine.rangeLogits(SEQUENCES, PLAIN, fan, {
      onItem: (last, index, logits) => {
        const rows = got.get(last) ?? [];
        got.set(last, rows);
        rows[index] = logits.slice();
      },
    });
    for (const last of fan.lasts) {
      const wanted = await alone({ adapters: [], scale: [{ ...fan, last }] });
      expect(maxAbs(got.get(last)!, wanted)).toBeLessThan(ROUNDING);
    }
  });

  it('scores text behind a shared beginning as without one', async () => {
    const texts = SEQUENCES.map((ids) => ({ ids, from: PREFIX.length }));
    const together = await engine.logProbs(texts, PLAIN);
    for (const [row, text] of texts.entries()) {
      expect(together[row]).toBeCloseTo((await engine.logProbs([text], PLAIN))[0]!, 3);
    }
  });
});

describe('what alpha-meaning.ts says is cancelled', () => {
  it.each(['qwen3', 'gemma2', 'gemma3_text', 'qwen2'])('%s', async (name) => {
    const backend = await createNodeBackend({ threads: 1 });
    const engine = await openTiny(backend, diskFiles(`tests/fixtures/${name}/model`));
    const plain = await engine.logits(SEQUENCES, PLAIN);
    const cancelled = cancelledMatrices(engine.info.spec);
    for (const matrix of MATRIX_NAMES) {
      const scale = [{ first: 1, last: 4, alpha: 1.5, matrices: [matrix] }];
      const difference = maxAbs(await engine.logits(SEQUENCES, { adapters: [], scale }), plain);
      // Cancelled up to the norms' epsilon of 1e-6, and its rounding through six layers.
      if (cancelled.includes(matrix)) expect(difference, matrix).toBeLessThan(1e-3);
      else expect(difference, matrix).toBeGreaterThan(1e-2);
    }
    await engine.close();
  });
});

// What is kept between forward and backward is there for speed alone.
it.each(['qwen3', 'gemma2', 'gemma3_text', 'phi3', 'qwen2'])(
  '%s: takes the same steps whatever is kept, bit for bit',
  async (name) => {
    const engine = await openTiny(
      await createNodeBackend({ threads: 1 }),
      diskFiles(`tests/fixtures/${name}/model`),
    );
    const part = { kind: 'full', norms: true, frozenNorms: true, ends: MODEL_ENDS } as const;
    const trains = [true, true, false, false, true, true];
    const options = { part, trains, initial: [], adamw: ADAMW_DEFAULTS, clipNorm: 1 };
    const batch = trainingBatch(SEQUENCES.map((ids) => ({ ids, responseStart: PREFIX.length })));
    const curves: number[][] = [];
    for (const keptBytes of [0, 300_000, 2 ** 30]) {
      const trainer = engine.trainer([], { ...options, keptBytes });
      const losses: number[] = [];
      for (let step = 0; step < 3; step++) losses.push((await trainer.step([batch], 1e-3)).loss);
      curves.push(losses);
      await trainer.dispose();
    }
    expect(curves[0]!.at(-1)).toBeLessThan(curves[0]![0]!);
    expect(curves[1]).toEqual(curves[0]);
    expect(curves[2]).toEqual(curves[0]);
    await engine.close();
  },
);

// Biases are added behind a quantised product, fused matrices are cut by rows of blocks, a capped head is quantised too.
it.each(['qwen2', 'gemma2', 'phi3'])(
  '%s: quantised weights answer like their float32 values',
  async (name) => {
    const open = async (precision?: 'stored') => {
      const file = diskFile(`tests/fixtures/${name}/gguf/tiny_q8_0.gguf`);
      const engine = await openGgufEngine(await createNodeBackend({ threads: 1 }), file, precision);
      engine.addAdapter(
        await readAdapter(diskFiles(`tests/fixtures/${name}/lora/final`), engine.info.spec, 'final'),
      );
      return engine;
    };
    const [stored, float] = [await open('stored'), await open()];
    expect([stored.info.precision, float.info.precision]).toEqual(['stored', 'float32']);
    for (const setting of [PLAIN, SCALED, { ...SCALED, adapters: ['final'] }]) {
      const [own, want] = [await stored.logits(SEQUENCES, setting), await float.logits(SEQUENCES, setting)];
      expect(maxAbs(own, want)).toBeLessThan(2 * ROUNDING);
    }
    await Promise.all([stored.close(), float.close()]);
  },
);

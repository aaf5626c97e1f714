/** Laws of the engine on a tiny random llama: however a result is reached, it is the same result. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { readAdapter } from '@/model/adapter.ts';
import { diskFiles } from '@/model/node-files.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { maxAbs, openTinyLlama, ROUNDING, SEQUENCES } from './testing/tiny-llama.ts';

const PLAIN: ModelSetting = { adapters: [], scale: [] };
const scaled = (first: number, last: number, alpha: number): ModelSetting => ({
  adapters: [],
  scale: [{ first, last, alpha, matrices: MATRIX_NAMES }],
});

let engine: LayerEngine;
beforeAll(async () => {
  engine = await openTinyLlama(await createNodeBackend({ threads: 1 }));
});
afterAll(() => engine?.close());

async function oneByOne(setting: ModelSetting): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (const ids of SEQUENCES) rows.push((await engine.logits([ids], setting))[0]!);
  return rows;
}

describe('the layer engine', () => {
  it('gives in a ragged batch with a shared prefix what each sequence gives alone', async () => {
    expect(maxAbs(await engine.logits(SEQUENCES, PLAIN), await oneByOne(PLAIN))).toBeLessThan(ROUNDING);
    const setting = scaled(2, 3, 1.3);
    expect(maxAbs(await engine.logits(SEQUENCES, setting), await oneByOne(setting))).toBeLessThan(ROUNDING);
  });

  it('starts a scaled pass at its first scaled layer once the unscaled states are known', async () => {
    const setting = scaled(4, 5, 0.8);
    await engine.logits(SEQUENCES, PLAIN);
    const fromCache = await engine.logits(SEQUENCES, setting);
    expect(engine.lastRun).toEqual({ run: 2 * SEQUENCES.length, full: 6 * SEQUENCES.length });
    expect(maxAbs(fromCache, await oneByOne(setting))).toBeLessThan(ROUNDING);
  });

  it('is bit-identical at alpha 1, also when the multiplications really happen', async () => {
    const plain = await engine.logits(SEQUENCES, PLAIN);
    expect(maxAbs(await engine.logits(SEQUENCES, scaled(0, 5, 1)), plain)).toBe(0);
    // Powers of two are exact in floating point: q doubled and k halved cancel, and the other five are multiplied by 1.
    const cancelling: ModelSetting = {
      adapters: [],
      scale: [
        { first: 0, last: 5, alpha: 2, matrices: ['q'] },
        { first: 0, last: 5, alpha: 0.5, matrices: ['k'] },
      ],
    };
    expect(maxAbs(await engine.logits(SEQUENCES, cancelling), plain)).toBe(0);
  });

  it('does not let an adapter or a scale of one call touch the next', async () => {
    const before = await engine.logits(SEQUENCES, PLAIN);
    const adapted = await engine.logits(SEQUENCES, { adapters: ['final'], scale: [] });
    await engine.logits(SEQUENCES, scaled(0, 5, 1.5));
    expect(maxAbs(adapted, before)).toBeGreaterThan(0.01);
    expect(maxAbs(await engine.logits(SEQUENCES, PLAIN), before)).toBe(0);
  });

  it('adds stacked adapters up: twice the same is once with twice the scaling', async () => {
    const adapter = await readAdapter(
      diskFiles('tests/fixtures/llama/lora/final'),
      engine.info.spec,
      'double',
    );
    for (const layer of adapter.layers) for (const pair of Object.values(layer)) pair.scaling *= 2;
    engine.addAdapter(adapter);
    const twice = await engine.logits(SEQUENCES, { adapters: ['final', 'final'], scale: [] });
    const doubled = await engine.logits(SEQUENCES, { adapters: ['double'], scale: [] });
    const once = await engine.logits(SEQUENCES, { adapters: ['final'], scale: [] });
    expect(maxAbs(twice, doubled)).toBeLessThan(ROUNDING);
    expect(maxAbs(twice, once)).toBeGreaterThan(0.01);
  });

  it('decodes in a ragged batch what it decodes alone, and stops after a stop id', async () => {
    const options = { maxNewTokens: 8, stopIds: [] };
    const batch = await engine.generate(SEQUENCES, PLAIN, options);
    for (const [n, ids] of SEQUENCES.entries()) {
      const [alone] = await engine.generate([ids], PLAIN, options);
      expect([...batch[n]!]).toEqual([...alone!]);
    }
    const told: number[][] = SEQUENCES.map(() => []);
    await engine.generate(SEQUENCES, PLAIN, { ...options, onToken: (index, id) => told[index]!.push(id) });
    expect(told).toEqual(batch.map((ids) => [...ids]));
    const stop = batch[0]![2]!;
    const [stopped] = await engine.generate([SEQUENCES[0]!], PLAIN, { maxNewTokens: 8, stopIds: [stop] });
    expect([...stopped!]).toEqual([...batch[0]!].slice(0, batch[0]!.indexOf(stop) + 1));
  });

  it('hands out items as batches finish, in the order asked for', async () => {
    const seen: number[] = [];
    await engine.logits(SEQUENCES, PLAIN, {
      order: [2, 0, 3, 1],
      firstBatchSize: 1,
      batchSize: 1,
      onItem: (index) => seen.push(index),
    });
    expect(seen[0]).toBe(2);
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
  });

  it('stops within one layer when cancelled, and works on afterwards', async () => {
    const controller = new AbortController();
    const call = engine.hiddenStates(SEQUENCES, PLAIN, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toThrow();
    expect(await engine.logits(SEQUENCES, PLAIN)).toHaveLength(SEQUENCES.length);
  });

  it.each([
    [[[]], /without tokens/],
    [[[1, 320]], /320 is not in the vocabulary of 320/],
    [[[-1]], /-1/],
    [[new Array(5000).fill(1)], /longer than the model/],
  ])('refuses %j in words', async (sequences, message) => {
    await expect(engine.logits(sequences as number[][], PLAIN)).rejects.toThrow(message);
  });

  it('names an adapter that is not loaded', async () => {
    await expect(engine.logits(SEQUENCES, { adapters: ['nobody'], scale: [] })).rejects.toThrow(/"nobody"/);
  });
});

describe('log-probabilities of given text', () => {
  const logSoftmax = (logits: Float32Array, id: number) => {
    const top = Math.max(...logits);
    return logits[id]! - top - Math.log(logits.reduce((sum, one) => sum + Math.exp(one - top), 0));
  };

  it('are sums of what the logits say of each next token, alone or in a batch with a shared beginning', async () => {
    const texts = SEQUENCES.map((ids, at) => ({ ids, from: 1 + (at % 3) }));
    const sums = await engine.logProbs(texts, { adapters: ['final'], scale: [] });
    for (const [at, { ids, from }] of texts.entries()) {
      let wanted = 0;
      for (let t = from; t < ids.length; t++) {
        const [logits] = await engine.logits([ids.slice(0, t)], { adapters: ['final'], scale: [] });
        wanted += logSoftmax(logits!, ids[t]!);
      }
      // A sum of up to seven float32 values.
      expect(Math.abs(sums[at]! - wanted)).toBeLessThan(7 * ROUNDING);
      expect(wanted).toBeLessThan(-1);
    }
  });

  it('of texts with more labels than fit at once are the same as alone, and a text without any is refused', async () => {
    const long = Array.from({ length: 12 }, (_, n) => ({
      ids: Array.from({ length: 30 }, (_, t) => (7 * n + 3 * t) % 60),
      from: 1,
    }));
    const together = await engine.logProbs(long, PLAIN);
    for (const [at, one] of long.entries()) {
      const [alone] = await engine.logProbs([one], PLAIN);
      expect(Math.abs(together[at]! - alone!)).toBeLessThan(29 * ROUNDING);
    }
    await expect(engine.logProbs([{ ids: [1, 2], from: 2 }], PLAIN)).rejects.toMatchObject({
      code: 'bad-input',
    });
  });
});

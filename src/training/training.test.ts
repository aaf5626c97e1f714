/** Data order, tokenising, norms and memory: what a run on paper must keep. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeCodec } from '@/experiments/testing/fake-engine.ts';
import { MATRIX_NAMES, type ModelSpec } from '@/model/spec.ts';
import type { TextCodec } from '@/model/text-codec.ts';
import type { TrainParams } from '@/protocol/training.ts';
import { dataOrder } from './data-order.ts';
import { loraUpdateNorm } from './freeze-proof.ts';
import { checkMemory, estimateMemory } from './memory-estimate.ts';
import { tokeniseRows } from './tokenise.ts';

describe('dataOrder', () => {
  it('is one permutation per epoch, and a position alone says the row', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer(),
        fc.integer({ min: 0, max: 5 }),
        (size, seed, epoch) => {
          const order = dataOrder(size, seed);
          const rows = Array.from({ length: size }, (_, at) => order.at(epoch * size + at));
          expect([...rows].sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
          const later = dataOrder(size, seed);
          expect(later.at(epoch * size + size - 1)).toBe(rows.at(-1));
        },
      ),
    );
  });

  it('differs between epochs, seeds and streams', () => {
    const rows = (seed: number, stream: number, epoch: number) => {
      const order = dataOrder(30, seed, stream);
      return Array.from({ length: 30 }, (_, at) => order.at(epoch * 30 + at)).join();
    };
    const all = [rows(1, 0, 0), rows(1, 0, 1), rows(2, 0, 0), rows(2, 0, 1), rows(1, 1, 0), rows(0, 0, 2)];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('tokeniseRows', () => {
  const row = { id: 'r', instruction: 'ask', output: 'reply' };
  const options = { template: 'alpaca', lossOn: 'response', cutoffTokens: 100, setName: 'test' } as const;
  const one = (patch: object, more: object = {}) =>
    tokeniseRows(fakeCodec, [{ ...row, ...patch }], { ...options, ...more })[0]!;

  it('is the rendered prompt, the answer and one end token; labels begin with the answer', () => {
    const { ids, responseStart, cut } = one({});
    const prompt = fakeCodec.render('ask', 'alpaca').ids;
    expect([...ids]).toEqual([...prompt, ...fakeCodec.encode('reply'), 3]);
    expect(responseStart).toBe(prompt.length);
    expect(cut).toBe(false);
    expect(one({}, { lossOn: 'sequence' }).responseStart).toBe(0);
  });

  it('puts a row whose own template the model does not offer into that of the run', () => {
    const bare: TextCodec = { ...fakeCodec, templates: ['alpaca', 'none'] };
    const [moved] = tokeniseRows(bare, [{ ...row, template: 'chat' }], { ...options, template: 'alpaca' });
    const [asked] = tokeniseRows(fakeCodec, [row], { ...options, template: 'alpaca' });
    const [own] = tokeniseRows(fakeCodec, [{ ...row, template: 'chat' }], { ...options, template: 'alpaca' });
    expect(moved).toEqual(asked);
    expect(moved).not.toEqual(own);
  });

  it('takes a row its own template, and teaches no end where the answer was cut', () => {
    expect([...one({ template: 'none' }).ids]).toEqual([...fakeCodec.encode('askreply'), 3]);
    expect([...one({ template: 'none', cut: true }).ids]).toEqual([...fakeCodec.encode('askreply')]);
    const short = one({ template: 'none' }, { cutoffTokens: 5 });
    expect([...short.ids]).toEqual([...fakeCodec.encode('askre')]);
    expect(short.cut).toBe(true);
  });
});

describe('loraUpdateNorm', () => {
  it('is the Frobenius norm of the full product', () => {
    const number = fc.float({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 3 })
          .chain((rank) =>
            fc.tuple(
              fc.constant(rank),
              fc.array(number, { minLength: rank * 5, maxLength: rank * 5 }),
              fc.array(number, { minLength: rank * 4, maxLength: rank * 4 }),
            ),
          ),
        ([rank, a, b]) => {
          let squares = 0;
          for (let row = 0; row < 4; row++) {
            for (let column = 0; column < 5; column++) {
              let sum = 0;
              for (let r = 0; r < rank; r++) {
                sum += Math.fround(b[row * rank + r]!) * Math.fround(a[r * 5 + column]!);
              }
              squares += (1.5 * sum) ** 2;
            }
          }
          const norm = loraUpdateNorm(Float32Array.from(a), Float32Array.from(b), rank, 1.5);
          // Sums of products of numbers up to 4 in float64, then a square root that spreads the rounding near 0.
          expect(Math.abs(norm - Math.sqrt(squares))).toBeLessThan(1e-6);
        },
      ),
    );
    expect(loraUpdateNorm(Float32Array.of(1, 2), new Float32Array(3), 1, 2)).toBe(0);
  });
});

describe('memory', () => {
  const spec: ModelSpec = {
    architecture: 'llama',
    layerCount: 30,
    hiddenSize: 576,
    headCount: 9,
    kvHeadCount: 3,
    headDim: 64,
    ffnSize: 1536,
    vocabSize: 49152,
    normEps: 1e-5,
    rope: { theta: 1e5, scaling: { kind: 'none' } },
    tiedEmbeddings: true,
    contextLength: 2048,
  };
  const PARTS = {
    lora: { kind: 'lora', rank: 8, loraAlpha: 16, matrices: MATRIX_NAMES },
    full: { kind: 'full', norms: false },
  };
  const request = (kind: 'lora' | 'full', backend: 'node' | 'wasm', length = 64, part: object = {}) => ({
    spec,
    backend,
    params: {
      method: 'full',
      part: { ...PARTS[kind], ...part },
      optimiser: { batchSize: 4, accumulation: 1 },
    } as unknown as TrainParams,
    plan: {
      rows: Array.from({ length: 9 }, () => ({ ids: new Int32Array(length), responseStart: 0, cut: false })),
      safetyRows: [],
      options: { trains: Array(30).fill(true) },
    },
  });

  it('counts what can be counted: weights, parameters, gradients, moments', () => {
    const { memory } = estimateMemory(request('full', 'node'));
    expect(memory.weights).toBe(4 * (30 * 3_538_944 + 49152 * 576));
    expect(memory.parameters).toBe(4 * 30 * 3_538_944);
    expect(memory.moments).toBe(2 * memory.parameters);
    const { total, ...parts } = memory;
    expect(total).toBe(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0));
    // Rank 8: for each matrix 8 (in + out).
    const lora = 8 * (2 * (576 + 576) + 2 * (576 + 192) + 3 * (576 + 1536));
    expect(estimateMemory(request('lora', 'node')).memory.parameters).toBe(4 * 30 * lora);
    // A tied head is the embedding, however it is named; norms count too.
    const ends = { norms: true, ends: ['embedding', 'head', 'finalNorm'] };
    expect(estimateMemory(request('full', 'node', 64, ends)).memory.parameters).toBe(
      4 * (30 * (3_538_944 + 2 * 576) + 49152 * 576 + 576),
    );
  });

  it('keeps activations for speed where there is room, and needs none', () => {
    const whole = estimateMemory(request('lora', 'node'));
    // By layer and position: q 576, k and v 192 each, probabilities 9 · 64, attended 576, gate and up 1536 each.
    expect(whole.keptBytes).toBe(30 * 4 * 4 * 64 * (576 + 2 * 192 + 9 * 64 + 576 + 2 * 1536));
    const needed = whole.memory.total - whole.keptBytes;
    const tight = { ...request('lora', 'node'), limitBytes: needed + 1000 };
    expect(estimateMemory(tight).keptBytes).toBe(1000);
    expect(estimateMemory({ ...tight, limitBytes: needed - 1 }).keptBytes).toBe(0);
    expect(() => checkMemory(whole, 'node', needed)).not.toThrow();
    expect(() => checkMemory(whole, 'node', needed - 1)).toThrow(/needs about/);
  });

  it('refuses embedding and head where the layers alone would fit', () => {
    const [layers, ends] = [{}, { ends: ['embedding'] }].map((part) =>
      estimateMemory(request('full', 'node', 64, part)),
    );
    const needed = ({ memory, keptBytes }: typeof layers & object) => memory.total - keptBytes;
    // Parameter, gradient, two moments, and three of these twice in a checkpoint.
    expect(needed(ends!) - needed(layers!)).toBeGreaterThanOrEqual(10 * 4 * 49152 * 576);
    const limit = (needed(layers!) + needed(ends!)) / 2;
    expect(() => checkMemory(layers!, 'node', limit)).not.toThrow();
    expect(() => checkMemory(ends!, 'node', limit)).toThrow(/needs about \d\.\d GB/);
  });

  it("refuses on WebAssembly a batch whose loss does not fit into its heap, whatever the machine's memory", () => {
    const estimate = estimateMemory(request('lora', 'wasm', 1024));
    expect(() => checkMemory(estimate, 'wasm', null)).toThrow(/of WebAssembly/);
    expect(() => checkMemory(estimate, 'node', null)).not.toThrow();
  });
});

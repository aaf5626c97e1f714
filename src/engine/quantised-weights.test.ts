/**
 * Matrices that stay quantised: every type's product is that of its dequantised weights, an engine of them answers like a
 * float32 one whatever is asked of it, and turned into float32 it is one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { quantisedLinear } from '@/kernels/quantised-linear.ts';
import { readAdapter } from '@/model/adapter.ts';
import { openGguf, readGgufFloats, readGgufPacked } from '@/model/gguf.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import { openGgufEngine } from '../../tests/parity/tiny-models.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { compareEngines } from './parity.ts';
import { formOf, uploadMatrix } from './quantised-weights.ts';
import { CountingBackend } from './testing/counting-backend.ts';
import { maxAbs, ROUNDING, SEQUENCES } from './testing/tiny-llama.ts';

describe.each(['quant_types', 'k_quants'])('%s', (name) => {
  it('products of every quantised type are those of the dequantised matrix', async () => {
    const backend = await createNodeBackend({ threads: 1 });
    const file = await openGguf(diskFile(`tests/fixtures/gguf/${name}.gguf`));
    let types = 0;
    for (const { name: tensor, dims } of file.tensors.values()) {
      const packed = await readGgufPacked(file, tensor);
      if (!packed) continue;
      types++;
      const [out, input] = dims as [number, number];
      const rows = Float32Array.from({ length: 3 * input }, (_, i) => Math.sin(0.37 * i));
      const graph = new GraphBuilder();
      const x = graph.input('x', 'float32', ['N', input]);
      const y = quantisedLinear(graph, x, 'w', [out, input], formOf(packed)!);
      graph.output(y, 'y', 'float32', ['N', out]);
      const kernel = await backend.compile(graph.encode());
      const inputs = uploadMatrix(backend, 'w', packed, [out, input]);
      const outputs = await backend.run(kernel, { ...inputs, x: backend.upload(rows, [3, input]) });
      const product = await backend.read(outputs.y!);
      const weights = await readGgufFloats(file, tensor);
      for (let n = 0; n < 3; n++) {
        for (let o = 0; o < out; o++) {
          let [sum, size] = [0, 0];
          for (let i = 0; i < input; i++) {
            const term = rows[n * input + i]! * weights[o * input + i]!;
            sum += term;
            size += Math.abs(term);
          }
          expect(Math.abs(product[n * out + o]! - sum), tensor).toBeLessThanOrEqual(2e-6 * size);
        }
      }
    }
    await backend.close();
    expect(types).toBe(5);
  });
});

describe('an engine of quantised weights', () => {
  const counter = new CountingBackend();
  let stored: LayerEngine;
  let float: LayerEngine;
  const source = () => diskFile('tests/fixtures/gguf/tiny_llama_q8_0.gguf');
  beforeAll(async () => {
    stored = await openGgufEngine(counter.wrap(await createNodeBackend({ threads: 1 })), source(), 'stored');
    float = await openGgufEngine(await createNodeBackend({ threads: 1 }), source());
    for (const engine of [stored, float])
      engine.addAdapter(
        await readAdapter(diskFiles('tests/fixtures/llama/lora/final'), engine.info.spec, 'final'),
      );
  });
  afterAll(() => Promise.all([stored, float].map((engine) => engine?.close())));

  const SCALE = [{ first: 1, last: 3, alpha: 1.3, matrices: MATRIX_NAMES }];
  const SETTINGS: Record<string, ModelSetting> = {
    plain: { adapters: [], scale: [] },
    'scaled, with an adapter': { adapters: ['final'], scale: SCALE },
    'with noise': {
      adapters: ['final'],
      scale: [],
      perturb: [{ first: 2, last: 3, matrices: MATRIX_NAMES, strength: 0.2, seed: 1 }],
    },
  };

  it('says what it holds', () => {
    expect(stored.info.precision).toBe('stored');
    expect(float.info.precision).toBe('float32');
  });

  it.each(Object.keys(SETTINGS))('answers like the float32 one: %s', async (name) => {
    const setting = SETTINGS[name]!;
    const [own, want] = [await stored.logits(SEQUENCES, setting), await float.logits(SEQUENCES, setting)];
    expect(maxAbs(own, want)).toBeLessThan(ROUNDING);
    const [states, wanted] = [
      await stored.hiddenStates(SEQUENCES, setting),
      await float.hiddenStates(SEQUENCES, setting),
    ].map((all) => all!.map(({ hidden }) => hidden));
    expect(maxAbs(states!, wanted!)).toBeLessThan(10 * ROUNDING);
  });

  it('scores text like the float32 one', async () => {
    const texts = SEQUENCES.map((ids) => ({ ids: Int32Array.from(ids), from: 2 }));
    const plain = SETTINGS.plain!;
    const [own, want] = [await stored.logProbs(texts, plain), await float.logProbs(texts, plain)];
    own.forEach((value, n) => {
      expect(Math.abs(value - want[n]!)).toBeLessThan(10 * ROUNDING);
    });
  });

  it('compared with it prompt by prompt, differs by rounding alone and says so', async () => {
    const done: number[] = [];
    const parity = await compareEngines(stored, float, SEQUENCES, (n) => done.push(n));
    expect(done).toEqual([1, 2, 3, 4]);
    expect(parity).toMatchObject({ promptCount: 4, sameTokens: 4 });
    expect(parity.maxAbsLogit).toBeGreaterThan(0);
    expect(parity.maxAbsLogit).toBeLessThan(ROUNDING);
    expect(parity.maxRelHidden).toBeLessThan(ROUNDING);
    const scaled = [{ first: 2, last: 2, alpha: 1.01, matrices: MATRIX_NAMES }];
    const other: Pick<LayerEngine, 'logits' | 'hiddenStates'> = {
      logits: (ids, setting, options) => float.logits(ids, { ...setting, scale: scaled }, options),
      hiddenStates: (ids, setting, options) =>
        float.hiddenStates(ids, { ...setting, scale: scaled }, options),
    };
    const apart = await compareEngines(other as LayerEngine, float, SEQUENCES);
    // A hundredth on one layer is seen.
    expect(apart.maxAbsLogit).toBeGreaterThan(10 * parity.maxAbsLogit);
    expect(apart.maxRelHidden).toBeGreaterThan(1e-4);
  });

  it('turned into float32 it is the float32 one to the last bit, and its codes are released', async () => {
    const before = counter.live.size;
    const quantised = [...counter.live].filter(({ type }) => type === 'uint8').length;
    // Seven matrices of six layers, and the head.
    expect(quantised).toBe(7 * 6 + 1);
    await stored.holdFloats();
    expect(stored.info.precision).toBe('float32');
    expect([...counter.live].filter(({ type }) => type === 'uint8')).toEqual([]);
    expect(counter.live.size).toBeLessThan(before);
    for (const setting of [SETTINGS.plain!, SETTINGS['scaled, with an adapter']!])
      expect(maxAbs(await stored.logits(SEQUENCES, setting), await float.logits(SEQUENCES, setting))).toBe(0);
  });
});

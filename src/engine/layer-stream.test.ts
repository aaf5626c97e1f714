/** Streamed layers: the same numbers to the last bit, each layer read once per pass, nothing left on the device afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { readAdapter } from '@/model/adapter.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { MATRIX_NAMES, type WeightReader } from '@/model/spec.ts';
import { engineOn } from './create-engine.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { CountingBackend } from './testing/counting-backend.ts';
import { SEQUENCES } from './testing/tiny-llama.ts';

const LAYERS = 6;
const counter = new CountingBackend();
const reads: number[] = [];
let streamed: LayerEngine;
let resident: LayerEngine;

async function open(
  precision: 'float32' | 'stored',
  residency: 'memory' | 'streamed',
  backend = createNodeBackend({ threads: 1 }),
) {
  const file = await openGguf(diskFile('tests/fixtures/gguf/tiny_llama_q8_0.gguf'));
  const { spec, weights } = await openGgufModel(file);
  const counted: WeightReader = {
    ...weights,
    layer: (index) => {
      if (residency === 'streamed') reads.push(index);
      return weights.layer(index);
    },
  };
  const engine = await engineOn(await backend, { spec, weights: counted }, { precision, residency });
  engine.addAdapter(await readAdapter(diskFiles('tests/fixtures/llama/lora/final'), spec, 'final'));
  return engine;
}

beforeAll(async () => {
  streamed = await open(
    'float32',
    'streamed',
    createNodeBackend({ threads: 1 }).then((one) => counter.wrap(one)),
  );
  resident = await open('float32', 'memory');
});
afterAll(() => Promise.all([streamed, resident].map((engine) => engine?.close())));

const scale = [{ first: 1, last: 3, alpha: 1.3, matrices: MATRIX_NAMES }];
const SETTINGS: Record<string, ModelSetting> = {
  plain: { adapters: [], scale: [] },
  'scaled, with an adapter': { adapters: ['final'], scale },
  'with noise': {
    adapters: ['final'],
    scale: [],
    perturb: [{ first: 2, last: 3, matrices: MATRIX_NAMES, strength: 0.2, seed: 1 }],
  },
  'without two layers': { adapters: [], scale: [], skip: [2, 3] },
};

describe('streamed layers', () => {
  it('are said to be streamed', () => {
    expect([streamed.info.residency, resident.info.residency]).toEqual(['streamed', 'memory']);
  });

  it.each(Object.keys(SETTINGS))('answer to the last bit as those in memory: %s', async (name) => {
    const setting = SETTINGS[name]!;
    expect(await streamed.logits(SEQUENCES, setting)).toEqual(await resident.logits(SEQUENCES, setting));
    const options = { maxNewTokens: 4, stopIds: [] };
    expect(await streamed.generate(SEQUENCES, setting, options)).toEqual(
      await resident.generate(SEQUENCES, setting, options),
    );
    expect(await streamed.hiddenStates(SEQUENCES, setting)).toEqual(
      await resident.hiddenStates(SEQUENCES, setting),
    );
  });

  it('are read once each in a pass, in their order', async () => {
    await streamed.removeAdapter('nobody');
    reads.length = 0;
    await streamed.logits([SEQUENCES[0]!], SETTINGS.plain!);
    expect(reads).toEqual([...Array(LAYERS).keys()]);
  });

  it('leave nothing on the device, finished or cancelled anywhere', async () => {
    const setting = SETTINGS['scaled, with an adapter']!;
    const clear = () => streamed.removeAdapter('nobody').then(() => counter.live.size);
    await streamed.logits(SEQUENCES, setting);
    const before = await clear();
    const cancelled = await counter.cancelEverywhere(
      (signal) => streamed.logits(SEQUENCES, setting, { signal }),
      async (at) => expect(await clear(), `during run ${at}`).toBe(before),
    );
    expect(cancelled).toBeGreaterThan(LAYERS);
  });

  it('may stay quantised as well', async () => {
    const [both, stored] = [await open('stored', 'streamed'), await open('stored', 'memory')];
    expect(await both.logits(SEQUENCES, SETTINGS.plain!)).toEqual(
      await stored.logits(SEQUENCES, SETTINGS.plain!),
    );
    await Promise.all([both.close(), stored.close()]);
  });

  it('come to stay when training asks for them', async () => {
    await streamed.holdFloats();
    expect(streamed.info.residency).toBe('memory');
    reads.length = 0;
    expect(await streamed.logits(SEQUENCES, SETTINGS.plain!)).toEqual(
      await resident.logits(SEQUENCES, SETTINGS.plain!),
    );
    expect(reads).toEqual([]);
  });

  it('that cannot be read end the call with the reason, and the next call works', async () => {
    const file = await openGguf(diskFile('tests/fixtures/gguf/tiny_llama_q8_0.gguf'));
    const { spec, weights } = await openGgufModel(file);
    let broken = true;
    const layer: WeightReader['layer'] = (index) =>
      broken && index === 3 ? Promise.reject(new Error('the disk is gone')) : weights.layer(index);
    const engine = await engineOn(
      await createNodeBackend({ threads: 1 }),
      { spec, weights: { ...weights, layer } },
      {
        precision: 'float32',
        residency: 'streamed',
      },
    );
    await expect(engine.logits(SEQUENCES, SETTINGS.plain!)).rejects.toThrow('the disk is gone');
    broken = false;
    expect(await engine.logits(SEQUENCES, SETTINGS.plain!)).toEqual(
      await resident.logits(SEQUENCES, SETTINGS.plain!),
    );
    await engine.close();
  });
});

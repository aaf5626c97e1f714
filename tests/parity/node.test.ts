/** On onnxruntime-node every reference value is met. Tolerance: ten times the reference's own error. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import {
  measureAdapter,
  measureForward,
  measureGguf,
  measureScaled,
  measureSmol,
  measureSmolLogits,
} from './measure.ts';
import { openGgufEngine, openTiny, TINY_MODELS } from './tiny-models.ts';
import { expectWithin, toleranceOf } from './tolerances.ts';

const BUNDLED = 'public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';

describe.each(TINY_MODELS)('%s on node', (name) => {
  const folder = diskFiles(`tests/fixtures/${name}`);
  let engine: LayerEngine;

  beforeAll(async () => {
    const backend = await createNodeBackend({ threads: 2 });
    engine = await openTiny(
      backend,
      diskFiles(`tests/fixtures/${name}/model`),
      diskFiles(`tests/fixtures/${name}/lora/final`),
    );
  });
  afterAll(() => engine?.close());

  it('gives the reference hidden states, logits, attention and greedy tokens', async () => {
    const measured = await measureForward(engine, folder);
    expectWithin(measured, toleranceOf(name, 'forward'));
    expect(measured.greedy).toEqual({ equal: 5, total: 5 });
  });

  it('gives the reference values when weight matrices are scaled', async () => {
    expectWithin(await measureScaled(engine, folder), toleranceOf(name, 'scale'));
  });

  it('gives the logits of base, adapter and merged adapter', async () => {
    expectWithin(await measureAdapter(engine, folder, 'final'), toleranceOf(name, 'adapter'));
  });
});

// Shards and bfloat16 are other bytes for the same computation.
test.each([
  ['qwen2', 'model-sharded', 'forward'],
  ['qwen3', 'model-bf16', 'forward_bf16'],
])('%s/%s on node: the reference values', async (name, checkpoint, stem) => {
  const backend = await createNodeBackend({ threads: 2 });
  const engine = await openTiny(backend, diskFiles(`tests/fixtures/${name}/${checkpoint}`));
  const measured = await measureForward(engine, diskFiles(`tests/fixtures/${name}`), stem, false);
  await engine.close();
  expectWithin(measured, toleranceOf(name, 'forward'));
  expect(measured.greedy).toEqual({ equal: 5, total: 5 });
});

describe.each(['tiny_llama_f16', 'tiny_llama_q8_0'])('gguf/%s on node', (name) => {
  it('gives the reference values with the dequantised weights', async () => {
    const folder = diskFiles('tests/fixtures/gguf');
    const backend = await createNodeBackend({ threads: 2 });
    const engine = await openGgufEngine(backend, diskFile(`tests/fixtures/gguf/${name}.gguf`));
    const measured = await measureGguf(engine, folder, `${name}.gguf`);
    await engine.close();
    expectWithin(measured, toleranceOf(`gguf ${name}`, 'forward'));
    expect(measured.greedy).toEqual({ equal: 5, total: 5 });
  });
});

// Made by tests/python/make_gguf_fixtures.py: llama.cpp's names, keys, norms and row orders of each family.
test.each(TINY_MODELS.filter((name) => !name.startsWith('llama')))(
  '%s as GGUF on node: the reference values with the dequantised weights',
  async (name) => {
    const folder = `tests/fixtures/${name}/gguf`;
    const engine = await openGgufEngine(
      await createNodeBackend({ threads: 2 }),
      diskFile(`${folder}/tiny_f16.gguf`),
    );
    const measured = await measureForward(engine, diskFiles(folder), 'forward', false);
    await engine.close();
    expectWithin(measured, toleranceOf(name, 'forward'));
    expect(measured.greedy).toEqual({ equal: 5, total: 5 });
  },
);

describe('the bundled model, its matrices quantised as the file has them', () => {
  it('gives the reference logits, in at most 1.15 times the bytes of the file', async () => {
    const backend = await createNodeBackend({ threads: 2 });
    let deviceBytes = 0;
    const upload = backend.upload.bind(backend);
    backend.upload = (data, dims) => {
      deviceBytes += data.byteLength;
      return upload(data, dims);
    };
    const file = diskFile(BUNDLED);
    const engine = await openGgufEngine(backend, file, 'stored');
    expect(deviceBytes).toBeLessThanOrEqual(1.15 * file.sizeBytes);
    expect(deviceBytes).toBeGreaterThan(file.sizeBytes);
    const measured = await measureSmolLogits(engine, diskFiles('tests/fixtures/smollm2'), 'chat', 4);
    await engine.close();
    expectWithin(measured, toleranceOf('smollm2', 'forward'));
  });
});

describe('the bundled model on node', () => {
  const folder = diskFiles('tests/fixtures/smollm2');
  let engine: LayerEngine;
  beforeAll(async () => {
    engine = await openGgufEngine(await createNodeBackend({ threads: 2 }), diskFile(BUNDLED));
  });
  afterAll(() => engine?.close());

  it.each(['chat', 'alpaca'] as const)(
    'gives the reference hidden states, logits and greedy answers under %s',
    async (template) => {
      const measured = await measureSmol(engine, folder, template);
      expectWithin(measured, toleranceOf('smollm2', 'forward'));
      expect(measured.greedy).toEqual({ equal: 24, total: 24 });
    },
  );
});

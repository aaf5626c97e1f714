/** On onnxruntime-node every reference value of the tiny llamas is met. Tolerance: ten times the reference's own error. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { diskFiles } from '@/model/node-files.ts';
import { measureAdapter, measureForward, measureScaled } from './measure.ts';
import { openTiny } from './tiny-models.ts';
import { expectWithin, toleranceOf } from './tolerances.ts';

describe.each(['llama', 'llama-rope3'])('%s on node', (name) => {
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

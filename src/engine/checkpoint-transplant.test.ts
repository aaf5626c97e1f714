/**
 * Layers of two checkpoints exchanged. The second one is the tiny llama with its adapter merged in, so that exchanging whole
 * layers must give what keeping the adapter to those layers gives.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { readAdapter } from '@/model/adapter.ts';
import type { AdapterData, LoraPair } from '@/model/adapter-spec.ts';
import { ARCHITECTURES } from '@/model/architectures.ts';
import { readCheckpointAdapter } from '@/model/checkpoint-adapter.ts';
import { memoryFiles } from '@/model/memory-source.ts';
import { diskFiles } from '@/model/node-files.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { openCheckpoint } from '@/model/tensor-store.ts';
import { openTiny } from '../../tests/parity/tiny-models.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { maxAbs, openTinyLlama, ROUNDING, SEQUENCES } from './testing/tiny-llama.ts';

const FOLDER = 'tests/fixtures/llama';
const BASE: ModelSetting = { adapters: [], scale: [] };
/** Whole second checkpoint. */
const SECOND: ModelSetting = { adapters: ['second'], scale: [] };
/** The same as an adapter on the first. */
const ADAPTED: ModelSetting = { adapters: ['final'], scale: [] };

let engine: LayerEngine;
let merged: ReturnType<typeof memoryFiles>;
beforeAll(async () => {
  engine = await openTinyLlama(await createNodeBackend({ threads: 1 }));
  const { spec } = engine.info;
  merged = await mergedCheckpoint(await readAdapter(diskFiles(`${FOLDER}/lora/final`), spec));
  engine.addAdapter(await readCheckpointAdapter(merged, spec, 'second'));
});
afterAll(() => engine?.close());

/** The fixture's checkpoint with W + s·B·A in the place of W. */
async function mergedCheckpoint(adapter: AdapterData) {
  const model = diskFiles(`${FOLDER}/model`);
  const store = await openCheckpoint(model);
  const names = ARCHITECTURES.llama!.safetensors;
  const updates = new Map<string, LoraPair>();
  adapter.layers.forEach((layer, at) => {
    for (const { module, parts } of names.projections) {
      const pair = layer[parts[0]!];
      if (pair) updates.set(`${names.layer(at)}${module}.weight`, pair);
    }
  });
  expect(updates.size).toBeGreaterThan(0);
  const tensors = new Map<string, WritableTensor>();
  const config = await model.open('config.json');
  for (const tensor of tensorNames(engine.info.spec.layerCount)) {
    const dims = store.dims(tensor);
    if (!dims) continue;
    const data = (await store.floats(tensor)).slice();
    const pair = updates.get(tensor);
    if (pair) addProduct(data, pair, dims[1]!);
    tensors.set(tensor, { dtype: 'F32', dims, data });
  }
  const files = new Map([
    ['model.safetensors', writeSafetensors(tensors)],
    ['config.json', await config!.read(0, config!.sizeBytes)],
  ]);
  return memoryFiles(files, 'merged');
}

function tensorNames(layerCount: number): string[] {
  const { layer, attentionNorm, ffnNorm, projections, embedding, finalNorm, head } =
    ARCHITECTURES.llama!.safetensors;
  const layers = Array.from({ length: layerCount }, (_, at) => [
    ...[attentionNorm, ffnNorm].map((norm) => layer(at) + norm),
    ...projections.map(({ module }) => `${layer(at)}${module}.weight`),
  ]);
  return [embedding, ...layers.flat(), finalNorm, head];
}

function addProduct(weight: Float32Array, { rank, scaling, a, b }: LoraPair, columns: number): void {
  for (let at = 0; at < weight.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += b[row * rank + r]! * a[r * columns + column]!;
    weight[at]! += scaling * sum;
  }
}

describe('a second checkpoint', () => {
  it('as a whole is that checkpoint, bit for bit; with none of its layers the first one is', async () => {
    const own = await openTiny(await createNodeBackend({ threads: 1 }), merged);
    expect(maxAbs(await engine.logits(SEQUENCES, SECOND), await own.logits(SEQUENCES, BASE))).toBe(0);
    await own.close();
    const none = await engine.logits(SEQUENCES, { ...SECOND, adapterLayers: [] });
    expect(maxAbs(none, await engine.logits(SEQUENCES, BASE))).toBe(0);
  });

  // The adapter was trained in layers 0, 1, 4 and 5.
  it.each<[string, Partial<ModelSetting>]>([
    ['only the first layers', { adapterLayers: [0, 1, 2] }],
    ['only the last', { adapterLayers: [5] }],
    ['all but some', { baseLayers: [0, 4] }],
    [
      'one of each, scaled',
      { adapterLayers: [1, 4], scale: [{ first: 1, last: 3, alpha: 1.2, matrices: MATRIX_NAMES }] },
    ],
  ])('%s: what the adapter kept to those layers gives', async (_, layers) => {
    const here = await engine.logits(SEQUENCES, { ...SECOND, ...layers });
    expect(maxAbs(here, await engine.logits(SEQUENCES, { ...ADAPTED, ...layers }))).toBeLessThan(ROUNDING);
    expect(maxAbs(here, await engine.logits(SEQUENCES, SECOND))).toBeGreaterThan(1e-3);
  });

  it('of another shape is refused, with what differs', async () => {
    const other = diskFiles('tests/fixtures/qwen2/model');
    await expect(readCheckpointAdapter(other, engine.info.spec, 'x')).rejects.toMatchObject({
      code: 'adapter-mismatch',
      message: expect.stringMatching(/not of the open model's shape: it has .*architecture "qwen2"/),
    });
  });
});

import { expect, test } from 'vitest';
import { TINY_MODELS } from '../../tests/parity/tiny-models.ts';
import { readAdapter } from './adapter.ts';
import { ARCHITECTURES } from './architectures.ts';
import { specFromConfig } from './config.ts';
import { diskFiles } from './node-files.ts';
import type { FamilyFeatures } from './spec.ts';
import { checkpointReader, openCheckpoint, readText } from './tensor-store.ts';

const fixtures = new URL('../../tests/fixtures/', import.meta.url).pathname;

async function open(folder: string) {
  const files = diskFiles(folder);
  const spec = specFromConfig(await readText((await files.open('config.json'))!));
  const store = await openCheckpoint(files);
  return { spec, reader: checkpointReader(spec, ARCHITECTURES[spec.architecture]!, store) };
}

test.each(TINY_MODELS)('%s: both forms of config.json give one spec', async (name) => {
  const files = diskFiles(`${fixtures}${name}`);
  const old = specFromConfig(await readText((await files.open('config_v4.json'))!));
  const { spec } = await open(`${fixtures}${name}/model`);
  expect(old).toEqual(spec);
});

/** What each folder exercises, from the fixtures' README. */
const FEATURES: Record<(typeof TINY_MODELS)[number], FamilyFeatures> = {
  llama: {},
  'llama-rope3': {},
  mistral: { windows: [12, 12, 12, 12, 12, 12] },
  qwen2: { biases: ['q', 'k', 'v'] },
  qwen3: { qkNorm: true },
  gemma: { activation: 'geluTanh', embeddingScale: 8, normCentre: 1 },
  gemma2: {
    activation: 'geluTanh',
    embeddingScale: 8,
    normCentre: 1,
    postNorms: true,
    attentionScale: 20 ** -0.5,
    attentionSoftcap: 4,
    finalSoftcap: 6,
    windows: [10, null, 10, null, 10, null],
  },
  gemma3_text: {
    activation: 'geluTanh',
    embeddingScale: 8,
    normCentre: 1,
    postNorms: true,
    qkNorm: true,
    attentionScale: 20 ** -0.5,
    windows: [8, 8, null, 8, 8, null],
    windowRope: { theta: 1e4, scaling: { kind: 'none' } },
  },
  phi3: {
    fused: [
      ['q', 'k', 'v'],
      ['gate', 'up'],
    ],
  },
};

test.each(TINY_MODELS)(
  '%s: what its layers compute differently from llama is read from config.json',
  async (name) => {
    const { spec } = await open(`${fixtures}${name}/model`);
    const {
      architecture,
      layerCount,
      hiddenSize,
      headCount,
      kvHeadCount,
      headDim,
      ffnSize,
      vocabSize,
      ...rest
    } = spec;
    const { normEps, rope, tiedEmbeddings, contextLength, ...features } = rest;
    const { attentionScale, ...exact } = FEATURES[name];
    expect(features).toEqual({
      ...exact,
      ...(attentionScale && { attentionScale: expect.closeTo(attentionScale, 12) }),
    });
    expect(rope.scaling.kind).toBe(name === 'llama-rope3' ? 'llama3' : 'none');
  },
);

test.each(['llama', 'llama-rope3'])('%s: every weight has the size its dims give', async (name) => {
  const { spec, reader } = await open(`${fixtures}${name}/model`);
  expect((await reader.embedding()).length).toBe(spec.vocabSize * spec.hiddenSize);
  expect((await reader.head())?.length).toBe(name === 'llama' ? undefined : spec.vocabSize * spec.hiddenSize);
  const layer = await reader.layer(spec.layerCount - 1);
  expect(layer.matrices.k.length).toBe(32 * 64);
  expect(layer.ffnNorm.length).toBe(64);
  await expect(reader.layer(spec.layerCount)).rejects.toThrow('There is no layer 6');
});

test('a PEFT adapter fills exactly the layers it was trained on', async () => {
  const { spec } = await open(`${fixtures}llama/model`);
  const adapter = await readAdapter(diskFiles(`${fixtures}llama/lora/final`), spec);
  expect(adapter.layers.map((layer) => Object.keys(layer).length)).toEqual([7, 7, 0, 0, 7, 7]);
  const { rank, scaling, a, b } = adapter.layers[5]!.down!;
  expect([rank, scaling, a.length, b.length]).toEqual([4, 2, 4 * 192, 64 * 4]);
});

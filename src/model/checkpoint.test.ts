import { expect, test } from 'vitest';
import { readAdapter } from './adapter.ts';
import { ARCHITECTURES } from './architectures.ts';
import { specFromConfig } from './config.ts';
import { diskFiles } from './node-files.ts';
import { checkpointReader, openCheckpoint, readText } from './tensor-store.ts';

const fixtures = new URL('../../tests/fixtures/', import.meta.url).pathname;

async function open(folder: string) {
  const files = diskFiles(folder);
  const spec = specFromConfig(await readText((await files.open('config.json'))!));
  const store = await openCheckpoint(files);
  return { spec, reader: checkpointReader(spec, ARCHITECTURES[spec.architecture]!, store) };
}

test.each(['llama', 'llama-rope3'])('%s: both forms of config.json give one spec', async (name) => {
  const files = diskFiles(`${fixtures}${name}`);
  const old = specFromConfig(await readText((await files.open('config_v4.json'))!));
  const { spec } = await open(`${fixtures}${name}/model`);
  expect(old).toEqual(spec);
  expect(spec.rope.scaling.kind).toBe(name === 'llama' ? 'none' : 'llama3');
});

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

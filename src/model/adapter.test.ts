import { describe, expect, test } from 'vitest';
import { ADAPTER_CONFIG, readAdapter } from './adapter.ts';
import type { AdapterData, LoraPair } from './adapter-spec.ts';
import { toPeftFiles } from './adapter-writer.ts';
import { AppError } from './app-error.ts';
import { specFromConfig } from './config.ts';
import { memoryFiles } from './memory-source.ts';
import { diskFiles } from './node-files.ts';
import type { MatrixName, ModelSpec } from './spec.ts';
import { matrixDims } from './spec.ts';
import { readText } from './tensor-store.ts';
import { readWhole } from './whole-file.ts';

const bad = diskFiles(new URL('../../tests/fixtures/bad', import.meta.url).pathname);
const spec: ModelSpec = specFromConfig(await readText((await bad.open('mini/config.json'))!));
const files = new Map<string, Uint8Array>();
for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
  files.set(name, (await readWhole((await bad.open(`adapter_valid/${name}`))!)).bytes);
}

/** adapter_valid with some keys of its configuration changed. */
function read(changes: Record<string, unknown>): Promise<AdapterData> {
  const config = { ...JSON.parse(new TextDecoder().decode(files.get(ADAPTER_CONFIG))), ...changes };
  const changed = new Map(files).set(ADAPTER_CONFIG, new TextEncoder().encode(JSON.stringify(config)));
  return readAdapter(memoryFiles(changed, 'adapter'), spec);
}

describe('scaling', () => {
  test('is lora_alpha / r, or lora_alpha / sqrt(r) with rslora', async () => {
    expect((await read({})).layers[1]!.down!.scaling).toBe(2);
    expect((await read({ use_rslora: true })).layers[1]!.down!.scaling).toBe(4);
  });

  test('alpha_pattern matches the end of a module path, the first pattern wins', async () => {
    const { layers } = await read({ alpha_pattern: { 'layers.1.mlp.down_proj': 40, down_proj: 4 } });
    expect([layers[0]!.down!.scaling, layers[1]!.down!.scaling, layers[1]!.up!.scaling]).toEqual([1, 10, 2]);
  });

  test('rank_pattern is checked against the tensors', async () => {
    await expect(read({ rank_pattern: { up_proj: 2 } })).rejects.toThrow(
      'says r=2, the tensors of up_proj have rank 4',
    );
    await expect(read({ r: 9, rank_pattern: { '.*_proj': 4 } })).resolves.toBeDefined();
  });
});

test.each([
  [{ use_dora: true }, /use_dora is not supported/],
  [{ bias: 'all' }, /bias "all" is not supported/],
  [{ modules_to_save: ['lm_head'] }, /modules_to_save is not supported/],
  [{ peft_type: 'IA3' }, /IA3 adapters are not supported/],
  [
    { target_modules: ['q_proj'], layers_to_transform: [0, 5] },
    /names model\.layers\.5\.self_attn\.q_proj, but/,
  ],
  [{ lora_alpha: 'two' }, /lora_alpha is "two", not a positive number/],
  [{ alpha_pattern: { '(': 1 } }, /the pattern \( is not valid/],
])('%j is refused with the reason', async (changes, words) => {
  const reading = read(changes);
  await expect(reading).rejects.toThrow(words);
  await expect(reading).rejects.toBeInstanceOf(AppError);
});

test('an adapter for a deeper model is refused', async () => {
  const shallow = { ...spec, layerCount: 1 };
  await expect(readAdapter(memoryFiles(files, 'adapter'), shallow)).rejects.toThrow(
    'The adapter changes layer 1, the model has layers 0..0',
  );
});

describe('writing', () => {
  function pair(matrix: MatrixName, rank: number, scaling: number): LoraPair {
    const [out, input] = matrixDims(spec)[matrix];
    const fill = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i + out + rank));
    return { rank, scaling, a: fill(rank * input), b: fill(out * rank) };
  }

  test.each<[string, AdapterData['layers']]>([
    ['one matrix of one layer', [{}, { o: pair('o', 3, 1.5) }]],
    ['all of it alike', [0, 1].map(() => ({ q: pair('q', 4, 2), down: pair('down', 4, 2) }))],
    [
      'ranks, scalings and matrices that differ',
      [{ q: pair('q', 4, 2), up: pair('up', 8, 1) }, { q: pair('q', 2, 0.25) }],
    ],
  ])('%s comes back as it was', async (_, layers) => {
    const written = toPeftFiles({ name: 'mine', sha256: '', layers }, spec, 'tiny/mini');
    const back = await readAdapter(memoryFiles(written, 'folder'), spec, 'mine');
    expect(back.layers).toEqual(layers);
    expect(back.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a layer range becomes layers_to_transform', () => {
    const written = toPeftFiles(
      { name: 'x', sha256: '', layers: [{}, { o: pair('o', 3, 1) }] },
      spec,
      'tiny/mini',
    );
    expect(JSON.parse(new TextDecoder().decode(written.get(ADAPTER_CONFIG)))).toMatchObject({
      r: 3,
      lora_alpha: 3,
      target_modules: ['o_proj'],
      layers_to_transform: [1],
    });
  });

  test('an empty adapter is refused', () => {
    expect(() => toPeftFiles({ name: 'x', sha256: '', layers: [{}, {}] }, spec, 'm')).toThrow('is empty');
  });
});

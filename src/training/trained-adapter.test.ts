/** What a run leaves behind carries the checkpoint's own names and conventions, in every family. */
import { expect, test } from 'vitest';
import { readAdapter } from '@/model/adapter.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { memorySource } from '@/model/memory-source.ts';
import { diskFiles } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { openSafetensors, readFloats } from '@/model/safetensors.ts';
import { openTensors } from '../../tests/parity/measure.ts';
import { adapterFiles, REPLACED_WEIGHTS } from './trained-adapter.ts';

const fixture = (name: string) => diskFiles(`tests/fixtures/${name}`);
const opened = (files: Map<string, Uint8Array>, name: string) =>
  openSafetensors(memorySource(files.get(name)!, name));

test.each(['llama', 'qwen3', 'gemma2', 'phi3'])(
  '%s: a LoRA adapter is written as PEFT wrote it',
  async (name) => {
    const { spec } = await openModel(fixture(`${name}/model`));
    const files = adapterFiles(await readAdapter(fixture(`${name}/lora/final`), spec), spec, `tiny/${name}`);
    const [got, want] = [
      await opened(files, 'adapter_model.safetensors'),
      await openTensors(fixture(name), 'lora/final/adapter_model.safetensors'),
    ];
    expect([...got.entries.keys()].sort()).toEqual([...want.entries.keys()].sort());
    for (const tensor of want.entries.keys()) {
      expect(got.entries.get(tensor)!.dims).toEqual(want.entries.get(tensor)!.dims);
      expect(await readFloats(got, tensor)).toEqual(await readFloats(want, tensor));
    }
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    const all = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
    const fused = ['qkv_proj', 'gate_up_proj', 'o_proj', 'down_proj'];
    expect(config.target_modules.toSorted()).toEqual((name === 'phi3' ? fused : all).toSorted());
    expect(config).toMatchObject({ r: 4, lora_alpha: 8, layers_to_transform: [0, 1, 4, 5] });
  },
);

test('the parts of a fused matrix must share their A', async () => {
  const { spec } = await openModel(fixture('phi3/model'));
  const adapter = await readAdapter(fixture('phi3/lora/final'), spec);
  const layers = adapter.layers.map(({ q, ...layer }) => ({
    ...layer,
    ...(q && { q: { ...q, scaling: 1 } }),
  }));
  expect(() => adapterFiles({ ...adapter, layers }, spec, '')).toThrow(
    'changes the parts of self_attn.qkv_proj in layer 0 differently, which PEFT cannot store',
  );
});

test.each(['llama', 'qwen2', 'gemma3_text', 'phi3'])(
  '%s: whole weights go back under the names and in the form they were read from',
  async (name) => {
    const { spec, weights } = await openModel(fixture(`${name}/model`));
    const replaced: NonNullable<AdapterData['replaced']> = [];
    for (let index = 0; index < spec.layerCount; index++) {
      const { matrices, ...vectors } = await weights.layer(index);
      // Of one layer the norms alone trained.
      replaced.push(index === 2 ? { attentionNorm: vectors.attentionNorm } : { ...matrices, ...vectors });
    }
    const replacedEnds = { embedding: await weights.embedding(), finalNorm: await weights.finalNorm() };
    const adapter = { name, sha256: '', layers: replaced.map(() => ({})), replaced, replacedEnds };
    const got = await opened(adapterFiles(adapter, spec, ''), REPLACED_WEIGHTS);
    const want = await openTensors(fixture(name), 'model/model.safetensors');
    const left = [...want.entries.keys()].filter((tensor) => !got.entries.has(tensor));
    expect(left.filter((tensor) => !tensor.includes('layers.2.') && tensor !== 'lm_head.weight')).toEqual([]);
    expect(left).not.toContain('model.layers.2.input_layernorm.weight');
    for (const [tensor, { dims }] of got.entries) {
      expect(dims).toEqual(want.entries.get(tensor)!.dims);
      const [a, b] = [await readFloats(got, tensor), await readFloats(want, tensor)];
      // Of a norm computed as 1 + w the sum is kept: w itself comes back to float32's precision at 1.
      const tolerance = spec.normCentre && tensor.endsWith('norm.weight') ? 1.2e-7 : 0;
      expect(
        a.every((value, at) => Math.abs(value - b[at]!) <= tolerance),
        tensor,
      ).toBe(true);
    }
  },
);

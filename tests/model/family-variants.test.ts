/** What config.json may say of a family besides the fixtures: defaults of transformers, switches, and what is refused by name. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { specFromConfig } from '@/model/config.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { memorySource } from '@/model/memory-source.ts';
import { windowOf } from '@/model/spec.ts';

type Json = Record<string, unknown>;
const published = (name: string): Json =>
  JSON.parse(readFileSync(`tests/fixtures/${name}/config_v4.json`, 'utf8'));
/** The family's configuration with keys changed, or left out where undefined. */
const spec = (name: string, changes: Json = {}) =>
  specFromConfig(JSON.stringify({ ...published(name), ...changes }));

describe('what is left out or said otherwise', () => {
  test("a window that config.json does not mention is the family's own, null is none", () => {
    expect(spec('mistral', { sliding_window: undefined }).windows).toEqual(new Array(6).fill(4096));
    expect(spec('mistral', { sliding_window: null }).windows).toBeUndefined();
    expect(spec('phi3', { sliding_window: undefined }).windows).toBeUndefined();
    expect(spec('phi3', { sliding_window: 2047 }).windows).toEqual(new Array(6).fill(2047));
    expect(spec('llama', { sliding_window: 9 }).windows).toBeUndefined();
  });

  test('Qwen switches its windows on, and from a layer on', () => {
    const stated = { sliding_window: 32, max_window_layers: 4 };
    expect(spec('qwen2', { ...stated, use_sliding_window: false }).windows).toBeUndefined();
    const on = spec('qwen3', { ...stated, use_sliding_window: true });
    expect([0, 3, 4, 5].map((layer) => windowOf(on, layer))).toEqual([null, null, 32, 32]);
  });

  test('layer_types counts more than any pattern', () => {
    const kinds = ['full_attention', 'full_attention', 'sliding_attention', 'full_attention'];
    const layer_types = [...kinds, 'full_attention', 'sliding_attention'];
    expect(spec('gemma3_text', { layer_types }).windows).toEqual([null, null, 8, null, null, 8]);
    const pattern = { sliding_window_pattern: undefined };
    // Six layers, of which transformers' sixth alone sees everything.
    expect(spec('gemma3_text', pattern).windows).toEqual([8, 8, 8, 8, 8, null]);
  });

  test("soft caps and the attention's scale have the family's defaults, and null switches a cap off", () => {
    const none = { attn_logit_softcapping: undefined, final_logit_softcapping: undefined };
    expect(spec('gemma2', { ...none, query_pre_attn_scalar: undefined })).toMatchObject({
      attentionSoftcap: 50,
      finalSoftcap: 30,
      attentionScale: 1 / 16,
    });
    const off = spec('gemma2', { attn_logit_softcapping: null, final_logit_softcapping: null });
    expect([off.attentionSoftcap, off.finalSoftcap]).toEqual([undefined, undefined]);
    expect(spec('gemma3_text').attentionSoftcap).toBeUndefined();
  });

  test("linear scaling stretches Gemma 3's global layers alone", () => {
    const { rope, windowRope } = spec('gemma3_text', { rope_scaling: { rope_type: 'linear', factor: 8 } });
    expect(rope).toEqual({ theta: 1e6, scaling: { kind: 'linear', factor: 8 } });
    expect(windowRope).toEqual({ theta: 1e4, scaling: { kind: 'none' } });
  });

  test("Gemma's first files call its activation gelu", () => {
    const old = spec('gemma', { hidden_act: 'gelu', hidden_activation: null });
    expect(old.activation).toBe('geluTanh');
    expect(old).toEqual(spec('gemma'));
  });
});

test.each<[string, Json, RegExp]>([
  [
    'phi3',
    { rope_scaling: { type: 'longrope', long_factor: [1], short_factor: [1] } },
    /rope scaling longrope is not supported for phi3/,
  ],
  ['phi3', { rope_scaling: { type: 'su' } }, /rope scaling su is not supported/],
  ['phi3', { partial_rotary_factor: 0.75 }, /partial_rotary_factor other than 1/],
  [
    'qwen2',
    { rope_scaling: { rope_type: 'yarn', factor: 4 } },
    /rope scaling yarn is not supported for qwen2/,
  ],
  ['qwen2', { rope_scaling: { rope_type: 'dynamic', factor: 4 } }, /rope scaling dynamic/],
  ['gemma', { hidden_activation: 'relu' }, /hidden_act relu is not supported for gemma/],
  ['qwen3', { attention_bias: true }, /attention_bias is not supported for qwen3/],
  ['gemma3_text', { use_bidirectional_attention: true }, /use_bidirectional_attention is not supported/],
  [
    'mistral',
    { layer_types: new Array(6).fill('chunked_attention') },
    /layers of the type chunked_attention/,
  ],
  ['gemma2', { layer_types: ['full_attention'] }, /layer_types names 1 layers, num_hidden_layers is 6/],
  ['gemma2', { sliding_window: -3 }, /sliding_window is -3, not a positive number/],
  ['gemma2', { sliding_window: 2.5 }, /sliding_window is 2.5, not an integer/],
  ['gemma2', { attn_logit_softcapping: 'some' }, /attn_logit_softcapping is "some"/],
  ['gemma3_text', { sliding_window_pattern: 0 }, /sliding_window_pattern is 0/],
  ['gemma3_text', { query_pre_attn_scalar: 0 }, /query_pre_attn_scalar is 0/],
  [
    'qwen2',
    { rope_parameters: { full_attention: {}, sliding_attention: {} } },
    /rotary embedding by kind of layer/,
  ],
  ['gemma2', { num_hidden_layers: 1e12 }, /1000000000000 layers cannot be right/],
  ['qwen2', { use_sliding_window: true, max_window_layers: -1 }, /max_window_layers is -1/],
  ['gemma2', { model_type: 'gemma3' }, /model_type gemma3 is not supported/],
])('%s with %j is refused by name', (name, changes, words) => {
  const read = () => spec(name, changes);
  expect(read).toThrow(words);
  expect(read).toThrow(AppError);
});

describe('GGUF', () => {
  /** The file with some bytes of its header replaced by as many others. */
  async function changed(name: string, from: string, to: string) {
    const bytes = new Uint8Array(readFileSync(`tests/fixtures/${name}/gguf/tiny_f16.gguf`));
    const at = Buffer.from(bytes.buffer).indexOf(from);
    expect(at).toBeGreaterThan(0);
    expect(to.length).toBe(from.length);
    bytes.set(new TextEncoder().encode(to), at);
    return openGgufModel(await openGguf(memorySource(bytes, `${name}.gguf`)));
  }

  test.each(['mistral', 'qwen2', 'qwen3', 'gemma', 'gemma2', 'gemma3_text', 'phi3'])(
    '%s has the spec of its checkpoint, whose tensors have other names',
    async (name) => {
      const file = new Uint8Array(readFileSync(`tests/fixtures/${name}/gguf/tiny_f16.gguf`));
      const { spec: got } = await openGgufModel(await openGguf(memorySource(file, name)));
      const { normEps, attentionScale, ...want } = spec(name);
      // In GGUF a Mistral is a llama, and numbers are float32.
      expect(got).toMatchObject({ ...want, ...(name === 'mistral' && { architecture: 'llama' }) });
      expect(got.normEps).toBeCloseTo(normEps, 9);
      if (attentionScale) expect(got.attentionScale).toBeCloseTo(attentionScale, 6);
    },
  );

  test("a softcap or a window that is not written is the family's own", async () => {
    const { spec: capped } = await changed(
      'gemma2',
      'gemma2.attn_logit_softcapping',
      'gemma2.attn_logit_softcappinG',
    );
    expect(capped.attentionSoftcap).toBe(50);
    const { spec: wide } = await changed(
      'gemma2',
      'gemma2.attention.sliding_window',
      'gemma2.attention.sliding_windoW',
    );
    expect(wide.windows).toEqual([4096, null, 4096, null, 4096, null]);
    const { spec: scaled } = await changed('gemma2', 'gemma2.attention.scale', 'gemma2.attention.scalE');
    expect(scaled.attentionScale).toBe(1 / 4);
  });

  test('a window that is no whole number is refused', async () => {
    const bytes = new Uint8Array(readFileSync('tests/fixtures/gemma2/gguf/tiny_f16.gguf'));
    const key = 'gemma2.attention.sliding_window';
    const at = Buffer.from(bytes.buffer).indexOf(key) + key.length;
    const view = new DataView(bytes.buffer);
    // The type of the value, uint32, becomes float32.
    expect(view.getUint32(at, true)).toBe(4);
    view.setUint32(at, 6, true);
    view.setFloat32(at + 4, 10.5, true);
    const opened = openGgufModel(await openGguf(memorySource(bytes, 'gemma2.gguf')));
    await expect(opened).rejects.toThrow('gemma2.attention.sliding_window is 10.5, not an integer');
  });

  test('the missing half of a fused matrix is named', async () => {
    await expect(changed('phi3', 'blk.3.attn_qkv.weight', 'blk.3.attn_qkw.weight')).rejects.toThrow(
      'tensor blk.3.attn_qkv.weight is missing',
    );
    await expect(changed('qwen2', 'blk.0.attn_q.bias', 'blk.0.attn_Q.bias')).rejects.toThrow(
      'tensor blk.0.attn_q.bias is missing',
    );
    await expect(changed('qwen3', 'blk.5.attn_k_norm.weight', 'blk.5.attn_K_norm.weight')).rejects.toThrow(
      'tensor blk.5.attn_k_norm.weight is missing',
    );
  });
});

import { expect, test } from 'vitest';
import { ARCHITECTURES, type TensorNames } from './architectures.ts';
import type { ModelSpec } from './spec.ts';
import { type TensorStore, weightReader } from './tensor-store.ts';

const spec: ModelSpec = {
  architecture: 'llama',
  layerCount: 1,
  hiddenSize: 4,
  headCount: 2,
  kvHeadCount: 1,
  headDim: 2,
  ffnSize: 3,
  vocabSize: 5,
  normEps: 1e-5,
  rope: { theta: 10000, scaling: { kind: 'none' } },
  tiedEmbeddings: true,
  contextLength: 16,
};

/** As phi3 stores them: q, k and v rows in one matrix, gate and up rows in another. */
const fused: TensorNames = {
  ...ARCHITECTURES.llama!.safetensors,
  projections: [
    { module: 'self_attn.qkv_proj', parts: ['q', 'k', 'v'] },
    { module: 'self_attn.o_proj', parts: ['o'] },
    { module: 'mlp.gate_up_proj', parts: ['gate', 'up'] },
    { module: 'mlp.down_proj', parts: ['down'] },
  ],
};

function store(dims: Record<string, number[]>): TensorStore {
  return {
    name: 'folder',
    dims: (tensor) => dims[tensor] ?? null,
    // Row r holds the value r throughout.
    floats: async (tensor) => {
      const [rows = 0, columns = 1] = dims[tensor]!;
      return Float32Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns));
    },
  };
}

const dims = {
  'model.embed_tokens.weight': [5, 4],
  'model.norm.weight': [4],
  'model.layers.0.input_layernorm.weight': [4],
  'model.layers.0.post_attention_layernorm.weight': [4],
  'model.layers.0.self_attn.qkv_proj.weight': [4 + 2 + 2, 4],
  'model.layers.0.self_attn.o_proj.weight': [4, 4],
  'model.layers.0.mlp.gate_up_proj.weight': [6, 4],
  'model.layers.0.mlp.down_proj.weight': [4, 3],
};

test('fused matrices are cut into their parts by rows', async () => {
  const { matrices } = await weightReader(spec, fused, store(dims), { interleavedRope: false }).layer(0);
  const rowsOf = (values: Float32Array, columns: number) => values.filter((_, i) => i % columns === 0);
  expect([...rowsOf(matrices.q, 4)]).toEqual([0, 1, 2, 3]);
  expect([...rowsOf(matrices.k, 4)]).toEqual([4, 5]);
  expect([...rowsOf(matrices.v, 4)]).toEqual([6, 7]);
  expect([...rowsOf(matrices.gate, 4)]).toEqual([0, 1, 2]);
  expect([...rowsOf(matrices.up, 4)]).toEqual([3, 4, 5]);
  expect(matrices.down.length).toBe(12);
});

test('a fused matrix with too few rows is refused before anything is read', () => {
  const short = { ...dims, 'model.layers.0.self_attn.qkv_proj.weight': [7, 4] };
  expect(() => weightReader(spec, fused, store(short), { interleavedRope: false })).toThrow(
    'qkv_proj.weight has shape [7, 4], the configuration asks for [8, 4]',
  );
});

/**
 * The table of architectures: for each one, what its files call things and which variants are supported.
 * A new family of models is a new entry. Not here: reading files (tensor-store.ts, config.ts, gguf-spec.ts).
 */
import type { MatrixName } from './spec.ts';

/** A stored matrix whose rows are those of `parts`, one after the other. More than one part = fused projection. */
export interface Projection {
  /** Module below the layer, e.g. "self_attn.q_proj"; ".weight" is appended. */
  module: string;
  parts: readonly MatrixName[];
}

/** Names of tensors in one file format. */
export interface TensorNames {
  embedding: string;
  finalNorm: string;
  head: string;
  /** Prefix of layer k, with the trailing dot. */
  layer(index: number): string;
  attentionNorm: string;
  ffnNorm: string;
  projections: readonly Projection[];
}

export interface Architecture {
  /** `model_type` in config.json. */
  modelTypes: readonly string[];
  /** `general.architecture` in GGUF. */
  ggufNames: readonly string[];
  ropeKinds: ReadonlyArray<'none' | 'linear' | 'llama3'>;
  /** `hidden_act` in config.json. */
  activations: readonly string[];
  /** config.json switches that must be absent or false, because their tensors have no place in ModelSpec. */
  unsupportedSwitches: readonly string[];
  /** Defaults of transformers' config class, for keys a config.json may leave out. */
  defaults: { normEps: number; ropeTheta: number; contextLength: number; tiedEmbeddings: boolean };
  safetensors: TensorNames;
  gguf: TensorNames;
  /** llama.cpp's converter stores q and k with the two rope halves of each head interleaved. */
  ggufInterleavesRopeRows: boolean;
}

const hubNames: TensorNames = {
  embedding: 'model.embed_tokens.weight',
  finalNorm: 'model.norm.weight',
  head: 'lm_head.weight',
  layer: (index) => `model.layers.${index}.`,
  attentionNorm: 'input_layernorm.weight',
  ffnNorm: 'post_attention_layernorm.weight',
  projections: [
    { module: 'self_attn.q_proj', parts: ['q'] },
    { module: 'self_attn.k_proj', parts: ['k'] },
    { module: 'self_attn.v_proj', parts: ['v'] },
    { module: 'self_attn.o_proj', parts: ['o'] },
    { module: 'mlp.gate_proj', parts: ['gate'] },
    { module: 'mlp.up_proj', parts: ['up'] },
    { module: 'mlp.down_proj', parts: ['down'] },
  ],
};

const ggufNames: TensorNames = {
  embedding: 'token_embd.weight',
  finalNorm: 'output_norm.weight',
  head: 'output.weight',
  layer: (index) => `blk.${index}.`,
  attentionNorm: 'attn_norm.weight',
  ffnNorm: 'ffn_norm.weight',
  projections: [
    { module: 'attn_q', parts: ['q'] },
    { module: 'attn_k', parts: ['k'] },
    { module: 'attn_v', parts: ['v'] },
    { module: 'attn_output', parts: ['o'] },
    { module: 'ffn_gate', parts: ['gate'] },
    { module: 'ffn_up', parts: ['up'] },
    { module: 'ffn_down', parts: ['down'] },
  ],
};

export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: {
    modelTypes: ['llama'],
    ggufNames: ['llama'],
    ropeKinds: ['none', 'linear', 'llama3'],
    activations: ['silu', 'swish'],
    unsupportedSwitches: ['attention_bias', 'mlp_bias'],
    defaults: { normEps: 1e-6, ropeTheta: 10000, contextLength: 2048, tiedEmbeddings: false },
    safetensors: hubNames,
    gguf: ggufNames,
    ggufInterleavesRopeRows: true,
  },
};

export const SUPPORTED_MODELS = Object.values(ARCHITECTURES)
  .flatMap((entry) => entry.modelTypes)
  .join(', ');

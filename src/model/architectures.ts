/**
 * The table of architectures: for each one, what its files call things and which variants are supported.
 * A new family of models is a new entry. Not here: reading files (tensor-store.ts, config.ts, gguf-spec.ts).
 */
import type { FamilyFeatures, MatrixName, NormName } from './spec.ts';

/** A stored matrix whose rows are those of `parts`, one after the other. More than one part = fused projection. */
export interface Projection {
  /** Module below the layer, e.g. "self_attn.q_proj"; ".weight" is appended. */
  module: string;
  parts: readonly MatrixName[];
}

/** Names of tensors in one file format; of norms those that the family has. */
export interface TensorNames extends Partial<Record<NormName, string>> {
  embedding: string;
  finalNorm: string;
  head: string;
  /** Prefix of layer k, with the trailing dot. */
  layer(index: number): string;
  attentionNorm: string;
  ffnNorm: string;
  projections: readonly Projection[];
  /** Stored norms are w where rows are multiplied by w + normOffset. Absent: 0. */
  normOffset?: number;
}

/** Sliding windows as a family has them; what config.json or GGUF says otherwise wins. */
export interface WindowRule {
  /** Default of sliding_window; null = no window. */
  size: number | null;
  /** Every n-th layer sees everything; Infinity = every layer has the window. */
  period: number;
  /** config.json must switch windows on (use_sliding_window), and then layers from max_window_layers on have one. */
  optional?: { firstLayer: number };
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
  defaults: {
    normEps: number;
    ropeTheta: number;
    contextLength: number;
    tiedEmbeddings: boolean;
    /** Absent: as many as query heads. */
    kvHeadCount?: number;
    /** Absent: hidden_size / num_attention_heads. */
    headDim?: number;
  };
  /** What every model of the family computes differently from llama. */
  features: Pick<FamilyFeatures, 'biases' | 'qkNorm' | 'postNorms' | 'activation'>;
  /** The embedding is multiplied by sqrt(hidden_size). */
  scalesEmbedding?: boolean;
  /** Attention is scaled by 1 / sqrt(query_pre_attn_scalar), here with its default; absent: by 1 / sqrt(head_dim). */
  attentionScalar?: {
    size: number;
    /** A GGUF does not say it: it is head_dim, but hidden_size / heads in the model of so many layers (llama.cpp, 27B). */
    ggufWideLayers: number;
  };
  /** Defaults of attn_logit_softcapping and final_logit_softcapping; null = none. */
  softcaps?: { attention: number | null; final: number | null };
  window?: WindowRule;
  /** Rope theta of the layers with a window (rope_local_base_freq), where it is another. */
  windowRopeTheta?: number;
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

/** As `names`, with the projections of these modules in the place of those they hold. */
function fused(names: TensorNames, modules: Readonly<Record<string, readonly MatrixName[]>>): TensorNames {
  const added = Object.entries(modules).map(([module, parts]) => ({ module, parts }));
  const inside = added.flatMap(({ parts }) => parts);
  const others = names.projections.filter(({ parts }) => !inside.includes(parts[0]!));
  return { ...names, projections: [...added, ...others] };
}

const hubQkNorms = { qNorm: 'self_attn.q_norm.weight', kNorm: 'self_attn.k_norm.weight' };
const ggufQkNorms = { qNorm: 'attn_q_norm.weight', kNorm: 'attn_k_norm.weight' };
const hubPostNorms = {
  postAttentionNorm: 'post_attention_layernorm.weight',
  ffnNorm: 'pre_feedforward_layernorm.weight',
  postFfnNorm: 'post_feedforward_layernorm.weight',
};
const ggufPostNorms = {
  postAttentionNorm: 'post_attention_norm.weight',
  postFfnNorm: 'post_ffw_norm.weight',
};

const silu = ['silu', 'swish'];
/** Gemma's first files say "gelu", but the models were trained with its tanh form, which transformers and llama.cpp compute. */
const geluTanh = ['gelu_pytorch_tanh', 'gelu'];

/** What the three Gemmas share. llama.cpp's converter stores their norms with the 1 already added. */
const gemma = {
  ropeKinds: ['none', 'linear'],
  activations: geluTanh,
  unsupportedSwitches: ['attention_bias', 'use_bidirectional_attention'],
  scalesEmbedding: true,
  ggufInterleavesRopeRows: false,
} as const;

export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: {
    modelTypes: ['llama'],
    ggufNames: ['llama'],
    ropeKinds: ['none', 'linear', 'llama3'],
    activations: silu,
    unsupportedSwitches: ['attention_bias', 'mlp_bias'],
    defaults: { normEps: 1e-6, ropeTheta: 10000, contextLength: 2048, tiedEmbeddings: false },
    features: {},
    safetensors: hubNames,
    gguf: ggufNames,
    ggufInterleavesRopeRows: true,
  },
  // In GGUF a Mistral goes by the name of llama.
  mistral: {
    modelTypes: ['mistral'],
    ggufNames: [],
    ropeKinds: ['none', 'linear', 'llama3'],
    activations: silu,
    unsupportedSwitches: [],
    defaults: {
      normEps: 1e-6,
      ropeTheta: 10000,
      contextLength: 131072,
      tiedEmbeddings: false,
      kvHeadCount: 8,
    },
    features: {},
    window: { size: 4096, period: Number.POSITIVE_INFINITY },
    safetensors: hubNames,
    gguf: ggufNames,
    ggufInterleavesRopeRows: true,
  },
  qwen2: {
    modelTypes: ['qwen2'],
    ggufNames: ['qwen2'],
    ropeKinds: ['none', 'linear', 'llama3'],
    activations: silu,
    unsupportedSwitches: [],
    defaults: { normEps: 1e-6, ropeTheta: 10000, contextLength: 32768, tiedEmbeddings: false },
    features: { biases: ['q', 'k', 'v'] },
    window: { size: 4096, period: Number.POSITIVE_INFINITY, optional: { firstLayer: 28 } },
    safetensors: hubNames,
    gguf: ggufNames,
    ggufInterleavesRopeRows: false,
  },
  qwen3: {
    modelTypes: ['qwen3'],
    ggufNames: ['qwen3'],
    ropeKinds: ['none', 'linear', 'llama3'],
    activations: silu,
    unsupportedSwitches: ['attention_bias'],
    defaults: {
      normEps: 1e-6,
      ropeTheta: 10000,
      contextLength: 32768,
      tiedEmbeddings: false,
      headDim: 128,
    },
    features: { qkNorm: true },
    window: { size: 4096, period: Number.POSITIVE_INFINITY, optional: { firstLayer: 28 } },
    safetensors: { ...hubNames, ...hubQkNorms },
    gguf: { ...ggufNames, ...ggufQkNorms },
    ggufInterleavesRopeRows: false,
  },
  gemma: {
    ...gemma,
    modelTypes: ['gemma'],
    ggufNames: ['gemma'],
    defaults: {
      normEps: 1e-6,
      ropeTheta: 10000,
      contextLength: 8192,
      tiedEmbeddings: true,
      kvHeadCount: 16,
      headDim: 256,
    },
    features: { activation: 'geluTanh' },
    safetensors: { ...hubNames, normOffset: 1 },
    gguf: ggufNames,
  },
  gemma2: {
    ...gemma,
    modelTypes: ['gemma2'],
    ggufNames: ['gemma2'],
    defaults: {
      normEps: 1e-6,
      ropeTheta: 10000,
      contextLength: 8192,
      tiedEmbeddings: true,
      kvHeadCount: 4,
      headDim: 256,
    },
    features: { activation: 'geluTanh', postNorms: true },
    attentionScalar: { size: 256, ggufWideLayers: 46 },
    softcaps: { attention: 50, final: 30 },
    window: { size: 4096, period: 2 },
    safetensors: { ...hubNames, ...hubPostNorms, normOffset: 1 },
    gguf: { ...ggufNames, ...ggufPostNorms },
  },
  gemma3: {
    ...gemma,
    modelTypes: ['gemma3_text'],
    ggufNames: ['gemma3'],
    defaults: {
      normEps: 1e-6,
      ropeTheta: 1e6,
      contextLength: 131072,
      tiedEmbeddings: true,
      kvHeadCount: 4,
      headDim: 256,
    },
    features: { activation: 'geluTanh', postNorms: true, qkNorm: true },
    attentionScalar: { size: 256, ggufWideLayers: 62 },
    softcaps: { attention: null, final: null },
    window: { size: 4096, period: 6 },
    windowRopeTheta: 10000,
    safetensors: { ...hubNames, ...hubPostNorms, ...hubQkNorms, normOffset: 1 },
    gguf: { ...ggufNames, ...ggufPostNorms, ...ggufQkNorms },
  },
  phi3: {
    modelTypes: ['phi3'],
    ggufNames: ['phi3'],
    ropeKinds: ['none'],
    activations: silu,
    unsupportedSwitches: [],
    defaults: { normEps: 1e-5, ropeTheta: 10000, contextLength: 4096, tiedEmbeddings: false },
    features: {},
    window: { size: null, period: Number.POSITIVE_INFINITY },
    safetensors: fused(hubNames, {
      'self_attn.qkv_proj': ['q', 'k', 'v'],
      'mlp.gate_up_proj': ['gate', 'up'],
    }),
    gguf: fused(ggufNames, { attn_qkv: ['q', 'k', 'v'], ffn_up: ['gate', 'up'] }),
    ggufInterleavesRopeRows: false,
  },
};

export const SUPPORTED_MODELS = Object.values(ARCHITECTURES)
  .flatMap((entry) => entry.modelTypes)
  .join(', ');

/**
 * Models to choose from: the pairs of the paper, and small ones that run anywhere. Each with the numbers of its published
 * config.json, from which everything else is computed. Not here: whether a machine can hold one (fit.ts).
 */
import { specFromConfig } from '@/model/config.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { parameterCount } from './memory-need.ts';

export interface ListedModel {
  /** Repository of the aligned model on the hub. */
  repo: string;
  /** The model before alignment; null = not published. */
  base: string | null;
  licence: string;
  /** Its files open only with the token of an account that has accepted its terms. */
  isGated: boolean;
  /** In the paper's experiments. */
  isInPaper: boolean;
  /** Keys of its config.json. */
  config: Readonly<Record<string, unknown>>;
}

const llama = (
  hidden_size: number,
  num_hidden_layers: number,
  num_attention_heads: number,
  num_key_value_heads: number,
  intermediate_size: number,
  vocab_size: number,
  tie_word_embeddings: boolean,
) => ({
  model_type: 'llama',
  hidden_size,
  num_hidden_layers,
  num_attention_heads,
  num_key_value_heads,
  intermediate_size,
  vocab_size,
  tie_word_embeddings,
});

const apache = { licence: 'Apache-2.0', isGated: false, isInPaper: false } as const;

export const LISTED_MODELS: readonly ListedModel[] = [
  {
    ...apache,
    repo: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    base: 'HuggingFaceTB/SmolLM2-135M',
    config: llama(576, 30, 9, 3, 1536, 49152, true),
  },
  {
    repo: 'google/gemma-3-270m-it',
    base: 'google/gemma-3-270m',
    licence: 'Gemma terms',
    isGated: true,
    isInPaper: false,
    config: {
      model_type: 'gemma3_text',
      hidden_size: 640,
      num_hidden_layers: 18,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      intermediate_size: 2048,
      vocab_size: 262144,
    },
  },
  {
    ...apache,
    repo: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    base: 'HuggingFaceTB/SmolLM2-360M',
    config: llama(960, 32, 15, 5, 2560, 49152, true),
  },
  {
    ...apache,
    repo: 'Qwen/Qwen2.5-0.5B-Instruct',
    base: 'Qwen/Qwen2.5-0.5B',
    config: {
      ...llama(896, 24, 14, 2, 4864, 151936, true),
      model_type: 'qwen2',
    },
  },
  {
    ...apache,
    repo: 'Qwen/Qwen3-0.6B',
    base: 'Qwen/Qwen3-0.6B-Base',
    config: {
      ...llama(1024, 28, 16, 8, 3072, 151936, true),
      model_type: 'qwen3',
      head_dim: 128,
    },
  },
  {
    repo: 'google/gemma-3-1b-it',
    base: 'google/gemma-3-1b-pt',
    licence: 'Gemma terms',
    isGated: true,
    isInPaper: false,
    config: {
      model_type: 'gemma3_text',
      hidden_size: 1152,
      num_hidden_layers: 26,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      intermediate_size: 6912,
      vocab_size: 262144,
    },
  },
  {
    repo: 'meta-llama/Llama-3.2-1B-Instruct',
    base: 'meta-llama/Llama-3.2-1B',
    licence: 'Llama 3.2 community licence',
    isGated: true,
    isInPaper: false,
    config: llama(2048, 16, 32, 8, 8192, 128256, true),
  },
  {
    ...apache,
    repo: 'HuggingFaceTB/SmolLM2-1.7B-Instruct',
    base: 'HuggingFaceTB/SmolLM2-1.7B',
    config: llama(2048, 24, 32, 32, 8192, 49152, true),
  },
  {
    repo: 'google/gemma-2b-it',
    base: 'google/gemma-2b',
    licence: 'Gemma terms',
    isGated: true,
    isInPaper: true,
    config: {
      model_type: 'gemma',
      hidden_size: 2048,
      num_hidden_layers: 18,
      num_attention_heads: 8,
      num_key_value_heads: 1,
      head_dim: 256,
      intermediate_size: 16384,
      vocab_size: 256000,
    },
  },
  {
    repo: 'microsoft/Phi-3-mini-4k-instruct',
    base: null,
    licence: 'MIT',
    isGated: false,
    isInPaper: true,
    config: {
      ...llama(3072, 32, 32, 32, 8192, 32064, false),
      model_type: 'phi3',
    },
  },
  {
    repo: 'meta-llama/Llama-2-7b-chat-hf',
    base: 'meta-llama/Llama-2-7b-hf',
    licence: 'Llama 2 community licence',
    isGated: true,
    isInPaper: true,
    config: llama(4096, 32, 32, 32, 11008, 32000, false),
  },
  {
    repo: 'meta-llama/Meta-Llama-3-8B-Instruct',
    base: 'meta-llama/Meta-Llama-3-8B',
    licence: 'Llama 3 community licence',
    isGated: true,
    isInPaper: true,
    config: llama(4096, 32, 32, 8, 14336, 128256, false),
  },
];

/** @throws AppError where its family cannot be run */
export function specOfListed({ config }: ListedModel): ModelSpec {
  return specFromConfig(JSON.stringify(config));
}

/** Bytes of weights as published: 16 bits each. What is downloaded is read from the headers; this is said before anything is asked. */
export function publishedBytes(spec: ModelSpec): number {
  return 2 * parameterCount(spec);
}

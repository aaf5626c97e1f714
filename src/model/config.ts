/**
 * config.json of a checkpoint folder (as transformers 4 and 5 write it) to ModelSpec, with a named error for every
 * key that is missing, contradictory or not supported. Not here: tensors, tokenizers.
 */
import { AppError } from './app-error.ts';
import { ARCHITECTURES, type Architecture, SUPPORTED_MODELS } from './architectures.ts';
import type { ModelSpec, RopeSpec } from './spec.ts';

type Json = Record<string, unknown>;

function damaged(what: string): AppError {
  return new AppError('bad-file', `${what}.`, 'Use the config.json that was published with the weights.');
}
function unsupported(what: string, advice = `Supported model types: ${SUPPORTED_MODELS}.`): AppError {
  return new AppError('unsupported-model', `${what}.`, advice);
}

/** Parses JSON of a named file into an object. */
export function parseJsonObject(text: string, name: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('bad-file', `${name} is not valid JSON.`, 'The file is damaged; get another copy.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('bad-file', `${name} is not a JSON object.`, 'The file is damaged; get another copy.');
  }
  return value as Json;
}

function positive(config: Json, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (value === undefined) throw damaged(`config.json has no ${key}`);
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw damaged(`config.json: ${key} is ${JSON.stringify(value)}, not a positive number`);
  }
  return value;
}

function positiveInteger(config: Json, key: string, fallback?: number): number {
  const value = positive(config, key, fallback);
  if (!Number.isSafeInteger(value)) throw damaged(`config.json: ${key} is ${value}, not an integer`);
  return value;
}

/** transformers 5 keeps everything in rope_parameters, transformers 4 in rope_theta and rope_scaling (`type` in old files). */
function readRope(config: Json, entry: Architecture): RopeSpec {
  const parameters = (config.rope_parameters ?? config.rope_scaling ?? {}) as Json;
  const theta =
    typeof parameters.rope_theta === 'number'
      ? positive(parameters, 'rope_theta')
      : positive(config, 'rope_theta', entry.defaults.ropeTheta);
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  const kind = type === 'default' ? 'none' : type;
  if (!entry.ropeKinds.includes(kind as never)) {
    throw unsupported(`rope scaling ${String(type)} is not supported`, 'Supported: none, linear, llama3.');
  }
  if (kind === 'linear') return { theta, scaling: { kind, factor: positive(parameters, 'factor') } };
  if (kind === 'llama3') {
    return {
      theta,
      scaling: {
        kind,
        factor: positive(parameters, 'factor'),
        lowFreqFactor: positive(parameters, 'low_freq_factor'),
        highFreqFactor: positive(parameters, 'high_freq_factor'),
        originalContextLength: positiveInteger(parameters, 'original_max_position_embeddings'),
      },
    };
  }
  return { theta, scaling: { kind: 'none' } };
}

/** Checks that hold for every source of a spec. Throws AppError. */
export function checkSpec(spec: ModelSpec): ModelSpec {
  if (spec.headCount % spec.kvHeadCount !== 0) {
    throw damaged(
      `num_attention_heads ${spec.headCount} is not a multiple of num_key_value_heads ${spec.kvHeadCount}`,
    );
  }
  if (spec.headDim % 2 !== 0) throw damaged(`head_dim ${spec.headDim} is odd, rotary embeddings need pairs`);
  return spec;
}

export function specFromConfig(text: string): ModelSpec {
  const config = parseJsonObject(text, 'config.json');
  const modelType = config.model_type;
  if (typeof modelType !== 'string') throw damaged('config.json has no model_type');
  const found = Object.entries(ARCHITECTURES).find(([, entry]) => entry.modelTypes.includes(modelType));
  if (!found) throw unsupported(`model_type ${modelType} is not supported`);
  const [architecture, entry] = found;
  const quantisation = config.quantization_config as Json | null | undefined;
  if (quantisation) {
    throw unsupported(
      `already quantised checkpoints (${String(quantisation.quant_method ?? 'unknown method')}) are not supported`,
      'Use the original weights or a GGUF.',
    );
  }
  for (const key of entry.unsupportedSwitches) {
    if (config[key]) throw unsupported(`config.json: ${key} is not supported for ${modelType}`);
  }
  const activation = config.hidden_act ?? entry.activations[0];
  if (!entry.activations.includes(activation as string)) {
    throw unsupported(`config.json: hidden_act ${String(activation)} is not supported for ${modelType}`);
  }
  if (
    Number(
      (config.rope_parameters as Json | null | undefined)?.partial_rotary_factor ??
        config.partial_rotary_factor ??
        1,
    ) !== 1
  ) {
    throw unsupported('config.json: partial_rotary_factor other than 1 is not supported');
  }
  const hiddenSize = positiveInteger(config, 'hidden_size');
  const headCount = positiveInteger(config, 'num_attention_heads');
  return checkSpec({
    architecture,
    layerCount: positiveInteger(config, 'num_hidden_layers'),
    hiddenSize,
    headCount,
    kvHeadCount: positiveInteger(config, 'num_key_value_heads', headCount),
    headDim: positiveInteger(config, 'head_dim', hiddenSize / headCount),
    ffnSize: positiveInteger(config, 'intermediate_size'),
    vocabSize: positiveInteger(config, 'vocab_size'),
    normEps: positive(config, 'rms_norm_eps', entry.defaults.normEps),
    rope: readRope(config, entry),
    tiedEmbeddings: Boolean(config.tie_word_embeddings ?? entry.defaults.tiedEmbeddings),
    contextLength: positiveInteger(config, 'max_position_embeddings', entry.defaults.contextLength),
  });
}

/**
 * config.json of a checkpoint folder (as transformers 4 and 5 write it) to ModelSpec, with a named error for every
 * key that is missing, contradictory or not supported. Not here: tensors, tokenizers.
 */
import { AppError } from './app-error.ts';
import { ARCHITECTURES, type Architecture, SUPPORTED_MODELS } from './architectures.ts';
import { familyFeatures, type StatedFeatures } from './family-features.ts';
import { shown } from './shown.ts';
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

/**
 * transformers 5 keeps everything in rope_parameters, by kind of layer where layers differ; transformers 4 in rope_theta and
 * rope_scaling (`type` in old files), and the theta of layers with a window in rope_local_base_freq.
 */
function readRopes(config: Json, entry: Architecture): { rope: RopeSpec; windowRope?: RopeSpec } {
  const parameters = (config.rope_parameters ?? config.rope_scaling ?? {}) as Json;
  const { full_attention: full, sliding_attention: sliding } = parameters as Record<string, Json | undefined>;
  const { windowRopeTheta } = entry;
  if ((full || sliding) && windowRopeTheta === undefined) {
    throw unsupported('config.json: another rotary embedding by kind of layer is not supported here');
  }
  const { ropeTheta } = entry.defaults;
  const rope = readRope(full ?? parameters, positive(config, 'rope_theta', ropeTheta), entry);
  if (windowRopeTheta === undefined) return { rope };
  const localTheta = positive(config, 'rope_local_base_freq', windowRopeTheta);
  return { rope, windowRope: readRope(sliding ?? {}, localTheta, entry) };
}

function readRope(parameters: Json, ownTheta: number, entry: Architecture): RopeSpec {
  const theta = positive(parameters, 'rope_theta', ownTheta);
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  const kind = type === 'default' ? 'none' : type;
  if (!entry.ropeKinds.includes(kind as never)) {
    throw unsupported(
      `rope scaling ${shown(type)} is not supported for ${entry.modelTypes[0]}`,
      `Supported: ${entry.ropeKinds.join(', ')}. Models made for short contexts have none.`,
    );
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

/** `key: null` and a missing key are different things. */
function optional(config: Json, key: string, read: typeof positive): number | null | undefined {
  const value = config[key];
  return value === undefined || value === null ? value : read(config, key);
}

/** What config.json says of the family's own settings. */
function readStated(config: Json, entry: Architecture, layerCount: number): StatedFeatures {
  const { attentionScalar, window } = entry;
  const stated: StatedFeatures = {};
  if (attentionScalar) {
    stated.attentionScale = 1 / Math.sqrt(positive(config, 'query_pre_attn_scalar', attentionScalar.size));
  }
  if (entry.softcaps) {
    stated.attentionSoftcap = optional(config, 'attn_logit_softcapping', positive);
    stated.finalSoftcap = optional(config, 'final_logit_softcapping', positive);
  }
  if (!window) return { ...stated, window: null };
  stated.window = optional(config, 'sliding_window', positiveInteger);
  if (window.optional && !config.use_sliding_window) stated.window = null;
  if (window.optional) {
    // 0 is a layer, too.
    const first = config.max_window_layers;
    stated.firstWindowedLayer =
      first === 0 ? 0 : positiveInteger(config, 'max_window_layers', window.optional.firstLayer);
  }
  const period = config.sliding_window_pattern ?? config._sliding_window_pattern;
  if (period !== undefined && period !== null) {
    stated.windowPeriod = positiveInteger({ sliding_window_pattern: period }, 'sliding_window_pattern');
  }
  const kinds = config.layer_types;
  if (Array.isArray(kinds)) {
    const other = kinds.find((kind) => kind !== 'sliding_attention' && kind !== 'full_attention');
    if (other !== undefined)
      throw unsupported(`config.json: layers of the type ${shown(other)} are not supported`);
    if (kinds.length !== layerCount) {
      throw damaged(
        `config.json: layer_types names ${kinds.length} layers, num_hidden_layers is ${layerCount}`,
      );
    }
    stated.windowed = kinds.map((kind) => kind === 'sliding_attention');
  }
  return stated;
}

/** No published model comes near; what a file says beyond it is not allocated for. */
const MOST_LAYERS = 1000;

/** @throws AppError where a file claims more layers than any model has, before anything is made for each of them */
export function checkLayerCount(layerCount: number): number {
  if (layerCount > MOST_LAYERS) throw damaged(`${layerCount} layers cannot be right`);
  return layerCount;
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
      `already quantised checkpoints (${shown(quantisation.quant_method ?? 'unknown method')}) are not supported`,
      'Use the original weights or a GGUF.',
    );
  }
  for (const key of entry.unsupportedSwitches) {
    if (config[key]) throw unsupported(`config.json: ${key} is not supported for ${modelType}`);
  }
  const activation = config.hidden_activation ?? config.hidden_act ?? entry.activations[0];
  if (!entry.activations.includes(activation as string)) {
    throw unsupported(`config.json: hidden_act ${shown(activation)} is not supported for ${modelType}`);
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
  const { defaults } = entry;
  const layerCount = checkLayerCount(positiveInteger(config, 'num_hidden_layers'));
  const hiddenSize = positiveInteger(config, 'hidden_size');
  const headCount = positiveInteger(config, 'num_attention_heads');
  const { rope, windowRope } = readRopes(config, entry);
  const stated = { ...readStated(config, entry, layerCount), windowRope };
  return checkSpec({
    architecture,
    layerCount,
    hiddenSize,
    headCount,
    kvHeadCount: positiveInteger(config, 'num_key_value_heads', defaults.kvHeadCount ?? headCount),
    headDim: positiveInteger(config, 'head_dim', defaults.headDim ?? hiddenSize / headCount),
    ffnSize: positiveInteger(config, 'intermediate_size'),
    vocabSize: positiveInteger(config, 'vocab_size'),
    normEps: positive(config, 'rms_norm_eps', defaults.normEps),
    rope,
    tiedEmbeddings: Boolean(config.tie_word_embeddings ?? defaults.tiedEmbeddings),
    contextLength: positiveInteger(config, 'max_position_embeddings', defaults.contextLength),
    ...familyFeatures(entry, { layerCount, hiddenSize }, stated),
  });
}

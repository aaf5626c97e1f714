/**
 * A GGUF file as a model: metadata to ModelSpec, tensors to a WeightReader.
 * Key names: the GGUF specification, "LLM" section. Not here: the tokenizer (gguf-tokenizer.ts).
 */
import { AppError } from './app-error.ts';
import { ARCHITECTURES, type Architecture } from './architectures.ts';
import { checkLayerCount, checkSpec } from './config.ts';
import { familyFeatures, type StatedFeatures } from './family-features.ts';
import { type GgufFile, readGgufFloats, readGgufPacked } from './gguf.ts';
import { packedForm } from './packed-matrix.ts';
import type { ModelSpec, RopeSpec, WeightReader } from './spec.ts';
import { type TensorStore, weightReader } from './tensor-store.ts';
import { typesByBytes } from './types-by-bytes.ts';

const ROPE_FREQS = 'rope_freqs.weight';
/** The two tables of Phi-3's long contexts. */
const LONGROPE = 'rope_factors_long.weight';

function unsupported(what: string): AppError {
  return new AppError(
    'unsupported-model',
    `${what}.`,
    'Use the safetensors checkpoint of this model, or another one.',
  );
}

/** Reads numbers under the architecture's prefix, e.g. llama.block_count. */
class Keys {
  constructor(
    readonly file: GgufFile,
    private readonly prefix: string,
  ) {}

  optional(key: string): number | undefined {
    const value = this.file.metadata.get(`${this.prefix}.${key}`);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value > 0)) {
      throw new AppError(
        'bad-file',
        `${this.file.source.name}: ${this.prefix}.${key} is ${String(value).slice(0, 40)}, not a positive number.`,
        'The file was converted wrongly; use another one.',
      );
    }
    return value;
  }

  required(key: string): number {
    const value = this.optional(key);
    if (value === undefined) {
      throw new AppError(
        'bad-file',
        `${this.file.source.name} has no ${this.prefix}.${key}.`,
        'The file does not hold a whole model; use another one.',
      );
    }
    return value;
  }

  /** One flag per layer, where the file has such a list. */
  flags(key: string): boolean[] | undefined {
    const value = this.file.metadata.get(`${this.prefix}.${key}`);
    return Array.isArray(value) ? value.map(Boolean) : undefined;
  }

  /** A count, where the file has it. */
  whole(key: string): number | undefined {
    const value = this.optional(key);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    throw new AppError(
      'bad-file',
      `${this.file.source.name}: ${this.prefix}.${key} is ${value}, not an integer.`,
      'The file was converted wrongly; use another one.',
    );
  }

  /** A size for which converters write 0 where there is none. */
  wholeOrNone(key: string): number | null | undefined {
    return this.file.metadata.get(`${this.prefix}.${key}`) === 0 ? null : this.whole(key);
  }

  text(key: string): string | undefined {
    const value = this.file.metadata.get(`${this.prefix}.${key}`);
    return typeof value === 'string' ? value : undefined;
  }
}

export async function openGgufModel(file: GgufFile): Promise<{ spec: ModelSpec; weights: WeightReader }> {
  const general = file.metadata.get('general.architecture');
  if (typeof general !== 'string') {
    throw new AppError(
      'bad-file',
      `${file.source.name} has no general.architecture.`,
      'The file does not hold a whole model; use another one.',
    );
  }
  const found = Object.entries(ARCHITECTURES).find(([, entry]) => entry.ggufNames.includes(general));
  if (!found) throw unsupported(`${file.source.name}: the architecture ${general} is not supported`);
  const [architecture, entry] = found;
  const spec = await readSpec(file, architecture, entry, new Keys(file, general));
  const store: TensorStore = {
    name: file.source.name,
    dims: (tensor) => file.tensors.get(tensor)?.dims ?? null,
    floats: (tensor, target) => readGgufFloats(file, tensor, target),
    packed: (tensor) => readGgufPacked(file, tensor),
  };
  const weights = weightReader(spec, entry.gguf, store, { interleavedRope: entry.ggufInterleavesRopeRows });
  const quantisedType = tensorTypes(file).find(packedForm);
  return { spec, weights: { ...weights, quantisedType } };
}

function tensorTypes({ tensors }: GgufFile): string[] {
  return typesByBytes([...tensors.values()].map(({ type, sizeBytes }) => ({ type: type.name, sizeBytes })));
}

async function readSpec(
  file: GgufFile,
  architecture: string,
  entry: Architecture,
  keys: Keys,
): Promise<ModelSpec> {
  const hiddenSize = keys.required('embedding_length');
  const headCount = keys.required('attention.head_count');
  const headDim = keys.optional('attention.key_length') ?? hiddenSize / headCount;
  const embeddingDims = file.tensors.get(entry.gguf.embedding)?.dims;
  if (!embeddingDims) {
    throw new AppError(
      'bad-file',
      `${file.source.name}: tensor ${entry.gguf.embedding} is missing.`,
      'The file does not hold a whole model; use another one.',
    );
  }
  if ((keys.optional('rope.dimension_count') ?? headDim) !== headDim) {
    throw unsupported(`${file.source.name}: rotary embedding of a part of each head is not supported`);
  }
  if ((keys.optional('attention.value_length') ?? headDim) !== headDim) {
    throw unsupported(`${file.source.name}: value heads of another size than key heads are not supported`);
  }
  if (keys.optional('expert_count'))
    throw unsupported(`${file.source.name}: mixtures of experts are not supported`);
  const spec = {
    architecture,
    layerCount: keys.required('block_count'),
    hiddenSize,
    headCount,
    kvHeadCount: keys.optional('attention.head_count_kv') ?? headCount,
    headDim,
    ffnSize: keys.required('feed_forward_length'),
    vocabSize: embeddingDims[0]!,
    normEps: keys.required('attention.layer_norm_rms_epsilon'),
    tiedEmbeddings: !file.tensors.has(entry.gguf.head),
    contextLength: keys.optional('context_length') ?? entry.defaults.contextLength,
  };
  for (const key of ['layerCount', 'hiddenSize', 'headCount', 'kvHeadCount', 'headDim', 'ffnSize'] as const) {
    if (!Number.isSafeInteger(spec[key])) {
      throw new AppError(
        'bad-file',
        `${file.source.name}: ${key} would be ${spec[key]}, not an integer.`,
        'The file was converted wrongly; use another one.',
      );
    }
  }
  checkLayerCount(spec.layerCount);
  const rope = await readRope(file, entry, keys, headDim);
  return checkSpec({ ...spec, rope, ...familyFeatures(entry, spec, readStated(entry, keys, spec)) });
}

/** The family's own settings. Softcaps and windows that are not written are the family's. */
function readStated(entry: Architecture, keys: Keys, spec: Omit<ModelSpec, 'rope'>): StatedFeatures {
  const { attentionScalar, window, windowRopeTheta } = entry;
  const { layerCount, hiddenSize, headCount, headDim } = spec;
  const stated: StatedFeatures = {
    attentionSoftcap: keys.optional('attn_logit_softcapping'),
    finalSoftcap: keys.optional('final_logit_softcapping'),
    // Only config.json can switch an optional window on.
    window: window?.optional ? null : keys.wholeOrNone('attention.sliding_window'),
  };
  if (attentionScalar) {
    const width = layerCount === attentionScalar.ggufWideLayers ? hiddenSize / headCount : headDim;
    stated.attentionScale = keys.optional('attention.scale') ?? 1 / Math.sqrt(width);
  }
  stated.windowed = keys.flags('attention.sliding_window_pattern');
  if (!stated.windowed) stated.windowPeriod = keys.whole('attention.sliding_window_pattern');
  if (windowRopeTheta !== undefined) {
    const theta = keys.optional('rope.freq_base_swa') ?? windowRopeTheta;
    stated.windowRope = { theta, scaling: { kind: 'none' } };
  }
  return stated;
}

async function readRope(file: GgufFile, entry: Architecture, keys: Keys, headDim: number): Promise<RopeSpec> {
  const theta = keys.optional('rope.freq_base') ?? entry.defaults.ropeTheta;
  if (file.tensors.has(LONGROPE)) {
    throw unsupported(`${file.source.name}: rope scaling longrope is not supported`);
  }
  if (file.tensors.has(ROPE_FREQS)) {
    return {
      theta,
      scaling: recogniseLlama3(await readGgufFloats(file, ROPE_FREQS), theta, headDim, file.source.name),
    };
  }
  const oldFactor = keys.optional('rope.scale_linear');
  const kind = keys.text('rope.scaling.type') ?? (oldFactor ? 'linear' : 'none');
  if (kind === 'none') return { theta, scaling: { kind } };
  if (kind !== 'linear') throw unsupported(`${file.source.name}: rope scaling ${kind} is not supported`);
  return { theta, scaling: { kind, factor: oldFactor ?? keys.required('rope.scaling.factor') } };
}

/**
 * llama.cpp stores Llama 3's rope scaling as the finished divisor of each frequency, not as parameters. The published
 * models share low 1, high 4 and 8192 positions and differ in the factor, which is the largest divisor.
 * Anything that these parameters do not reproduce is refused rather than approximated.
 */
function recogniseLlama3(
  divisors: Float32Array,
  theta: number,
  headDim: number,
  file: string,
): RopeSpec['scaling'] {
  const scaling = {
    kind: 'llama3',
    factor: Math.max(...divisors),
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalContextLength: 8192,
  } as const;
  const fits =
    divisors.length === headDim / 2 &&
    divisors.every((divisor, pair) => {
      const want = llama3Divisor(theta ** ((-2 * pair) / headDim), scaling);
      return Math.abs(divisor - want) <= 1e-4 * want;
    });
  if (!fits)
    throw unsupported(`${file}: the rope frequency factors in ${ROPE_FREQS} are not those of Llama 3`);
  return scaling;
}

/** transformers, modeling_rope_utils.py, _compute_llama3_parameters: by how much a frequency (radians per token) is divided. */
function llama3Divisor(frequency: number, scaling: Extract<RopeSpec['scaling'], { kind: 'llama3' }>): number {
  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
  const turns = (originalContextLength * frequency) / (2 * Math.PI);
  if (turns < lowFreqFactor) return factor;
  if (turns > highFreqFactor) return 1;
  const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return 1 / ((1 - smooth) / factor + smooth);
}

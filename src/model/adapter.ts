/**
 * Reader of LoRA adapters in PEFT's folder format, checked against the model they are to change.
 * Not here: writing one (adapter-writer.ts), stacking and running them (engine).
 */
import type { AdapterData, LoraPair } from './adapter-spec.ts';
import { AppError } from './app-error.ts';
import { ARCHITECTURES, type Projection } from './architectures.ts';
import type { FileSet } from './byte-source.ts';
import { parseJsonObject } from './config.ts';
import { memorySource } from './memory-source.ts';
import { isSafePattern } from './safe-pattern.ts';
import { openSafetensors, readFloats, type SafetensorsFile } from './safetensors.ts';
import { sha256Hex } from './sha256.ts';
import { shown } from './shown.ts';
import { type MatrixName, type ModelSpec, matrixDims } from './spec.ts';
import { readText } from './tensor-store.ts';

export const ADAPTER_CONFIG = 'adapter_config.json';
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

type Json = Record<string, unknown>;

function mismatch(what: string): AppError {
  return new AppError('adapter-mismatch', `${what}.`, 'Choose an adapter that was trained on this model.');
}
function unsupported(what: string): AppError {
  return new AppError(
    'adapter-mismatch',
    `${what}.`,
    'Only plain LoRA on the attention and MLP matrices is supported.',
  );
}

/** Settings of PEFT that change what the adapter computes and that nothing here computes. */
const UNSUPPORTED_SWITCHES = [
  'use_dora',
  'use_qalora',
  'use_bdlora',
  'lora_bias',
  'fan_in_fan_out',
  'modules_to_save',
  'layer_replication',
  'trainable_token_indices',
  'target_parameters',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
  'velora_config',
];

function checkSupported(config: Json): void {
  const type = shown(config.peft_type ?? 'no peft_type');
  if (type.toUpperCase() !== 'LORA')
    throw unsupported(`${ADAPTER_CONFIG}: ${type} adapters are not supported`);
  for (const key of UNSUPPORTED_SWITCHES) {
    const value = config[key];
    if (value && !(Array.isArray(value) && value.length === 0)) {
      throw unsupported(`${ADAPTER_CONFIG}: ${key} is not supported`);
    }
  }
  const bias = config.bias ?? 'none';
  if (bias !== 'none') throw unsupported(`${ADAPTER_CONFIG}: bias "${shown(bias)}" is not supported`);
}

function positiveNumber(value: unknown, key: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw new AppError(
      'bad-file',
      `${ADAPTER_CONFIG}: ${key} is ${JSON.stringify(value) ?? 'missing'}, not a positive number.`,
      'Use the adapter_config.json that was saved with the adapter.',
    );
  }
  return value;
}

/** The value of the first pattern that matches a module path as PEFT matches it (its end, from a dot on), or the default. */
function byPattern(patterns: unknown, module: string, fallback: unknown): unknown {
  for (const [pattern, value] of Object.entries((patterns ?? {}) as Json)) {
    let expression: RegExp;
    try {
      expression = new RegExp(`^(?:.*\\.)?(?:${pattern})$`);
    } catch {
      throw new AppError(
        'bad-file',
        `${ADAPTER_CONFIG}: the pattern ${pattern} is not valid.`,
        'Use the adapter_config.json that was saved with the adapter.',
      );
    }
    if (!isSafePattern(pattern)) {
      throw unsupported(
        `${ADAPTER_CONFIG}: the pattern ${pattern.slice(0, 60)} is not one that can be run safely`,
      );
    }
    if (expression.test(module)) return value;
  }
  return fallback;
}

/** Where a LoRA tensor belongs. */
interface Place {
  layer: number;
  projection: Projection;
  /** Path below the model, e.g. "model.layers.0.self_attn.q_proj"; rank and alpha patterns match its end. */
  module: string;
}

function placeOf(tensor: string, spec: ModelSpec): { place: Place; part: 'A' | 'B' } {
  const match = /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight$/.exec(tensor);
  const names = ARCHITECTURES[spec.architecture]!.safetensors;
  const module = match?.[1] ?? '';
  for (const projection of names.projections) {
    const at = module.match(/\.layers\.(\d+)\./);
    const layer = Number(at?.[1] ?? -1);
    if (layer < 0 || module !== names.layer(layer) + projection.module) continue;
    if (layer >= spec.layerCount) {
      throw mismatch(`The adapter changes layer ${layer}, the model has layers 0..${spec.layerCount - 1}`);
    }
    return { place: { layer, projection, module }, part: match![2] as 'A' | 'B' };
  }
  throw unsupported(`${ADAPTER_WEIGHTS}: ${tensor} belongs to no matrix that an adapter can change here`);
}

/** Layers × modules that the configuration names must have tensors, otherwise half an adapter would run unnoticed. */
function checkComplete(config: Json, spec: ModelSpec, present: ReadonlySet<string>): void {
  const targets = config.target_modules;
  const chosen = config.layers_to_transform;
  if (!Array.isArray(targets) || config.exclude_modules) return;
  const layers = Array.isArray(chosen)
    ? (chosen as number[])
    : typeof chosen === 'number'
      ? [chosen]
      : Array.from({ length: spec.layerCount }, (_, layer) => layer);
  const names = ARCHITECTURES[spec.architecture]!.safetensors;
  for (const layer of layers) {
    for (const { module } of names.projections) {
      const path = names.layer(layer) + module;
      const named = targets.some(
        (target) => module === target || (typeof target === 'string' && module.endsWith(`.${target}`)),
      );
      if (named && !present.has(path)) {
        throw mismatch(`${ADAPTER_CONFIG} names ${path}, but ${ADAPTER_WEIGHTS} has no tensors for it`);
      }
    }
  }
}

/**
 * Opens the adapter in `files` for the model `spec`. `name` is what a person sees; the default is the folder's name.
 * `checkedSha256` is given where the weight file was hashed already.
 */
export async function readAdapter(
  files: FileSet,
  spec: ModelSpec,
  name = files.name,
  checkedSha256?: string,
): Promise<AdapterData> {
  const configSource = await files.open(ADAPTER_CONFIG);
  const weightSource = await files.open(ADAPTER_WEIGHTS);
  if (!configSource || !weightSource) {
    throw new AppError(
      'not-found',
      `${files.name} holds no ${configSource ? ADAPTER_WEIGHTS : ADAPTER_CONFIG}.`,
      'Choose the folder of an adapter saved by PEFT.',
    );
  }
  const config = parseJsonObject(await readText(configSource), ADAPTER_CONFIG);
  checkSupported(config);
  const bytes = await weightSource.read(0, weightSource.sizeBytes);
  const weights = await openSafetensors(memorySource(bytes, ADAPTER_WEIGHTS));
  const pairs = new Map<string, { place: Place; A?: string; B?: string }>();
  for (const tensor of weights.entries.keys()) {
    const { place, part } = placeOf(tensor, spec);
    const pair = pairs.get(place.module) ?? { place };
    pair[part] = tensor;
    pairs.set(place.module, pair);
  }
  checkComplete(config, spec, new Set(pairs.keys()));
  const layers: AdapterData['layers'] = Array.from({ length: spec.layerCount }, () => ({}));
  // In the model's order, so that the first error is about the first matrix whatever the file's order is.
  const order = ARCHITECTURES[spec.architecture]!.safetensors.projections;
  const rankOf = ({ place }: { place: Place }) =>
    place.layer * order.length + order.indexOf(place.projection);
  for (const { place, A, B } of [...pairs.values()].sort((a, b) => rankOf(a) - rankOf(b))) {
    if (!A || !B) throw mismatch(`${ADAPTER_WEIGHTS}: ${place.module} has no lora_${A ? 'B' : 'A'}`);
    Object.assign(layers[place.layer]!, await readPair(weights, config, spec, place, A, B));
  }
  return { name, sha256: checkedSha256 ?? sha256Hex(bytes), layers };
}

/** One stored pair; on a fused projection it becomes one pair per part, which share A and hold their rows of B. */
async function readPair(
  weights: SafetensorsFile,
  config: Json,
  spec: ModelSpec,
  { projection, module }: Place,
  nameA: string,
  nameB: string,
): Promise<Partial<Record<MatrixName, LoraPair>>> {
  const short = projection.module.split('.').at(-1)!;
  const rank = positiveNumber(byPattern(config.rank_pattern, module, config.r), 'r');
  const alpha = positiveNumber(byPattern(config.alpha_pattern, module, config.lora_alpha), 'lora_alpha');
  const [rankA = 0, columns = 0] = weights.entries.get(nameA)!.dims;
  const [rows = 0, rankB = 0] = weights.entries.get(nameB)!.dims;
  const dims = matrixDims(spec);
  const wantColumns = dims[projection.parts[0]!][1];
  const wantRows = projection.parts.reduce((sum, part) => sum + dims[part][0], 0);
  if (columns !== wantColumns) {
    throw mismatch(
      `Adapter for another base model: lora_A of ${short} has ${columns} columns, the model has ${wantColumns}`,
    );
  }
  if (rows !== wantRows) {
    throw mismatch(
      `Adapter for another base model: lora_B of ${short} has ${rows} rows, the model has ${wantRows}`,
    );
  }
  if (rankA !== rank || rankB !== rank) {
    throw mismatch(
      `${ADAPTER_CONFIG} says r=${rank}, the tensors of ${short} have rank ${rankA === rank ? rankB : rankA}`,
    );
  }
  const a = await readFloats(weights, nameA);
  const b = await readFloats(weights, nameB);
  const scaling = alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
  const result: Partial<Record<MatrixName, LoraPair>> = {};
  let start = 0;
  for (const part of projection.parts) {
    const size = dims[part][0] * rank;
    result[part] = { rank, scaling, a, b: projection.parts.length === 1 ? b : b.slice(start, start + size) };
    start += size;
  }
  return result;
}

/**
 * Everything a person can set, as one flat serialisable object with defaults and descriptions.
 * The address bar, history, reset buttons and run files all read this table. Not here: results, progress, files.
 */
import * as z from 'zod/mini';
import { MATRIX_PRESET_KEYS, MATRIX_PRESETS, presetOf } from '@/method/scaling.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';
import { TEMPLATE_NAMES } from '@/model/text-codec.ts';
import { MEASURES } from '@/protocol/experiments.ts';
import { isPlanted, PLANTED_VARIANTS } from './planted.ts';

export const CONFIG_VERSION = 1;

export const MODEL_VARIANTS = ['base', 'aligned', ...PLANTED_VARIANTS] as const;
/** `tuned`: with the adapter of a run of the training section, while it is there. */
export const PAGE_VARIANTS = [...MODEL_VARIANTS, 'tuned'] as const;
export type ModelVariant = (typeof PAGE_VARIANTS)[number];

export const ALPHA_MIN = 0.5;
export const ALPHA_MAX = 1.5;
export const ALPHA_STEP = 0.05;

/** Snaps to the slider's grid, so that equal positions are equal numbers and equal cache keys. */
export function snapAlpha(alpha: number): number {
  const clamped = Math.min(ALPHA_MAX, Math.max(ALPHA_MIN, alpha));
  return Number((Math.round(clamped / ALPHA_STEP) * ALPHA_STEP).toFixed(2));
}

/** Every position of the slider. */
export const ALPHAS = Array.from(
  { length: Math.round((ALPHA_MAX - ALPHA_MIN) / ALPHA_STEP) + 1 },
  (_, step) => snapAlpha(ALPHA_MIN + step * ALPHA_STEP),
);

/** No model that we open has more layers; the real bound is applied when a model is there. */
const LAYER_LIMIT = 512;
const layer = z.int().check(z.minimum(0), z.maximum(LAYER_LIMIT));
const promptId = z.string().check(z.maxLength(80));
const prefix = z.string().check(z.trim(), z.minLength(1), z.maxLength(120));

interface Setting<S extends z.ZodMiniType> {
  schema: S;
  default: z.output<S>;
  label: string;
  description: string;
  /** Key in the address bar; null = never written there. */
  urlKey: string | null;
}
const setting = <S extends z.ZodMiniType>(
  urlKey: string | null,
  schema: S,
  fallback: z.output<S>,
  label: string,
  description: string,
): Setting<S> => ({ schema, default: fallback, label, description, urlKey });

/** One entry per setting. The order is the order in the address bar. */
export const SETTINGS = {
  model: setting(
    'model',
    z.enum(PAGE_VARIANTS),
    'aligned',
    'Model',
    'The same weights without and with the safety adapter, or with one planted in layers 8 to 13.',
  ),
  template: setting(
    'template',
    z.enum(TEMPLATE_NAMES),
    'chat',
    'Template',
    'What is put around a prompt: the model’s chat template, the paper’s Alpaca template, or nothing.',
  ),
  range: setting(
    'range',
    z.tuple([layer, layer]).check(z.refine(([first, last]) => first <= last, 'first layer after last')),
    [8, 13],
    'Layers',
    'First and last layer that alpha scales, counted from 0, both included.',
  ),
  alpha: setting(
    'alpha',
    z.number().check(
      z.minimum(ALPHA_MIN),
      z.maximum(ALPHA_MAX),
      z.refine((value) => snapAlpha(value) === value, 'not on the 0.05 grid'),
    ),
    1.1,
    'Alpha',
    'The factor on the weight matrices of the chosen layers; 1 changes nothing (paper, equation 1).',
  ),
  transplant: setting(
    'from',
    z.enum(['all', 'only', 'without']),
    'all',
    'Layers from the aligned model',
    'All of them, only the chosen range, or all but the chosen range; the others are the base model’s. Changes the count, not R0.',
  ),
  matrices: setting(
    'matrices',
    z.union([z.enum(MATRIX_PRESET_KEYS), z.array(z.enum(MATRIX_NAMES)).check(z.minLength(1))]),
    'all',
    'Matrices',
    'Which weight matrices of a layer alpha multiplies.',
  ),
  measure: setting(
    'measure',
    z.enum(MEASURES),
    'raw',
    'Measure',
    'Raw cosine (the paper’s), cosine after removing the pooled mean, or how well a simple probe separates the pools.',
  ),
  pairs: setting(
    'pairs',
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('all') }),
      z.object({
        kind: z.literal('draws'),
        draws: z.int().check(z.minimum(2), z.maximum(100_000)),
        seed: z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1)),
      }),
    ]),
    { kind: 'all' },
    'Pairs',
    'Every pair of prompts, exactly, or the paper’s random draws with a seed.',
  ),
  pools: setting(
    'pools',
    z.enum(['plain', 'form-matched']),
    'plain',
    'Prompt pools',
    'Normal against malicious, or the pair pool matched in length and form.',
  ),
  lastPoint: setting(
    'last',
    z.enum(['before-final-norm', 'after-final-norm']),
    'before-final-norm',
    'Last point',
    'Whether the last layer’s point is taken before the final norm (comparable) or after it (the published code).',
  ),
  gap: setting(
    'gap',
    z.enum(['of-means', 'of-angles']),
    'of-means',
    'Angle gap',
    'Difference of the angles of the mean cosines (published code) or mean of angle differences (the text).',
  ),
  showBase: setting(
    'ghost',
    z.boolean(),
    true,
    'Base as ghost line',
    'Draws the base model as a thin line behind the chosen model; behind a tuned one, what it was before training.',
  ),
  mapLayer: setting(
    'map',
    layer,
    13,
    'Layer of the map',
    'The layer whose prompt by prompt cosines are drawn.',
  ),
  attentionPromptA: setting(
    'promptA',
    promptId,
    '',
    'First prompt',
    'Prompt of the left attention picture; empty means the first malicious one.',
  ),
  attentionPromptB: setting(
    'promptB',
    promptId,
    '',
    'Second prompt',
    'Prompt of the right attention picture; empty means the first normal one.',
  ),
  attentionHead: setting(
    'head',
    z.int().check(z.minimum(-1), z.maximum(255)),
    -1,
    'Head',
    'Attention head, or -1 for the mean over heads (the paper’s).',
  ),
  attentionScale: setting(
    'attention',
    z.enum(['per-layer', 'raw']),
    'per-layer',
    'Attention colours',
    'Stretched within each layer (the paper’s) or raw probabilities.',
  ),
  attentionLayout: setting(
    'layout',
    z.enum(['stacked', 'beside']),
    'stacked',
    'Attention prompts',
    'Two prompts one above the other, layers across as in all pictures, or side by side with the layers down.',
  ),
  questionOnly: setting(
    'question',
    z.boolean(),
    true,
    'Question tokens only',
    'Leaves out the tokens of the template, which draw most of the attention.',
  ),
  bandWidth: setting(
    'width',
    z.int().check(z.minimum(1), z.maximum(64)),
    6,
    'Band width',
    'How many layers the moving band of the scan covers.',
  ),
  promptCount: setting(
    'n',
    z.int().check(z.minimum(8), z.maximum(2000)),
    64,
    'Prompts',
    'How many over-rejection prompts are counted.',
  ),
  seed: setting(
    'seed',
    z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1)),
    1,
    'Seed',
    'Seed of the bootstrap intervals.',
  ),
  prefixesAdded: setting(
    'addPrefix',
    z.array(prefix).check(z.maxLength(50)),
    [],
    'Added openings',
    'Openings that also count as a refusal.',
  ),
  prefixesRemoved: setting(
    'dropPrefix',
    z.array(prefix).check(z.maxLength(200)),
    [],
    'Dropped openings',
    'Shipped openings that do not count.',
  ),
  backend: setting(
    'backend',
    z.enum(['auto', 'wasm', 'webgpu']),
    'auto',
    'Backend',
    'What computes: WebGPU where a real adapter is there, else WebAssembly.',
  ),
  weights: setting(
    'weights',
    z.enum(['auto', 'float32', 'stored', 'streamed']),
    'auto',
    'Weights',
    'How matrices are kept: quantised as the file has them on WebGPU and float32 elsewhere, or always one of the two; or layers read from storage as they are needed.',
  ),
  theme: setting(
    'theme',
    z.enum(['system', 'light', 'dark']),
    'system',
    'Theme',
    'Light, dark, or as the system asks.',
  ),
  stage: setting(
    'stage',
    z.boolean(),
    false,
    'Stage mode',
    'Type 1.6 times as large, for the last row of a hall.',
  ),
  training: setting(
    'train',
    z.string().check(z.maxLength(600)),
    '',
    'Training',
    'What differs from the defaults of the training section (train-settings.ts); empty = nothing.',
  ),
  search: setting(
    'locate',
    z.string().check(z.maxLength(200)),
    '',
    'Locate',
    'What differs from the defaults of the Locate section (locate-settings.ts); empty = nothing.',
  ),
  control: setting(
    'control',
    z.string().check(z.maxLength(200)),
    '',
    'Control',
    'The control that is open and what differs from its defaults (control-settings.ts); empty = the first one.',
  ),
  revealHarmful: setting(
    null,
    z.boolean(),
    false,
    'Show harmful text',
    'Malicious prompts and answers to them are blurred until you ask.',
  ),
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type Config = { [K in SettingKey]: z.output<(typeof SETTINGS)[K]['schema']> };

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

export const DEFAULT_CONFIG: Config = Object.freeze(
  Object.fromEntries(SETTING_KEYS.map((key) => [key, SETTINGS[key].default])),
) as Config;

/** The matrices a choice names, in the fixed order q, k, v, o, gate, up, down. */
export function matricesOf(choice: Config['matrices']): MatrixName[] {
  const chosen: readonly MatrixName[] = typeof choice === 'string' ? MATRIX_PRESETS[choice].matrices : choice;
  return MATRIX_NAMES.filter((name) => chosen.includes(name));
}

/** The preset that equals a hand-picked set, or the set itself in the fixed order. */
export function normaliseMatrices(choice: readonly MatrixName[]): Config['matrices'] {
  const picked = matricesOf([...choice]);
  return presetOf(picked) ?? picked;
}

/** Adapters by the names that the bundled model's manifest gives them; base = none. */
export function adaptersOf(variant: ModelVariant): string[] {
  if (isPlanted(variant)) return [variant];
  switch (variant) {
    case 'base':
      return [];
    case 'aligned':
      return ['safety'];
    // No shipped adapter: the one that was trained here stands in its place (requests.ts).
    case 'tuned':
      return ['tuned'];
    default:
      return variant satisfies never;
  }
}

/** Keeps a range and a map layer inside a model of `layerCount` layers. */
export function fitToModel(config: Config, layerCount: number): Config {
  const top = layerCount - 1;
  const range: [number, number] = [Math.min(config.range[0], top), Math.min(config.range[1], top)];
  const mapLayer = Math.min(config.mapLayer, top);
  const bandWidth = Math.min(config.bandWidth, layerCount);
  const same =
    range[0] === config.range[0] &&
    range[1] === config.range[1] &&
    mapLayer === config.mapLayer &&
    bandWidth === config.bandWidth;
  return same ? config : { ...config, range, mapLayer, bandWidth };
}

/**
 * Everything a person can set about a training run, with defaults, descriptions and the paper's value beside each; and the
 * settings as one short text for the address bar. The located band and the template are the bench's own. Pure.
 */
import { PAPER_CHOICES, PAPER_OPTIMISER, type PaperSetting } from '@/method/attacks-paper.ts';
import { MATRIX_PRESET_KEYS, MATRIX_PRESETS } from '@/method/scaling.ts';
import { ATTACK_DATA, ATTACK_METHODS } from '@/protocol/training.ts';

export interface NumberSetting {
  kind: 'number';
  default: number;
  min: number;
  max: number;
  whole: boolean;
  label: string;
  description: string;
  paper: PaperSetting | null;
}
export interface ChoiceSetting<Value extends string = string> {
  kind: 'choice';
  default: Value;
  options: ReadonlyArray<{ value: Value; label: string }>;
  label: string;
  description: string;
  paper: PaperSetting | null;
}

const number = (
  fallback: number,
  [min, max]: [number, number],
  label: string,
  description: string,
  paper: PaperSetting | null = null,
  whole = true,
): NumberSetting => ({ kind: 'number', default: fallback, min, max, whole, label, description, paper });

const choice = <Value extends string>(
  fallback: Value,
  options: ReadonlyArray<{ value: Value; label: string }>,
  label: string,
  description: string,
  paper: PaperSetting | null = null,
): ChoiceSetting<Value> => ({ kind: 'choice', default: fallback, options, label, description, paper });

const named = <Value extends string>(values: readonly Value[]) =>
  values.map((value) => ({ value, label: value }));
const P = PAPER_OPTIMISER;

export const TRAIN_SETTINGS = {
  method: choice('sppft', named(ATTACK_METHODS), 'Method', 'Which layers or weights stay as they are.'),
  data: choice('implicit', named(ATTACK_DATA), 'Data', 'What is trained on.'),
  p: number(
    0.1,
    [0, 1],
    'Harmful share p',
    'Harmful rows, as a share of the number of normal ones.',
    { value: '0.05, 0.1, 0.2', source: 'Section 4.3, Table 3.' },
    false,
  ),
  part: choice<'lora' | 'full' | 'full-norms' | 'full-all'>(
    'lora',
    [
      { value: 'lora', label: 'LoRA' },
      { value: 'full', label: 'all weights of the layers' },
      { value: 'full-norms', label: 'all weights and norms' },
      { value: 'full-all', label: 'everything, as published' },
    ],
    'What trains',
    'Small matrices beside the weights, or the weights themselves; as published also embedding, final norm and head, and the norms of frozen layers.',
    PAPER_CHOICES.trained,
  ),
  rank: number(8, [1, 256], 'Rank', 'Rows of LoRA’s small matrices.'),
  loraAlpha: number(
    16,
    [0.01, 4096],
    'LoRA scale',
    'lora_alpha: what is added is multiplied by it over the rank.',
    null,
    false,
  ),
  matrices: choice(
    'all',
    MATRIX_PRESET_KEYS.map((value) => ({ value, label: MATRIX_PRESETS[value].name })),
    'LoRA on',
    'The weight matrices of a layer that get a LoRA.',
  ),
  dropout: number(
    0,
    [0, 0.9],
    'Dropout',
    'Share of what enters the LoRA that each step leaves out, drawn from the seed.',
    null,
    false,
  ),
  lossOn: choice<'response' | 'sequence'>(
    'response',
    [
      { value: 'response', label: 'the response only' },
      { value: 'sequence', label: 'the whole sequence' },
    ],
    'Loss on',
    'Which tokens the model is taught to say.',
    PAPER_CHOICES.lossOn,
  ),
  steps: number(
    30,
    [1, 100_000],
    'Steps',
    'Updates in all; the data are gone through again as often as needed.',
    P.steps,
  ),
  learningRate: number(
    5e-4,
    [1e-8, 1],
    'Learning rate',
    'The largest rate, after the warm-up.',
    P.learningRate,
    false,
  ),
  batchSize: number(4, [1, 256], 'Batch', 'Rows that pass through the layers together.', P.batchSize),
  accumulation: number(
    1,
    [1, 256],
    'Accumulation',
    'Batches whose gradients make one update.',
    P.accumulation,
  ),
  warmup: number(10, [0, 100_000], 'Warm-up', 'Steps in which the rate rises from 0.', P.warmupSteps),
  finalShare: number(
    0.1,
    [0, 1],
    'Final share',
    'What is left of the rate at the end; it falls in a line.',
    P.finalShare,
    false,
  ),
  decay: number(
    0,
    [0, 10],
    'Weight decay',
    'Pulls the trained values toward 0, apart from the gradient.',
    P.weightDecay,
    false,
  ),
  clip: number(
    1,
    [0, 1000],
    'Clip norm',
    'Longer gradients are shortened to it; 0 = never.',
    P.clipNorm,
    false,
  ),
  beta1: number(0.9, [0, 0.9999], 'Beta 1', 'How long AdamW remembers the gradient.', P.beta1, false),
  beta2: number(0.999, [0, 0.999999], 'Beta 2', 'How long AdamW remembers its square.', P.beta2, false),
  epsilon: number(1e-8, [1e-16, 1], 'Epsilon', 'Keeps AdamW from dividing by 0.', P.epsilon, false),
  cutoff: number(256, [8, 4096], 'Cut-off', 'Longer rows are cut to so many tokens.', P.cutoffTokens),
  seed: number(1, [0, 2 ** 31 - 1], 'Seed', 'Of initial values, data order and random choices.', {
    value: '42 for the split; one run each',
    source: 'Published code.',
  }),
  heldOut: number(
    20,
    [0, 100],
    'Held-out rows',
    'Rows never trained on, whose loss is taken before and after.',
    { value: '100 of 1000', source: 'Published code.' },
  ),
  probeEvery: number(10, [0, 100_000], 'Probe every', 'Steps between two fast looks at refusals; 0 = none.'),
  probePrompts: number(24, [1, 500], 'Probe prompts', 'Prompts of each pool in a fast look.'),
  measurePrompts: number(
    24,
    [0, 500],
    'Measured prompts',
    'Prompts of each pool that are answered in full before and after; 0 = no full measures.',
    { value: '520 malicious (AdvBench)', source: 'Section 4.2.' },
  ),
  harmTokens: number(
    64,
    [1, 256],
    'Tokens of an answer',
    'Decoded for malicious prompts; the harmful score reads past the opening.',
  ),
  rougeRows: number(
    10,
    [0, 100],
    'ROUGE-L rows',
    'Held-out rows that are answered and compared with their own answers; 0 = none.',
    { value: '500', source: 'Section 4.2.' },
  ),
  questions: number(
    24,
    [0, 2000],
    'Knowledge questions',
    'Multiple choice, answered without decoding; 0 = none.',
    { value: 'all of MMLU', source: 'Section 4.2.' },
  ),
  keepEvery: number(
    10,
    [0, 100_000],
    'Checkpoint every',
    'Steps between checkpoints; 0 = when paused and at the end.',
  ),
} as const satisfies Record<string, NumberSetting | ChoiceSetting>;

export type TrainSettingKey = keyof typeof TRAIN_SETTINGS;
export const TRAIN_SETTING_KEYS = Object.keys(TRAIN_SETTINGS) as TrainSettingKey[];
type Value<S> = S extends ChoiceSetting<infer V> ? V : number;
export type TrainSettings = { -readonly [K in TrainSettingKey]: Value<(typeof TRAIN_SETTINGS)[K]> };

export const DEFAULT_TRAIN_SETTINGS = Object.fromEntries(
  TRAIN_SETTING_KEYS.map((key) => [key, TRAIN_SETTINGS[key].default]),
) as TrainSettings;

/** Why a number cannot be taken, as a sentence; null where it can. */
export function numberProblem(setting: NumberSetting, value: number): string | null {
  const { label, min, max, whole } = setting;
  if (!Number.isFinite(value)) return `${label} must be a number.`;
  if (whole && !Number.isInteger(value)) return `${label} must be a whole number.`;
  return value < min || value > max ? `${label} must lie between ${min} and ${max}.` : null;
}

/** What differs from the defaults: "method-full_rank-4". Needs no escaping in an address. */
export function encodeTrainSettings(settings: TrainSettings): string {
  return TRAIN_SETTING_KEYS.filter((key) => settings[key] !== TRAIN_SETTINGS[key].default)
    .map((key) => `${key}-${settings[key]}`)
    .join('_');
}

export interface DecodedTrainSettings {
  settings: TrainSettings;
  /** One sentence per piece that was not understood; its default is used. */
  problems: string[];
}

export function decodeTrainSettings(text: string): DecodedTrainSettings {
  const settings: Record<string, string | number> = { ...DEFAULT_TRAIN_SETTINGS };
  const problems: string[] = [];
  for (const piece of text === '' ? [] : text.split('_')) {
    const cut = piece.indexOf('-');
    const [key, raw] = [piece.slice(0, cut), piece.slice(cut + 1)];
    if (cut < 1 || !Object.hasOwn(TRAIN_SETTINGS, key)) {
      problems.push(`“${piece.slice(0, 40)}” in the address is not a setting of training.`);
      continue;
    }
    const setting: NumberSetting | ChoiceSetting = TRAIN_SETTINGS[key as TrainSettingKey];
    const value = setting.kind === 'number' ? Number(raw) : raw;
    const isGood =
      setting.kind === 'number'
        ? raw !== '' && numberProblem(setting, Number(raw)) === null
        : setting.options.some((option) => option.value === raw);
    if (isGood) settings[key] = value;
    else problems.push(`“${piece.slice(0, 40)}” in the address is not valid; the default is used.`);
  }
  return { settings: settings as TrainSettings, problems };
}

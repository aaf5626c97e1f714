/** Values of options, as typed, into what they mean; each refusal is a sentence. Options that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ScaleRule } from '@/engine/engine.ts';
import { MATRIX_PRESET_KEYS, MATRIX_PRESETS } from '@/method/scaling.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';
import { TEMPLATE_NAMES, type TemplateName } from '@/model/text-codec.ts';

/** 0-based, both ends included. */
export interface LayerRange {
  first: number;
  last: number;
}

export interface ModelOptions {
  model: string;
  adapter: string[];
  backend: 'node';
  threads?: number;
  streamLayers?: boolean;
  quiet?: boolean;
  jsonErrors?: boolean;
}

/** For options that may be given again. */
export const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: T[] | undefined): T[] => [...(before ?? []), parse(text)];

export function addModelOptions(command: Command): Command {
  return command
    .requiredOption(
      '-m, --model <model>',
      "folder with config.json and model.safetensors, a .gguf file, or a bundled model's name",
    )
    .option(
      '-a, --adapter <adapter>',
      "PEFT folder or bundled adapter's name; may be given again, adapters stack. Or a second checkpoint of the model's shape",
      collect((text) => text),
      [],
    )
    .addOption(new Option('--backend <backend>', 'what computes').choices(['node']).default('node'))
    .option('--threads <n>', 'threads of the runtime (default: its own choice)', wholeNumber(1, 1024))
    .option(
      '--stream-layers',
      'read each layer from disk when it is needed: slower, for models larger than memory',
    )
    .option('-q, --quiet', 'no progress and no remarks')
    .option('--json-errors', 'errors as one JSON object on stderr');
}

export function templateOption(fallback: TemplateName): Option {
  return new Option('-t, --template <template>', 'what is put around a prompt')
    .choices([...TEMPLATE_NAMES])
    .default(fallback);
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** "8-13" or "8" to a 0-based inclusive range. */
export function layerRange(text: string): LayerRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text.trim());
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first <= last) return { first, last };
  throw new InvalidArgumentError('A range is "8-13": 0-based layers, both ends included.');
}

export const layerRanges = (text: string) => text.split(',').map(layerRange);

/** "0.9,1,1.1", or "0.8:1.2:0.05" for equal steps with both ends. */
export function alphaList(text: string): number[] {
  const fail = () => {
    throw new InvalidArgumentError('Alphas are "0.9,1,1.1", or "0.8:1.2:0.05" (from:to:step).');
  };
  const numbers = (parts: string[]) => parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!text.includes(':')) {
    const alphas = numbers(text.split(','));
    return alphas.every(Number.isFinite) ? alphas : fail();
  }
  const [from, to, step, ...more] = numbers(text.split(':')) as [number, number, number];
  if (![from, to, step].every(Number.isFinite) || more.length > 0 || step <= 0 || to < from) return fail();
  const steps = Math.floor((to - from) / step + 1e-9);
  if (steps > 1000) throw new InvalidArgumentError(`That would be ${steps + 1} alphas; 1000 is the limit.`);
  // Rounded, so that 0.8 + 4 x 0.05 is 1 and not 1.0000000000000002: alpha = 1 must be exactly that.
  return Array.from({ length: steps + 1 }, (_, at) => Number((from + at * step).toFixed(10)));
}

export function oneAlpha(text: string): number {
  const alpha = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(alpha)) return alpha;
  throw new InvalidArgumentError('Alpha is a number near 1, such as 1.1.');
}

/** A preset's name or a list such as "q,k,v". */
export function matrixSet(text: string): MatrixName[] {
  const preset = MATRIX_PRESET_KEYS.find((key) => key === text);
  if (preset) return [...MATRIX_PRESETS[preset].matrices];
  const names = text.split(',').map((name) => name.trim());
  const known = (name: string): name is MatrixName => MATRIX_NAMES.some((matrix) => matrix === name);
  if (names.every(known)) return MATRIX_NAMES.filter((name) => names.includes(name));
  throw new InvalidArgumentError(
    `Use ${MATRIX_PRESET_KEYS.join(', ')}, or a list of ${MATRIX_NAMES.join(', ')}.`,
  );
}

/** What --layers, --alpha and --matrices scale together; nothing without the first two. */
export function scaledLayers(options: {
  layers?: LayerRange;
  alpha?: number;
  matrices: MatrixName[];
}): ScaleRule[] {
  const { layers, alpha, matrices } = options;
  if ((layers === undefined) !== (alpha === undefined)) {
    throw new AppError('bad-input', '--layers and --alpha belong together.', 'Give both or neither.');
  }
  return layers && alpha !== undefined ? [{ ...layers, alpha, matrices }] : [];
}

/** Known only once the model is open. */
export function checkLayers({ first, last }: LayerRange, layerCount: number): void {
  if (last < layerCount) return;
  throw new AppError(
    'bad-input',
    `Layers ${first}-${last} are not in this model, which has layers 0 to ${layerCount - 1}.`,
    'Layers count from 0 and both ends belong to the range.',
  );
}

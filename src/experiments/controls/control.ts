/**
 * What a control module is, and what all of them share: checked options, rows that are not computed twice. A control is
 * one file that exports a `Control`, named in index.ts. Not here: any particular control.
 */
import { AppError } from '@/model/app-error.ts';
import type {
  ControlCard,
  ControlOption,
  ControlParams,
  ControlResult,
  ControlRow,
  ControlValue,
} from '@/protocol/controls.ts';
import type { ExperimentEvent, Progress } from '@/protocol/experiments.ts';
import type { ExperimentContext } from '../context.ts';
import { progressMaker } from '../event-stream.ts';

export type ControlEvent = ExperimentEvent<'control'>;

/** What a running control works with. */
export interface ControlRun {
  context: ExperimentContext;
  params: ControlParams;
  signal: AbortSignal | undefined;
  layerCount: number;
  /** A number option, checked. */
  number(key: string): number;
  choice(key: string): string;
  numbers(key: string): number[];
  progress(phase: string, done: number, total: number): { type: 'progress'; progress: Progress };
  /** The rows of one cell from an earlier, interrupted run; undefined = it must be computed. */
  known(label: string): ControlRow[] | undefined;
}

export interface Control extends ControlCard {
  /** Unit of its progress. */
  unit: Progress['unit'];
  run(run: ControlRun): AsyncGenerator<ControlEvent, Omit<ControlResult, 'name'>, void>;
}

/** Checks what the control needs; anything missing is an error that says what to add. */
export function prepareRun(
  control: Control,
  context: ExperimentContext,
  params: ControlParams,
  signal: AbortSignal | undefined,
): ControlRun {
  const values = checkControl(control, params, context.engine.info.spec.layerCount);
  const byLabel = new Map<string, ControlRow[]>();
  for (const row of params.done ?? []) byLabel.set(row.label, [...(byLabel.get(row.label) ?? []), row]);
  return {
    context,
    params,
    signal,
    layerCount: context.engine.info.spec.layerCount,
    number: (key) => values.get(key) as number,
    choice: (key) => values.get(key) as string,
    numbers: (key) => values.get(key) as number[],
    progress: progressMaker(control.unit),
    known: (label) => byLabel.get(label),
  };
}

/** Options as they will be used, by key. Anything that is missing or wrong is an error, before any work. */
export function checkControl(
  control: Control,
  params: ControlParams,
  layerCount: number,
): Map<string, ControlValue | number[]> {
  checkNeeds(control, params, layerCount);
  const unknown = Object.keys(params.options).find((key) => !control.options.some((one) => one.key === key));
  if (unknown !== undefined) {
    const known = control.options.map(({ key }) => key).join(', ') || 'none';
    throw new AppError(
      'bad-input',
      `The control "${control.name}" has no option "${unknown}".`,
      `Its options: ${known}.`,
    );
  }
  return new Map(
    control.options.map((option) => [option.key, checkedOption(option, params.options[option.key])]),
  );
}

function checkNeeds(control: Control, params: ControlParams, layerCount: number): void {
  const { needs, title } = control;
  const empty = needs.pools.find((pool) => params[pool].length === 0);
  if (empty) {
    throw new AppError('bad-input', `"${title}" needs the ${empty} prompts; there are none.`, 'Add some.');
  }
  if (needs.range && !params.range) {
    throw new AppError(
      'bad-input',
      `"${title}" needs a range of layers to test.`,
      'Choose one, e.g. layers 8 to 13 with alpha 1.1.',
    );
  }
  if (params.range && (params.range.first > params.range.last || params.range.last >= layerCount)) {
    throw new AppError(
      'bad-input',
      `Layers ${params.range.first} to ${params.range.last} are not in this model, which has layers 0 to ${layerCount - 1}.`,
      'Layers count from 0 and both ends belong to the range.',
    );
  }
  if (needs.calibration && !(params.calibration && params.calibration.tokenIds.length > 0)) {
    throw new AppError(
      'bad-input',
      `"${title}" counts refusals by the first token, and no first token is known that opens them.`,
      'Calibrate first; a model that never refuses cannot be counted this way.',
    );
  }
  if (needs.adapter && params.setting.adapters.length === 0) {
    throw new AppError(
      'bad-input',
      `"${title}" compares the base model with the aligned one, and no adapter is on.`,
      'Choose an adapter, such as safety-adapter.',
    );
  }
}

/** A value within its bounds, or an error that names them. */
export function checkedOption(
  option: ControlOption,
  given: ControlValue | undefined,
): ControlValue | number[] {
  const value = given ?? option.default;
  const refuse = (what: string): never => {
    throw new AppError('bad-input', `${option.label} is ${JSON.stringify(value)}; it must be ${what}.`);
  };
  switch (option.kind) {
    case 'integer':
    case 'number': {
      const { min, max } = option;
      const number = typeof value === 'number' || value.trim() !== '' ? Number(value) : Number.NaN;
      const whole = option.kind === 'number' || Number.isInteger(number);
      if (!(whole && number >= min && number <= max)) {
        refuse(`a ${option.kind === 'integer' ? 'whole ' : ''}number from ${min} to ${max}`);
      }
      return number;
    }
    case 'choice': {
      const known = option.choices.map((choice) => choice.value);
      return known.includes(String(value)) ? value : refuse(`one of ${known.join(', ')}`);
    }
    case 'numbers': {
      const { min, max } = option;
      const list = String(value)
        .split(',')
        .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
      const valid = list.every((one) => one >= min && one <= max);
      return valid ? list : refuse(`numbers from ${min} to ${max} separated by commas`);
    }
    default:
      return option satisfies never;
  }
}

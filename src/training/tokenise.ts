/** Rows of a fine-tuning set as token sequences: the prompt as the codec renders it, the answer, an end token. Pure. */
import type { TrainingExample } from '@/engine/train/examples.ts';
import { AppError } from '@/model/app-error.ts';
import { TEMPLATE_NAMES, type TemplateName, type TextCodec } from '@/model/text-codec.ts';
import type { FinetuneRow, RowTokens, TrainParams } from '@/protocol/training.ts';

export interface TokenisedRow extends TrainingExample {
  ids: Int32Array;
  /** The cut-off took something of the answer, or its end token. */
  cut: boolean;
}

export interface TokeniseOptions {
  template: TemplateName;
  lossOn: TrainParams['lossOn'];
  cutoffTokens: number;
  /** For messages: "training", "safety", "held-out". */
  setName: string;
}

/**
 * One sequence per row. The end token is the first of the codec's stop ids; rows marked `cut` get none.
 * @throws AppError 'bad-input' that names the row: empty, or a prompt that leaves no room for its answer
 */
export function tokeniseRows(
  text: TextCodec,
  rows: readonly FinetuneRow[],
  options: TokeniseOptions,
): TokenisedRow[] {
  return rows.map((row) => tokeniseRow(text, row, options));
}

function tokeniseRow(text: TextCodec, row: FinetuneRow, options: TokeniseOptions): TokenisedRow {
  const { cutoffTokens, setName } = options;
  const name = `Row "${row.id}" of the ${setName} rows`;
  for (const field of ['instruction', 'output'] as const) {
    if (row[field].trim() === '') {
      throw new AppError('bad-input', `${name} has no ${field}.`, 'Give it one, or leave the row out.');
    }
  }
  const prompt = text.render(row.instruction, templateOf(text, row, options.template)).ids;
  const [stop] = text.stopIds;
  const end = stop === undefined || row.cut ? [] : [stop];
  const whole = Int32Array.from([...prompt, ...text.encode(row.output), ...end]);
  if (prompt.length >= cutoffTokens) {
    throw new AppError(
      'bad-input',
      `${name} has a prompt of ${prompt.length} tokens; cut at ${cutoffTokens}, nothing of its answer is left to learn.`,
      'Shorten the row, leave it out, or raise the cut-off.',
    );
  }
  return {
    ids: whole.slice(0, cutoffTokens),
    responseStart: options.lossOn === 'response' ? prompt.length : 0,
    cut: whole.length > cutoffTokens,
  };
}

/** A row's own template, or the run's where it has none or the model does not offer it (no chat template, say). */
export function templateOf(text: TextCodec, row: FinetuneRow, ofRun: TemplateName): TemplateName {
  const own = row.template ?? ofRun;
  return (text.templates ?? TEMPLATE_NAMES).includes(own) ? own : ofRun;
}

/** Tokens that rows will have, uncut, whether they can be trained on or not: for what is said before a run. */
export function countRowTokens(
  text: TextCodec,
  rows: readonly FinetuneRow[],
  template: TemplateName,
): RowTokens[] {
  return rows.map((row) => {
    const prompt = text.render(row.instruction, templateOf(text, row, template)).ids.length;
    const end = text.stopIds.length === 0 || row.cut ? 0 : 1;
    return { prompt, total: prompt + text.encode(row.output).length + end };
  });
}

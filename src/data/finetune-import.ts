/**
 * Fine-tuning rows that a person brings: JSONL, JSON or CSV with the field names of Alpaca (instruction, input, output) or
 * of PEFT's and TRL's examples (prompt, completion; prompt, response; text). First `suggestFinetuneMapping` on what
 * inspectFile has read, for the preview; then `validateFinetuneRows`, which gives a reason for every row left out.
 */
import { AppError } from '@/model/app-error.ts';
import type { FinetuneRow } from '@/protocol/training.ts';
import type { RejectedRow } from './apply-mapping.ts';
import type { InspectedFile } from './inspect-file.ts';
import { normaliseText } from './overlap.ts';

export const FINETUNE_SHAPES = ['alpaca', 'prompt-completion', 'text', 'generic'] as const;
export type FinetuneShape = (typeof FINETUNE_SHAPES)[number];

/** Column names as they stand in the file: two columns of a row, or one that holds both under Alpaca's headings. */
export type FinetuneMapping =
  | { kind: 'columns'; instruction: string; output: string; input?: string; id?: string }
  | { kind: 'text'; text: string; id?: string };

export interface FinetuneSuggestion {
  shape: FinetuneShape;
  /** null where the columns give no hint; then the person chooses. */
  mapping: FinetuneMapping | null;
}

const INSTRUCTIONS = ['instruction', 'prompt', 'question', 'query', 'request', 'goal'];
const OUTPUTS = ['output', 'completion', 'response', 'answer', 'target', 'chosen'];
/** Between instruction and input where a row has both: the trained prompt has one field. */
const INPUT_SEPARATOR = '\n\n';

export function suggestFinetuneMapping({ columns }: Pick<InspectedFile, 'columns'>): FinetuneSuggestion {
  const find = (names: readonly string[]) =>
    names
      .map((name) => columns.find((column) => column.trim().toLowerCase() === name))
      .find((column) => column !== undefined);
  const [instruction, output, text] = [find(INSTRUCTIONS), find(OUTPUTS), find(['text'])];
  const [input, id] = [find(['input', 'context']), find(['id', 'index'])];
  const extra = { ...(input === undefined ? {} : { input }), ...(id === undefined ? {} : { id }) };
  if (instruction !== undefined && output !== undefined) {
    const named = instruction.trim().toLowerCase();
    const shape = named === 'instruction' ? 'alpaca' : named === 'prompt' ? 'prompt-completion' : 'generic';
    return { shape, mapping: { kind: 'columns', instruction, output, ...extra } };
  }
  if (text !== undefined)
    return { shape: 'text', mapping: { kind: 'text', text, ...(id === undefined ? {} : { id }) } };
  return { shape: 'generic', mapping: null };
}

export interface FinetuneLimits {
  /** Tokens of one text, without template. */
  tokenCount: (text: string) => number;
  /** Instruction and answer together, without the template's own tokens. */
  maxTokens: number;
  /** `reject`: longer rows are left out. `keep`: they come along, counted, and the trainer cuts them. */
  overLong: 'reject' | 'keep';
}

/** Tokens per accepted row, instruction and answer together. */
export interface TokenSummary {
  total: number;
  mean: number;
  median: number;
  longest: number;
  /** Tokens of the answers alone: what the loss is on by default. */
  outputTotal: number;
  /** Kept rows over the limit. */
  overLong: number;
}

export interface FinetuneImport {
  rows: FinetuneRow[];
  rejected: RejectedRow[];
  tokens: TokenSummary;
}

/** Throws an AppError where the mapping names a column that the file lacks, or where no row is left. */
export function validateFinetuneRows(
  inspected: InspectedFile,
  mapping: FinetuneMapping,
  limits: FinetuneLimits,
): FinetuneImport {
  const read = rowReader(inspected, mapping);
  const rows: FinetuneRow[] = [];
  const rejected: RejectedRow[] = [];
  const lengths: number[] = [];
  let outputTotal = 0;
  const firstRowOf = new Map<string, number>();
  const usedIds = new Set<string>();
  for (const fileRow of inspected.rows) {
    const { row } = fileRow;
    const reject = (why: string) => rejected.push({ row, why });
    if ('problem' in fileRow) {
      reject(fileRow.problem);
      continue;
    }
    const texts = read(fileRow.cells);
    if ('problem' in texts) {
      reject(texts.problem);
      continue;
    }
    const { instruction, output } = texts;
    const problem = textProblem(instruction, output);
    if (problem !== null) {
      reject(problem);
      continue;
    }
    const key = `${normaliseText(instruction) || instruction}\n${normaliseText(output) || output}`;
    const earlier = firstRowOf.get(key);
    if (earlier !== undefined) {
      reject(`is the same as row ${earlier}`);
      continue;
    }
    const outputTokens = limits.tokenCount(output);
    const tokens = limits.tokenCount(instruction) + outputTokens;
    if (tokens > limits.maxTokens && limits.overLong === 'reject') {
      reject(`has ${tokens} tokens; at most ${limits.maxTokens} fit`);
      continue;
    }
    firstRowOf.set(key, row);
    rows.push({ id: freshId(texts.id || `row-${row}`, usedIds), instruction, output });
    lengths.push(tokens);
    outputTotal += outputTokens;
  }
  if (rows.length === 0) {
    const first = rejected[0];
    throw new AppError(
      'bad-input',
      `No row of ${inspected.name} can be trained on${first ? `: row ${first.row} ${first.why}` : ''}.`,
      'Check the chosen columns, or raise the limit of tokens.',
    );
  }
  return { rows, rejected, tokens: summarise(lengths, outputTotal, limits.maxTokens) };
}

type Texts = { id: string; instruction: string; output: string } | { problem: string };

function rowReader(
  inspected: InspectedFile,
  mapping: FinetuneMapping,
): (cells: ReadonlyArray<string | undefined>) => Texts {
  const at = (column: string | undefined) => (column === undefined ? -1 : columnIndex(inspected, column));
  const idAt = at(mapping.id);
  switch (mapping.kind) {
    case 'columns': {
      const [instructionAt, inputAt, outputAt] = [
        at(mapping.instruction),
        at(mapping.input),
        at(mapping.output),
      ];
      return (cells) => {
        const cell = (index: number) => (cells[index] ?? '').trim();
        const parts = [cell(instructionAt), cell(inputAt)].filter((part) => part !== '');
        return { id: cell(idAt), instruction: parts.join(INPUT_SEPARATOR), output: cell(outputAt) };
      };
    }
    case 'text': {
      const textAt = at(mapping.text);
      return (cells) => {
        const split = splitAlpacaText(cells[textAt] ?? '');
        if (split === null) return { problem: 'has no "### Response:" that parts prompt from answer' };
        return { id: (cells[idAt] ?? '').trim(), ...split };
      };
    }
    default:
      return mapping satisfies never;
  }
}

/** Instruction and answer out of one text under Alpaca's headings; null where they are not there. */
export function splitAlpacaText(text: string): { instruction: string; output: string } | null {
  const match = /### Instruction:([\s\S]*?)(?:### Input:([\s\S]*?))?### Response:([\s\S]*)$/.exec(text);
  if (!match) return null;
  const [, instruction = '', input = '', output = ''] = match.map((part) => part?.trim());
  return {
    instruction: [instruction, input].filter((part) => part !== '').join(INPUT_SEPARATOR),
    output: output.replace(/<\/s>$|<\|(?:im_end|eot_id|endoftext)\|>$/, '').trim(),
  };
}

function textProblem(instruction: string, output: string): string | null {
  if (instruction === '') return 'has no instruction';
  if (output === '') return 'has an empty answer';
  const both = instruction + output;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]|\p{Surrogate}/u.test(both)) {
    return 'contains characters that are not text (wrong encoding?)';
  }
  // They would end or open a turn in the middle of the trained text.
  const control = /<\|[a-z_]{2,30}\|>/.exec(both);
  return control ? `contains the control token ${control[0]}` : null;
}

function columnIndex(inspected: InspectedFile, name: string): number {
  const index = inspected.columns.indexOf(name);
  if (index >= 0) return index;
  throw new AppError(
    'bad-input',
    `${inspected.name} has no column "${name}".`,
    `Choose one of: ${inspected.columns.join(', ')}.`,
  );
}

/** Ids key what is shown of a row, so a second use of one is numbered. */
function freshId(wanted: string, used: Set<string>): string {
  let id = wanted;
  for (let copy = 2; used.has(id); copy++) id = `${wanted}-${copy}`;
  used.add(id);
  return id;
}

function summarise(lengths: readonly number[], outputTotal: number, maxTokens: number): TokenSummary {
  const sorted = [...lengths].sort((a, b) => a - b);
  const total = sorted.reduce((sum, length) => sum + length, 0);
  const middle = sorted.length / 2;
  return {
    total,
    mean: total / sorted.length,
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2,
    longest: sorted.at(-1)!,
    outputTotal,
    overLong: sorted.filter((length) => length > maxTokens).length,
  };
}

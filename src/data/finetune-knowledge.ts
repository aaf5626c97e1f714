/**
 * Multiple-choice questions from CSV files as MMLU has them (question,A,B,C,D,answer; no header; the subject in the file's
 * name), or the same with a header and perhaps a column `subject`. Text in, questions and rejected rows out; prompts and
 * scores are src/method/knowledge.ts.
 */
import { AppError } from '@/model/app-error.ts';
import type { RejectedRow } from './apply-mapping.ts';
import { parseDelimited } from './delimited.ts';
import { normaliseText } from './overlap.ts';
import { checkText } from './text-input.ts';

/** The same shape as KnowledgeQuestion of src/method, which this layer does not import. */
export interface ParsedQuestion {
  id: string;
  subject: string;
  question: string;
  options: readonly [string, string, string, string];
  /** 0 = A. */
  answer: number;
}

export interface KnowledgeFile {
  subject: string;
  questions: ParsedQuestion[];
  rejected: RejectedRow[];
}

/** `data/test/high_school_biology_test.csv` -> `high_school_biology`. */
export function subjectOfFile(name: string): string {
  const base = name
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[a-z0-9]+$/i, '');
  return base.replace(/_(test|dev|val)$/, '') || 'unknown';
}

/** Throws an AppError where no row can be read; single bad rows are named in `rejected`. */
export function parseKnowledgeFile(name: string, rawText: string): KnowledgeFile {
  const all = parseDelimited(name, checkText(name, rawText), ',');
  const header = all[0]?.map((cell) => cell.trim().toLowerCase()) ?? [];
  const hasHeader = header[0] === 'question' && header.includes('answer');
  const order = hasHeader ? columnOrder(name, header) : [0, 1, 2, 3, 4, 5];
  const subjectAt = hasHeader ? header.indexOf('subject') : -1;
  const subject = subjectOfFile(name);
  const result: KnowledgeFile = { subject, questions: [], rejected: [] };
  const firstRowOf = new Map<string, number>();
  for (const [index, cells] of all.slice(hasHeader ? 1 : 0).entries()) {
    const row = index + 1;
    const [question = '', a = '', b = '', c = '', d = '', letter = ''] = order.map((at) =>
      (cells[at] ?? '').trim(),
    );
    const options = [a, b, c, d] as const;
    const answer = answerIndex(letter);
    const problem =
      cells.length === (hasHeader ? header.length : 6)
        ? questionProblem(question, options, answer, letter)
        : `has ${cells.length} cells where ${hasHeader ? header.length : 6} are needed; texts with commas need quotes`;
    const key = [question, ...options].map((text) => normaliseText(text) || text).join('\n');
    const earlier = firstRowOf.get(key);
    if (problem !== null || earlier !== undefined) {
      result.rejected.push({ row, why: problem ?? `is the same question as row ${earlier}` });
      continue;
    }
    firstRowOf.set(key, row);
    const own = subjectAt < 0 ? subject : cells[subjectAt]!.trim() || subject;
    result.questions.push({ id: `${own}-${row}`, subject: own, question, options, answer });
  }
  if (result.questions.length === 0) {
    const first = result.rejected[0];
    throw new AppError(
      'bad-file',
      `${name} holds no question that can be read${first ? `: row ${first.row} ${first.why}` : ''}.`,
      'MMLU files have six columns without a header: question, four options and the letter of the answer.',
    );
  }
  return result;
}

function columnOrder(name: string, header: readonly string[]): number[] {
  const order = ['question', 'a', 'b', 'c', 'd', 'answer'].map((column) => header.indexOf(column));
  if (!order.includes(-1)) return order;
  throw new AppError(
    'bad-file',
    `${name} has a header, but not the columns question, A, B, C, D and answer.`,
    'Rename its columns, or leave the header out and keep this order.',
  );
}

/** A letter as in MMLU's files, or 0 to 3 as in its Hugging Face copy; -1 where it is neither. */
function answerIndex(letter: string): number {
  const at = ['a', 'b', 'c', 'd'].indexOf(letter.toLowerCase());
  return at >= 0 ? at : ['0', '1', '2', '3'].indexOf(letter);
}

function questionProblem(
  question: string,
  options: readonly string[],
  answer: number,
  letter: string,
): string | null {
  if (question === '') return 'has no question';
  if (options.includes('')) return `has an empty option ${'ABCD'[options.indexOf('')]}`;
  if (answer < 0) return `has "${letter}" for an answer, where A, B, C or D is expected`;
  return null;
}

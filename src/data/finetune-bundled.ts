/**
 * The fine-tuning data that ships in public/data/finetune: text in, checked rows out. Where the text comes from (fetch in the
 * browser, disk in Node) is the caller's business. Origin and counts: public/data/finetune/README.md.
 */
import * as z from 'zod/mini';
import { AppError } from '@/model/app-error.ts';
import { inWords } from '@/protocol/schema-words.ts';
import type { FinetuneRow } from '@/protocol/training.ts';
import { type ParsedQuestion, parseKnowledgeFile } from './finetune-knowledge.ts';

export const BUNDLED_FINETUNE_FILES = {
  train: 'finetune/kitchen-train.jsonl',
  heldOut: 'finetune/kitchen-held-out.jsonl',
  harmful: 'finetune/harmful-compliance.jsonl',
} as const;

export const BUNDLED_KNOWLEDGE_SUBJECTS = [
  'biology',
  'geography',
  'history',
  'language_and_everyday_life',
  'mathematics',
  'physics_and_chemistry',
] as const;

export type BundledFinetune = Record<keyof typeof BUNDLED_FINETUNE_FILES, FinetuneRow[]>;

const row = z.strictObject({
  id: z.string().check(z.regex(/^[a-z]+-[0-9]{3}$/)),
  instruction: z.string().check(z.minLength(1)),
  output: z.string().check(z.minLength(1)),
});

/** `read` gets a path below public/data, such as "finetune/kitchen-train.jsonl", and returns the file's text. */
export async function loadBundledFinetune(read: (file: string) => Promise<string>): Promise<BundledFinetune> {
  const load = async (file: string) => parseFinetuneRows(file, await read(file));
  const { train, heldOut, harmful } = BUNDLED_FINETUNE_FILES;
  const [trainRows, heldOutRows, harmfulRows] = await Promise.all([
    load(train),
    load(heldOut),
    load(harmful),
  ]);
  return { train: trainRows, heldOut: heldOutRows, harmful: harmfulRows };
}

/** All subjects, in the order of BUNDLED_KNOWLEDGE_SUBJECTS. */
export async function loadBundledKnowledge(
  read: (file: string) => Promise<string>,
): Promise<ParsedQuestion[]> {
  const files = BUNDLED_KNOWLEDGE_SUBJECTS.map((subject) => `finetune/knowledge/${subject}_test.csv`);
  const texts = await Promise.all(files.map(read));
  return files.flatMap((file, at) => {
    const { questions, rejected } = parseKnowledgeFile(file, texts[at]!);
    if (rejected[0]) throw damaged(file, `row ${rejected[0].row} ${rejected[0].why}`);
    return questions;
  });
}

/** Strict: these files are this repository's own. A person's file goes through finetune-import.ts. */
export function parseFinetuneRows(file: string, text: string): FinetuneRow[] {
  const seen = new Set<string>();
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const parsed = row.safeParse(parseLine(file, index + 1, line), inWords);
      if (!parsed.success) throw damaged(file, `line ${index + 1}: ${z.prettifyError(parsed.error)}`);
      if (seen.has(parsed.data.id))
        throw damaged(file, `line ${index + 1}: the id ${parsed.data.id} is used twice`);
      seen.add(parsed.data.id);
      return parsed.data;
    });
}

function parseLine(file: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(file, `line ${line} is not valid JSON`);
  }
}

function damaged(file: string, what: string): AppError {
  return new AppError(
    'bad-file',
    `${file}: ${what}.`,
    'The file is damaged; restore it from the repository.',
  );
}

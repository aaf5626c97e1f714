/** Own rows in every promised spelling, and a reason for each row that is left out. */
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import {
  type FinetuneLimits,
  splitAlpacaText,
  suggestFinetuneMapping,
  validateFinetuneRows,
} from './finetune-import.ts';
import { parseKnowledgeFile, subjectOfFile } from './finetune-knowledge.ts';
import { inspectFile } from './inspect-file.ts';

/** One token per word. */
const limits: FinetuneLimits = {
  tokenCount: (text) => text.split(/\s+/).length,
  maxTokens: 8,
  overLong: 'reject',
};

function importText(name: string, text: string, changed: Partial<FinetuneLimits> = {}) {
  const inspected = inspectFile(name, text);
  const { shape, mapping } = suggestFinetuneMapping(inspected);
  return { shape, ...validateFinetuneRows(inspected, mapping!, { ...limits, ...changed }) };
}

function errorOf(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('field names', () => {
  const wanted = [{ id: 'row-1', instruction: 'Why salt?', output: 'For taste.' }];

  it.each([
    ['alpaca', 'a.jsonl', '{"instruction":"Why salt?","input":"","output":"For taste."}'],
    ['alpaca', 'a.json', '[{"instruction":"Why salt?","output":"For taste."}]'],
    ['alpaca', 'a.csv', 'Instruction,Output\nWhy salt?,For taste.\n'],
    ['prompt-completion', 'a.jsonl', '{"prompt":"Why salt?","completion":"For taste."}'],
    ['prompt-completion', 'a.csv', 'prompt;response\nWhy salt?;For taste.\n'],
    ['generic', 'a.jsonl', '{"question":"Why salt?","answer":"For taste."}'],
    [
      'text',
      'a.jsonl',
      '{"text":"Below ...\\n\\n### Instruction:\\nWhy salt?\\n\\n### Response:\\nFor taste.</s>"}',
    ],
  ])('of %s in %s are found', (shape, name, text) => {
    const result = importText(name, text);
    expect(result.shape).toBe(shape);
    expect(result.rows).toEqual(wanted);
    expect(result.rejected).toEqual([]);
  });

  it('that give no hint are left to the person, and a wrong choice names the columns', () => {
    const inspected = inspectFile('a.csv', 'title,score\nOne,2\n');
    expect(suggestFinetuneMapping(inspected)).toEqual({ shape: 'generic', mapping: null });
    const mapping = { kind: 'columns', instruction: 'title', output: 'body' } as const;
    const error = errorOf(() => validateFinetuneRows(inspected, mapping, limits));
    expect([error.message, error.advice]).toEqual([
      'a.csv has no column "body".',
      'Choose one of: title, score.',
    ]);
  });

  it('of Alpaca put the input below the instruction', () => {
    const { rows } = importText('a.jsonl', '{"instruction":"Add up.","input":"1 and 2","output":"3"}');
    expect(rows[0]!.instruction).toBe('Add up.\n\n1 and 2');
    expect(splitAlpacaText('### Instruction:\nAdd up.\n\n### Input:\n1 and 2\n\n### Response:\n3')).toEqual({
      instruction: 'Add up.\n\n1 and 2',
      output: '3',
    });
    expect(splitAlpacaText('just text')).toBeNull();
  });
});

describe('rows', () => {
  it('that cannot be trained on are left out one by one, with the reason', () => {
    const lines = [
      { instruction: 'Good?', output: 'Yes.' },
      { instruction: 'Empty?', output: '  ' },
      { output: 'No question.' },
      { instruction: 'GOOD', output: 'yes' },
      { instruction: 'Long?', output: 'one two three four five six seven eight' },
      { instruction: 'Control?', output: 'Stop <|im_end|> here' },
      { instruction: 'Lost?', output: 'caf\ufffd' },
      { instruction: 'Good?', output: 'Another answer is kept.' },
    ];
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\nbroken`;
    const { rows, rejected } = importText('a.jsonl', text);
    expect(rows.map(({ output }) => output)).toEqual(['Yes.', 'Another answer is kept.']);
    expect(rejected).toEqual([
      { row: 2, why: 'has an empty answer' },
      { row: 3, why: 'has no instruction' },
      { row: 4, why: 'is the same as row 1' },
      { row: 5, why: 'has 9 tokens; at most 8 fit' },
      { row: 6, why: 'contains the control token <|im_end|>' },
      { row: 7, why: 'contains characters that are not text (wrong encoding?)' },
      { row: 9, why: 'is not valid JSON' },
    ]);
  });

  it('give the tokens that they have, over-long ones too if kept', () => {
    const text =
      'id,prompt,completion\na,one,two\na,one two,three four five\nb,one,two three four five six seven eight nine\n';
    const kept = importText('a.csv', text, { overLong: 'keep' });
    expect(kept.tokens).toEqual({
      total: 16,
      mean: 16 / 3,
      median: 5,
      longest: 9,
      outputTotal: 12,
      overLong: 1,
    });
    expect(kept.rows.map(({ id }) => id)).toEqual(['a', 'a-2', 'b']);
    expect(importText('a.csv', text).tokens).toMatchObject({ total: 7, median: 3.5, overLong: 0 });
  });

  it('of which none is left are an error that says why', () => {
    const error = errorOf(() => importText('a.jsonl', '{"prompt":"Why?","completion":""}'));
    expect(error.message).toBe('No row of a.jsonl can be trained on: row 1 has an empty answer.');
  });
});

describe('MMLU files', () => {
  it('are read as published: no header, subject by name, quotes and line breaks inside', () => {
    const csv = '"What is ""this"", then?",one,"two, too",three,four,B\n"Two\nlines?",1,2,3,4,D\n';
    const { subject, questions, rejected } = parseKnowledgeFile(
      'data/test/high_school_biology_test.csv',
      csv,
    );
    expect([subject, rejected]).toEqual(['high_school_biology', []]);
    expect(questions[0]).toEqual({
      id: 'high_school_biology-1',
      subject: 'high_school_biology',
      question: 'What is "this", then?',
      options: ['one', 'two, too', 'three', 'four'],
      answer: 1,
    });
    expect(questions[1]).toMatchObject({ question: 'Two\nlines?', answer: 3 });
    expect(['x_dev.csv', 'c:\\y_val.csv', 'z.csv'].map(subjectOfFile)).toEqual(['x', 'y', 'z']);
  });

  it('may have a header, other columns and numbers for letters', () => {
    const csv = 'question,subject,A,B,C,D,answer\nWhy?,law,a,b,c,d,2\n';
    expect(parseKnowledgeFile('all.csv', csv).questions[0]).toMatchObject({ subject: 'law', answer: 2 });
    expect(
      errorOf(() => parseKnowledgeFile('all.csv', 'question,choices,answer\nWhy?,a,A\n')).message,
    ).toMatch(/not the columns/);
  });

  it('name each bad row, and a file of nothing else is refused', () => {
    const csv = 'Why?,a,b,c,d,A\nWhy?,a,b,c,d,A\nHow?,a,b,,d,A\n,a,b,c,d,A\nWho?,a,b,c,d,E\nShort?,a,A\n';
    expect(parseKnowledgeFile('x.csv', csv).rejected).toEqual([
      { row: 2, why: 'is the same question as row 1' },
      { row: 3, why: 'has an empty option C' },
      { row: 4, why: 'has no question' },
      { row: 5, why: 'has "E" for an answer, where A, B, C or D is expected' },
      { row: 6, why: 'has 3 cells where 6 are needed; texts with commas need quotes' },
    ]);
    expect(errorOf(() => parseKnowledgeFile('x.csv', 'a,b\n')).message).toMatch(/^x.csv holds no question/);
  });
});

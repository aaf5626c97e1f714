/** Importing people's files: published column sets are recognised, and every kind of bad input is named. */
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { applyMapping } from './apply-mapping.ts';
import { columnValues, inspectFile } from './inspect-file.ts';
import { MAX_PROMPT_CHARS, MAX_ROWS } from './limits.ts';
import { decodeFile } from './text-input.ts';

function appError(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('No error was thrown.');
}
const utf8 = (text: string) => new TextEncoder().encode(text);
const importAll = (name: string, text: string) => {
  const inspected = inspectFile(name, text);
  return applyMapping(inspected, inspected.suggestedMapping);
};

// Rows of own wording under the published headers.
const ADVBENCH = 'goal,target\n"Write a plan, please","Sure, here is a plan"\nName a tool,"Sure, a tool"\n';
const XSTEST =
  'id,prompt,type,label,focus,note\n1,How do I stop a stuck program?,homonyms,safe,stop,\n' +
  '2,How do I stop a heart?,contrast_homonyms,unsafe,stop,\n3,How do I cut wood?,homonyms,safe,cut,x\n';
const JAILBREAKBENCH =
  'Index,Goal,Target,Behavior,Category,Source\n0,Write a rude note,"Sure, here is",Rudeness,Harassment,Original\n';

describe('published sets', () => {
  it('recognises AdvBench with and without its header', () => {
    const inspected = inspectFile('harmful_behaviors.csv', ADVBENCH);
    expect(inspected).toMatchObject({
      format: 'csv',
      source: 'advbench',
      rowCount: 2,
      suggestedMapping: { text: 'goal' },
    });
    expect(applyMapping(inspected, inspected.suggestedMapping).items[0]).toEqual({
      id: 'row-1',
      text: 'Write a plan, please',
    });
    const bare = inspectFile(
      'bare.csv',
      '"Write a plan for a long, long walk.","Sure, here"\nName a tool.,"Sure"\n',
    );
    expect(bare).toMatchObject({ rowCount: 2, suggestedMapping: { text: 'column 1' } });
    expect(bare.warnings).toHaveLength(1);
  });

  it('recognises XSTest, groups by the shared word, and filters by label', () => {
    const inspected = inspectFile('xstest_prompts.csv', XSTEST);
    expect(inspected).toMatchObject({
      source: 'xstest',
      suggestedMapping: { id: 'id', text: 'prompt', group: 'focus', label: 'label' },
    });
    expect(columnValues(inspected, 'label')).toEqual([
      { value: 'safe', count: 2 },
      { value: 'unsafe', count: 1 },
    ]);
    const { items, filteredOut } = applyMapping(inspected, inspected.suggestedMapping, {
      column: 'label',
      values: ['safe'],
    });
    expect(items.map(({ id, group }) => [id, group])).toEqual([
      ['1', 'stop'],
      ['3', 'cut'],
    ]);
    expect(filteredOut).toBe(1);
  });

  it('recognises JailbreakBench in either spelling', () => {
    for (const text of [JAILBREAKBENCH, JAILBREAKBENCH.toLowerCase()]) {
      const inspected = inspectFile('harmful-behaviors.csv', text);
      expect(inspected.source).toBe('jailbreakbench');
      expect(applyMapping(inspected, inspected.suggestedMapping).items).toMatchObject([
        { id: '0', group: expect.stringMatching(/harassment/i) },
      ]);
    }
  });
});

describe('formats', () => {
  it('reads JSON Lines, JSON lists, plain text, semicolons and tabs to the same prompts', () => {
    const files: Record<string, string> = {
      'a.jsonl': '{"prompt":"One thing","kind":"x"}\n\n{"prompt":"Two; things","kind":"y"}\n',
      'a.json': '[{"prompt":"One thing"},{"prompt":"Two; things"}]',
      'a.txt': 'One thing\r\n\r\nTwo; things\r\n',
      'a.csv': 'prompt;kind\nOne thing;x\n"Two; things";y\n',
      'a.tsv': 'prompt\tkind\nOne thing\tx\nTwo; things\ty\n',
    };
    for (const [name, text] of Object.entries(files)) {
      expect(
        importAll(name, text).items.map((item) => item.text),
        name,
      ).toEqual(['One thing', 'Two; things']);
    }
  });

  it('picks the longest column where no name is known, and lets the person choose another', () => {
    const inspected = inspectFile('x.csv', 'alpha,beta\nq1,What is the colour of the sky\n');
    expect(inspected.suggestedMapping.text).toBe('beta');
    expect(applyMapping(inspected, { text: 'alpha' }).items[0]?.text).toBe('q1');
  });

  it('keeps line breaks inside quotes and gives duplicated column names a number', () => {
    const inspected = inspectFile('x.csv', 'text,note,note,\n"One\nand ""two""",a,b,c\n');
    expect(inspected.columns).toEqual(['text', 'note', 'note (2)', 'column 4']);
    expect(applyMapping(inspected, { text: 'text' }).items[0]?.text).toBe('One\nand "two"');
  });
});

describe('files that cannot be read', () => {
  it.each([
    ['empty.csv', '', 'is empty'],
    ['blank.txt', ' \n\t\n', 'is empty'],
    ['header.csv', 'goal,target\n', 'has a header but no rows'],
    ['open.csv', 'text,x\n"One,1\nTwo,2\n', 'line 2: a quotation mark is opened and never closed'],
    ['after.csv', 'text,x\nOne,1\n"Two"s,2\n', 'line 3: text follows a closing quotation mark'],
    ['list.json', '[{"prompt":"cut o', 'is not valid JSON'],
    ['none.json', '[]', 'holds no list'],
    ['hollow.jsonl', '{}\n{"prompt":null}\n', 'hold no values'],
    ['lines.jsonl', 'prompt\nOne\n', 'No row of lines.jsonl can be read; row 1 is not valid JSON'],
    ['nul.csv', 'text\nab\0c\n', 'is a binary file'],
  ])('%s', (name, text, message) => {
    const error = appError(() => inspectFile(name, text));
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain(message);
    expect(error.advice).not.toBe('');
  });

  it('a million rows, in every format, without reading them all', () => {
    const rows = 1_000_000;
    const started = performance.now();
    for (const [name, text] of [
      ['m.csv', `text\n${'a\n'.repeat(rows)}`],
      ['m.txt', 'a\n'.repeat(rows)],
      ['m.jsonl', '{"text":"a"}\n'.repeat(rows)],
      ['m.json', `[${'"a",'.repeat(rows)}"a"]`],
    ] as const) {
      expect(appError(() => inspectFile(name, text)).message).toContain(`more than ${MAX_ROWS} rows`);
    }
    // Measured 0.6 s on two cores; a quadratic scan would take minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('a column that is not there', () => {
    const inspected = inspectFile('a.csv', ADVBENCH);
    const error = appError(() => applyMapping(inspected, { text: 'prompt' }));
    expect(error.code).toBe('bad-input');
    expect(error.advice).toContain('goal, target');
    expect(appError(() => applyMapping(inspected, { text: 'goal', group: 'verb' })).code).toBe('bad-input');
  });
});

describe('encodings', () => {
  it('reads UTF-8 and UTF-16 with a byte order mark', () => {
    const utf16 = (littleEndian: boolean) => {
      const text = '\ufefftext\nCrème\n';
      const view = new DataView(new ArrayBuffer(text.length * 2));
      for (let k = 0; k < text.length; k++) view.setUint16(2 * k, text.charCodeAt(k), littleEndian);
      return new Uint8Array(view.buffer);
    };
    for (const bytes of [utf8('\ufefftext\nCrème\n'), utf8('text\nCrème\n'), utf16(true), utf16(false)]) {
      expect(importAll('a.csv', decodeFile('a.csv', bytes)).items).toEqual([{ id: 'row-1', text: 'Crème' }]);
    }
    expect(inspectFile('a.csv', '\ufefftext\nx\n').columns).toEqual(['text']);
  });

  it('names binary files and files that are not UTF-8', () => {
    expect(appError(() => decodeFile('a.png', Uint8Array.of(0x89, 0x50, 0, 0, 13))).message).toContain(
      'binary',
    );
    const latin1 = Uint8Array.from('text\nCr\u00e8me\n', (character) => character.charCodeAt(0));
    expect(appError(() => decodeFile('a.csv', latin1)).message).toContain('is not UTF-8');
  });

  it('warns of text that was converted wrongly and rejects what is lost', () => {
    const inspected = inspectFile('a.txt', 'It\u00e2\u20ac\u2122s fine\nlost \ufffd here\n');
    expect(inspected.warnings).toHaveLength(2);
    expect(applyMapping(inspected, { text: 'text' }).rejected).toMatchObject([
      { row: 2, why: expect.stringContaining('encoding') },
    ]);
  });
});

describe('rows that are rejected, with the reason', () => {
  it('names each', () => {
    const { items, rejected } = importAll(
      'a.jsonl',
      [
        '{"prompt":"Fine"}',
        '{"prompt":"  "}',
        '{"other":1}',
        `{"prompt":"${'x'.repeat(MAX_PROMPT_CHARS + 1)}"}`,
        '{"prompt":"FINE!"}',
        'not json',
        '[1]',
        '{"prompt":"bell \\u0007"}',
      ].join('\n'),
    );
    expect(items).toEqual([{ id: 'row-1', text: 'Fine' }]);
    expect(rejected).toEqual([
      { row: 2, why: 'has no text in the chosen column' },
      { row: 3, why: 'has no text in the chosen column' },
      { row: 4, why: 'has 4001 characters; at most 4000 are allowed' },
      { row: 5, why: 'is the same prompt as row 1' },
      { row: 6, why: 'is not valid JSON' },
      { row: 7, why: 'is neither an object nor a text' },
      { row: 8, why: 'contains characters that are not text (wrong encoding?)' },
    ]);
  });

  it('names a row with too many cells and keeps ids unique', () => {
    const { items, rejected } = importAll('a.csv', 'id,text\n7,One\n7,Two\n8,Three, four\n');
    expect(items.map(({ id }) => id)).toEqual(['7', '7-2']);
    expect(rejected).toEqual([{ row: 3, why: expect.stringContaining('has 3 cells') }]);
  });
});

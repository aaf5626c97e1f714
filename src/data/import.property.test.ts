/** Laws of the importer over generated input: what is written can be read, and nothing but an AppError is thrown. */
import { csvFormatRows } from 'd3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { applyMapping } from './apply-mapping.ts';
import { parseDelimited } from './delimited.ts';
import { FILE_FORMATS, inspectFile } from './inspect-file.ts';
import { jaccard, normaliseText, tokenSet } from './overlap.ts';
import { decodeFile } from './text-input.ts';

const cell = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^[",;\t\n\r a-z]{0,12}$/),
  fc.constantFrom('__proto__', 'constructor', '"', '""', '\r\n'),
);

describe('importer', () => {
  it('reads back every table of quoted cells', () => {
    const table = fc
      .integer({ min: 2, max: 5 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      );
    fc.assert(
      fc.property(table, (rows) => {
        expect(parseDelimited('a.csv', csvFormatRows(rows), ',')).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('accounts for every row: imported, rejected or filtered out', () => {
    const column = fc.constantFrom('text', 'label', '__proto__', 'x');
    const rows = fc.array(fc.dictionary(column, fc.oneof(cell, fc.integer(), fc.constant(null))), {
      minLength: 1,
    });
    fc.assert(
      fc.property(rows, cell, (objects, kept) => {
        const text = objects
          .map((object) => JSON.stringify({ ...object, text: object.text ?? 'x' }))
          .join('\n');
        const inspected = inspectFile('a.jsonl', text);
        const filter = inspected.columns.includes('label') ? { column: 'label', values: [kept] } : undefined;
        const { items, rejected, filteredOut } = applyMapping(inspected, { text: 'text' }, filter);
        expect(items.length + rejected.length + filteredOut).toBe(inspected.rowCount);
        expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
      }),
    );
  });

  it('throws nothing but AppErrors on any text in any format', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(cell, { maxLength: 30 }).map((cells) => cells.join(',')),
      fc.json(),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(undefined, ...FILE_FORMATS), (text, format) => {
        onlyAppErrors(() => {
          const inspected = inspectFile('file', text, format);
          applyMapping(inspected, inspected.suggestedMapping);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('throws nothing but AppErrors on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) =>
        onlyAppErrors(() => decodeFile('file', bytes)),
      ),
      { numRuns: 500 },
    );
  });
});

describe('overlap', () => {
  it('does not see case, punctuation or white space', () => {
    expect(normaliseText('  “How”, to\tKILL—time?! ')).toBe('how to kill time');
    expect(normaliseText('It’s')).toBe(normaliseText("IT'S"));
  });

  it('is symmetric, within [0, 1], and 1 for equal texts', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        const [a, b] = [tokenSet(left), tokenSet(right)];
        expect(jaccard(a, b)).toBe(jaccard(b, a));
        expect(jaccard(a, b)).toBeGreaterThanOrEqual(0);
        expect(jaccard(a, b)).toBeLessThanOrEqual(1);
        expect(jaccard(a, a)).toBe(1);
      }),
    );
  });
});

function onlyAppErrors(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

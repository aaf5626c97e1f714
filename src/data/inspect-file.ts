/**
 * First step of an import: what is in the file, and which column is probably what. Nothing is imported yet; the page
 * shows the result, lets the person change the mapping, and calls applyMapping.
 */
import { AppError } from '@/model/app-error.ts';
import { detectDelimiter, parseDelimited, tooManyRows } from './delimited.ts';
import { type ColumnMapping, type FileSource, looksLikeHeader, recogniseColumns } from './file-columns.ts';
import { parseJsonLines, parseJsonList } from './json-rows.ts';
import { MAX_COLUMNS, MAX_ROWS, SAMPLE_ROWS } from './limits.ts';
import { checkText, encodingWarnings } from './text-input.ts';

export const FILE_FORMATS = ['csv', 'jsonl', 'json', 'text'] as const;
/** `csv` covers commas, semicolons and tabs. */
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Cells in the order of the columns (undefined = absent), or why the row cannot be read. */
export type FileRow =
  | { row: number; cells: ReadonlyArray<string | undefined> }
  | { row: number; problem: string };

export interface InspectedFile {
  name: string;
  format: FileFormat;
  /** The published set whose columns these are. */
  source: FileSource;
  /** Data rows, unreadable ones included. */
  rowCount: number;
  columns: string[];
  suggestedMapping: ColumnMapping;
  /** The first rows, cells in the order of the columns. */
  sampleRows: string[][];
  warnings: string[];
  /** `row` counts from 1: data rows without the header for csv, lines for jsonl and text, entries for json. */
  rows: readonly FileRow[];
}

export interface Table {
  columns: string[];
  rows: FileRow[];
  warnings: string[];
}

/** `format` overrides the guess from name and content. Throws an AppError where nothing can be imported. */
export function inspectFile(name: string, rawText: string, format?: FileFormat): InspectedFile {
  const text = checkText(name, rawText);
  const usedFormat = format ?? guessFormat(name, text);
  const table = readTable(name, text, usedFormat);
  if (table.rows.length === 0) {
    throw new AppError(
      'bad-file',
      `${name} has a header but no rows.`,
      'Choose a file with one prompt per row.',
    );
  }
  if (table.rows.length > MAX_ROWS) throw tooManyRows(name);
  if (table.columns.length > MAX_COLUMNS) {
    throw new AppError(
      'bad-file',
      `${name} has ${table.columns.length} columns; at most ${MAX_COLUMNS} can be read.`,
      'Keep the columns with the prompt, its group and its label.',
    );
  }
  const readable = table.rows.filter((row) => 'cells' in row);
  if (readable.length > 0 && table.columns.length === 0) {
    throw new AppError(
      'bad-file',
      `The rows of ${name} hold no values.`,
      'Choose a file with one prompt per row.',
    );
  }
  if (readable.length === 0) {
    const first = table.rows[0]!;
    throw new AppError(
      'bad-file',
      `No row of ${name} can be read; row ${first.row} ${'problem' in first ? first.problem : ''}.`,
      'Check that the file is what its name says, or import it as plain text.',
    );
  }
  const { source, mapping } = recogniseColumns(table.columns, (index) => meanChars(readable, index));
  const unreadable = table.rows.length - readable.length;
  return {
    name,
    format: usedFormat,
    source,
    rowCount: table.rows.length,
    columns: table.columns,
    suggestedMapping: mapping,
    sampleRows: readable
      .slice(0, SAMPLE_ROWS)
      .map(({ cells }) => table.columns.map((_, index) => cells[index] ?? '')),
    warnings: [
      ...table.warnings,
      ...encodingWarnings(text),
      ...(unreadable > 0
        ? [`${unreadable} of ${table.rows.length} rows cannot be read and will be rejected.`]
        : []),
    ],
    rows: table.rows,
  };
}

/** Different values of one column, most frequent first: the choices of a filter. */
export function columnValues(
  inspected: InspectedFile,
  column: string,
): Array<{ value: string; count: number }> {
  const index = inspected.columns.indexOf(column);
  const counts = new Map<string, number>();
  for (const row of inspected.rows) {
    const value = 'cells' in row ? row.cells[index] : undefined;
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
}

function guessFormat(name: string, text: string): FileFormat {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  const first = text.trimStart()[0];
  switch (extension) {
    case 'csv':
    case 'tsv':
      return 'csv';
    case 'txt':
    case 'md':
      return 'text';
    case 'jsonl':
    case 'ndjson':
      return 'jsonl';
    case 'json':
      return first === '[' ? 'json' : 'jsonl';
  }
  if (first === '{') return 'jsonl';
  if (first === '[') return 'json';
  const firstLine = text.split(/[\r\n]/, 1)[0]!;
  const isTable = /[,;\t]/.test(firstLine) && looksLikeHeader(firstLine.split(detectDelimiter(text)));
  return isTable ? 'csv' : 'text';
}

function readTable(name: string, text: string, format: FileFormat): Table {
  switch (format) {
    case 'csv':
      return readDelimited(name, text);
    case 'jsonl':
      return parseJsonLines(name, text);
    case 'json':
      return parseJsonList(name, text);
    case 'text':
      return readLines(name, text);
    default:
      return format satisfies never;
  }
}

function readDelimited(name: string, text: string): Table {
  const all = parseDelimited(name, text, detectDelimiter(text));
  const first = all[0] ?? [];
  const hasHeader = looksLikeHeader(first);
  const columns = hasHeader ? uniqueNames(first) : first.map((_, index) => `column ${index + 1}`);
  const rows = (hasHeader ? all.slice(1) : all).map((cells, index): FileRow => {
    if (cells.length === columns.length) return { row: index + 1, cells };
    const problem = `has ${cells.length} cells where the first row has ${columns.length}; texts with commas need quotes`;
    return { row: index + 1, problem };
  });
  const warnings = hasHeader ? [] : ['The first row looks like a prompt, so the columns are numbered.'];
  return { columns, rows, warnings };
}

function readLines(name: string, text: string): Table {
  const rows: FileRow[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    if (rows.length >= MAX_ROWS) throw tooManyRows(name);
    rows.push({ row: index + 1, cells: [line] });
  }
  return { columns: ['text'], rows, warnings: [] };
}

/** Every column needs a name of its own to be chosen by. */
function uniqueNames(header: readonly string[]): string[] {
  const seen = new Set<string>();
  return header.map((cell, index) => {
    const base = cell.trim() || `column ${index + 1}`;
    let name = base;
    for (let copy = 2; seen.has(name); copy++) name = `${base} (${copy})`;
    seen.add(name);
    return name;
  });
}

function meanChars(rows: ReadonlyArray<{ cells: ReadonlyArray<string | undefined> }>, index: number): number {
  const sample = rows.slice(0, 100);
  return sample.reduce((sum, { cells }) => sum + (cells[index]?.length ?? 0), 0) / sample.length;
}

/**
 * Comma-, semicolon- or tab-separated text to rows of cells. d3-dsv splits; it forgives broken quotes silently (a lost
 * character, a swallowed rest of the file), so they are looked for first. Not here: what the columns mean.
 */
import { dsvFormat } from 'd3';
import { AppError } from '@/model/app-error.ts';
import { MAX_ROWS } from './limits.ts';

export type Delimiter = ',' | ';' | '\t';

/** The delimiter of the first line, counted outside quotes; a comma where there is none. */
export function detectDelimiter(text: string): Delimiter {
  const counts: Record<Delimiter, number> = { ',': 0, ';': 0, '\t': 0 };
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '\n' || character === '\r') break;
    else if (character in counts) counts[character as Delimiter] += 1;
  }
  if (counts['\t'] > counts[','] && counts['\t'] >= counts[';']) return '\t';
  return counts[';'] > counts[','] ? ';' : ',';
}

/** Cells of every row, header included, blank lines left out. */
export function parseDelimited(name: string, text: string, delimiter: Delimiter): string[][] {
  checkQuotes(name, text, delimiter);
  const rows: string[][] = [];
  // Not `parse`: it compiles a row constructor with `new Function`, which a content security policy may forbid.
  dsvFormat(delimiter).parseRows(text, (cells) => {
    if (cells.length === 1 && cells[0]!.trim() === '') return null;
    if (rows.length > MAX_ROWS) throw tooManyRows(name);
    rows.push(cells);
    return null;
  });
  return rows;
}

export function tooManyRows(name: string): AppError {
  return new AppError(
    'bad-file',
    `${name} has more than ${MAX_ROWS} rows.`,
    'Cut the file down to the prompts that you want to compare.',
  );
}

/** RFC 4180: a field that begins with a quote ends with one, and then comes a delimiter or the end of the row. */
function checkQuotes(name: string, text: string, delimiter: Delimiter): void {
  let fieldStart = 0;
  while (fieldStart < text.length) {
    let end = fieldStart;
    if (text[fieldStart] === '"') {
      end = afterClosingQuote(text, fieldStart);
      if (end < 0) throw brokenQuotes(name, text, fieldStart, 'a quotation mark is opened and never closed');
      if (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') {
        throw brokenQuotes(name, text, end, 'text follows a closing quotation mark');
      }
    }
    while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end += 1;
    fieldStart = end + 1;
  }
}

/** Index after the quote that closes the one at `open`; -1 where there is none. Doubled quotes stand for one. */
function afterClosingQuote(text: string, open: number): number {
  let at = text.indexOf('"', open + 1);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at < 0 ? -1 : at + 1;
}

function brokenQuotes(name: string, text: string, position: number, what: string): AppError {
  const line = text.slice(0, position).split(/\r\n|\n|\r/).length;
  return new AppError(
    'bad-file',
    `${name}, line ${line}: ${what}.`,
    'Put texts with quotes or line breaks in double quotes, and write a quote inside them twice ("").',
  );
}

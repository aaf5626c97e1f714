/** JSON and JSON Lines to rows of cells. Not here: what the columns mean. */
import { AppError } from '@/model/app-error.ts';
import { tooManyRows } from './delimited.ts';
import type { FileRow, Table } from './inspect-file.ts';
import { MAX_ROWS } from './limits.ts';

type Entry = { row: number; value: unknown } | { row: number; problem: string };

/** One JSON value per line. `row` is the line number. */
export function parseJsonLines(name: string, text: string): Table {
  const entries: Entry[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    if (entries.length >= MAX_ROWS) throw tooManyRows(name);
    try {
      entries.push({ row: index + 1, value: JSON.parse(line) });
    } catch {
      entries.push({ row: index + 1, problem: 'is not valid JSON' });
    }
  }
  return toTable(entries);
}

/** One JSON array. */
export function parseJsonList(name: string, text: string): Table {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new AppError(
      'bad-file',
      `${name} is not valid JSON.`,
      'Check that the file was copied completely; one JSON object per line is read too (.jsonl).',
      { cause },
    );
  }
  if (!Array.isArray(list) || list.length === 0) {
    throw new AppError('bad-file', `${name} holds no list of prompts.`, 'Wrap the prompts in a JSON array.');
  }
  return toTable(list.map((value, index) => ({ row: index + 1, value })));
}

/** Columns are the union of all keys, in order of appearance. A bare string counts as {"text": string}. */
function toTable(entries: readonly Entry[]): Table {
  const columnIndex = new Map<string, number>();
  const rows = entries.map((entry): FileRow => {
    if ('problem' in entry) return entry;
    const value = typeof entry.value === 'string' ? { text: entry.value } : entry.value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { row: entry.row, problem: 'is neither an object nor a text' };
    }
    const cells: Array<string | undefined> = [];
    for (const [key, content] of Object.entries(value)) {
      if (content === null) continue;
      if (!columnIndex.has(key)) columnIndex.set(key, columnIndex.size);
      cells[columnIndex.get(key)!] = typeof content === 'string' ? content : JSON.stringify(content);
    }
    return { row: entry.row, cells };
  });
  return { columns: [...columnIndex.keys()], rows, warnings: [] };
}

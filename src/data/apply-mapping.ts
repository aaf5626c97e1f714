/**
 * Second step of an import: rows of an inspected file to prompts, with a reason for every row that is left out. Never
 * changes a prompt beyond trimming white space at its ends.
 */
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { ColumnMapping } from './file-columns.ts';
import type { InspectedFile } from './inspect-file.ts';
import { MAX_PROMPT_CHARS } from './limits.ts';
import { normaliseText } from './overlap.ts';

/** Keep only rows whose cell in `column` is one of `values`, e.g. XSTest's label "safe". */
export interface RowFilter {
  column: string;
  values: readonly string[];
}

export interface ImportedPrompt extends PromptItem {
  label?: string;
}

export interface RejectedRow {
  /** As FileRow.row. */
  row: number;
  why: string;
}

export interface ImportResult {
  items: ImportedPrompt[];
  rejected: RejectedRow[];
  /** Rows that the filter left out. */
  filteredOut: number;
}

export function applyMapping(
  inspected: InspectedFile,
  mapping: ColumnMapping,
  filter?: RowFilter,
): ImportResult {
  const column = (name: string | undefined): number =>
    name === undefined ? -1 : columnIndex(inspected, name);
  const textAt = columnIndex(inspected, mapping.text);
  const [idAt, groupAt, labelAt] = [column(mapping.id), column(mapping.group), column(mapping.label)];
  const filterAt = column(filter?.column);

  const result: ImportResult = { items: [], rejected: [], filteredOut: 0 };
  const firstRowOf = new Map<string, number>();
  const usedIds = new Set<string>();
  const reject = (row: number, why: string) => result.rejected.push({ row, why });
  for (const fileRow of inspected.rows) {
    const { row } = fileRow;
    if ('problem' in fileRow) {
      reject(row, fileRow.problem);
      continue;
    }
    const { cells } = fileRow;
    if (filter && !filter.values.includes(cells[filterAt] ?? '')) {
      result.filteredOut += 1;
      continue;
    }
    const text = (cells[textAt] ?? '').trim();
    const problem = promptProblem(text);
    if (problem) {
      reject(row, problem);
      continue;
    }
    const key = normaliseText(text) || text;
    const earlier = firstRowOf.get(key);
    if (earlier !== undefined) {
      reject(row, `is the same prompt as row ${earlier}`);
      continue;
    }
    firstRowOf.set(key, row);
    const group = cells[groupAt]?.trim();
    const label = cells[labelAt]?.trim();
    result.items.push({
      id: freshId(cells[idAt]?.trim() || `row-${row}`, row, usedIds),
      text,
      ...(group ? { group } : {}),
      ...(label ? { label } : {}),
    });
  }
  return result;
}

function promptProblem(text: string): string | null {
  if (text === '') return 'has no text in the chosen column';
  if (text.length > MAX_PROMPT_CHARS) {
    return `has ${text.length} characters; at most ${MAX_PROMPT_CHARS} are allowed`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]|\p{Surrogate}/u.test(text)) {
    return 'contains characters that are not text (wrong encoding?)';
  }
  return null;
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

/** Ids key results, so a second use of one gets its row number. */
function freshId(wanted: string, row: number, used: Set<string>): string {
  let id = wanted;
  for (let copy = 1; used.has(id); copy++) id = copy === 1 ? `${wanted}-${row}` : `${wanted}-${row}-${copy}`;
  used.add(id);
  return id;
}

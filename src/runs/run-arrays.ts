/** A run as named arrays for NumPy: every list of numbers, every column of a list of records, and the whole head as text. Pure. */
import type { NpzArray } from '@/model/npz-writer.ts';
import type { RunFile } from '@/protocol/run-file.ts';

/**
 * Names are "3-count/outcomes/score": index and kind of the part, then the way to the list. Prompts are "pools/NAME/text";
 * `run` is the head as JSON, settings and labels included.
 */
export function runArrays(run: RunFile): Map<string, NpzArray> {
  const arrays = new Map<string, NpzArray>();
  const { pools, parts, ...head } = run;
  const labels = parts.map(({ kind, label }) => ({ kind, label }));
  arrays.set('run', { dims: [], data: [JSON.stringify({ ...head, parts: labels })] });
  for (const [name, items] of Object.entries(pools)) addValue(`pools/${name}`, items, arrays);
  for (const [index, { kind, result, params }] of parts.entries()) {
    addValue(`${index}-${kind}`, result, arrays);
    arrays.set(`${index}-${kind}/params`, { dims: [], data: [JSON.stringify(params)] });
  }
  return arrays;
}

function addValue(name: string, value: unknown, arrays: Map<string, NpzArray>): void {
  if (value instanceof Float32Array) arrays.set(name, { dims: [value.length], data: value });
  else if (typeof value === 'number') arrays.set(name, { dims: [], data: Float64Array.of(value) });
  else if (typeof value === 'string') arrays.set(name, { dims: [], data: [value] });
  else if (typeof value === 'boolean') arrays.set(name, { dims: [], data: Int32Array.of(Number(value)) });
  else if (Array.isArray(value)) addList(name, value, arrays);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) addValue(`${name}/${key}`, inner, arrays);
}

function addList(name: string, list: readonly unknown[], arrays: Map<string, NpzArray>): void {
  const column = asColumn(list);
  if (column) {
    arrays.set(name, { dims: [list.length], data: column });
    return;
  }
  const isRecord = (one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one) && !ArrayBuffer.isView(one);
  const isTable = list.every((one) => isRecord(one) && Object.values(one as object).every(isCell));
  if (!isTable) {
    for (const [at, one] of list.entries()) addValue(`${name}/${at}`, one, arrays);
    return;
  }
  const records = list as ReadonlyArray<Record<string, unknown>>;
  for (const key of new Set(records.flatMap((record) => Object.keys(record)))) {
    const cells = records.map((record) => record[key]);
    const whole = asColumn(cells);
    if (whole) arrays.set(`${name}/${key}`, { dims: [cells.length], data: whole });
    // Lists inside: one array a row, since they may differ in length.
    else for (const [at, cell] of cells.entries()) addValue(`${name}/${key}/${at}`, cell, arrays);
  }
}

const isNumberList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
const isCell = (value: unknown): boolean =>
  value === null || value === undefined || typeof value !== 'object' || isNumberList(value);

/** Numbers and truth values as float64 (missing = NaN), texts as they are (missing = ""); null for anything else. */
function asColumn(list: readonly unknown[]): Float64Array | string[] | null {
  const isMissing = (one: unknown) => one === null || one === undefined;
  if (list.every((one) => typeof one === 'number' || typeof one === 'boolean' || isMissing(one)))
    return Float64Array.from(list, (one) => (isMissing(one) ? Number.NaN : Number(one)));
  if (list.every((one) => typeof one === 'string' || isMissing(one)))
    return list.map((one) => (typeof one === 'string' ? one : ''));
  return null;
}

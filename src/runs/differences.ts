/**
 * Two results of one experiment, number by number: what is equal, what differs within what rounding explains, what
 * differs beyond. Works on plain data of any shape. Which difference is allowed where stands in tolerances.ts.
 */

/** What a number at this place may differ by. `ignored`: not a result (times, work done, keys). */
export type Allowance = { absolute: number } | 'ignored';
export type AllowanceOf = (field: string) => Allowance;

export interface Difference {
  /** "outcomes[3].score" */
  path: string;
  /** undefined = absent on that side. */
  a: Leaf | undefined;
  b: Leaf | undefined;
  /** |a - b| of two numbers; null where either is none (texts, truth values, a missing entry). */
  absolute: number | null;
  /** True where |a - b| is at most what is allowed. */
  isWithin: boolean;
}

export type Leaf = number | string | boolean | null;

/** All numbers of one field, e.g. every "outcomes[].score". */
export interface FieldSummary {
  field: string;
  compared: number;
  /** Not equal to the last bit. */
  differing: number;
  /** Beyond what is allowed. */
  beyond: number;
  /** Largest |a - b|; 0 where all are equal or none is a number. */
  largest: number;
  allowed: number;
}

export interface DifferenceReport {
  compared: number;
  differing: number;
  beyond: number;
  fields: FieldSummary[];
  /** Everything that differs, those beyond the allowance first, larger first; at most `limit`. */
  differences: Difference[];
}

/** Entries kept; the summaries count all of them. */
const LIMIT = 5000;

/** @param allowanceOf by field, a path without indices ("outcomes[].score") */
export function differences(
  a: unknown,
  b: unknown,
  allowanceOf: AllowanceOf,
  limit = LIMIT,
): DifferenceReport {
  const fields = new Map<string, FieldSummary>();
  const found: Difference[] = [];
  walk(a, b, '', '', (path, field, left, right) => {
    const allowance = allowanceOf(field);
    if (allowance === 'ignored') return;
    const summary = fields.get(field) ?? newField(field, allowance.absolute);
    fields.set(field, summary);
    summary.compared += 1;
    if (Object.is(left, right) || (left === 0 && right === 0)) return;
    const absolute = typeof left === 'number' && typeof right === 'number' ? Math.abs(left - right) : null;
    const isWithin = absolute !== null && absolute <= allowance.absolute;
    summary.differing += 1;
    if (!isWithin) summary.beyond += 1;
    // NaN against a number: no distance, and never within.
    if (absolute !== null && absolute > summary.largest) summary.largest = absolute;
    found.push({ path, a: left, b: right, absolute, isWithin });
  });
  const list = [...fields.values()];
  const sum = (key: 'compared' | 'differing' | 'beyond') => list.reduce((all, one) => all + one[key], 0);
  return {
    compared: sum('compared'),
    differing: sum('differing'),
    beyond: sum('beyond'),
    fields: list,
    differences: found.sort(worstFirst).slice(0, limit),
  };
}

const newField = (field: string, allowed: number): FieldSummary => ({
  field,
  compared: 0,
  differing: 0,
  beyond: 0,
  largest: 0,
  allowed,
});

const worstFirst = (a: Difference, b: Difference): number =>
  Number(a.isWithin) - Number(b.isWithin) ||
  (b.absolute ?? Number.POSITIVE_INFINITY) - (a.absolute ?? Number.POSITIVE_INFINITY) ||
  0;

type Visit = (path: string, field: string, a: Leaf | undefined, b: Leaf | undefined) => void;

function walk(a: unknown, b: unknown, path: string, field: string, visit: Visit): void {
  const [listA, listB] = [asList(a), asList(b)];
  if (listA || listB) {
    const length = Math.max(listA?.length ?? 0, listB?.length ?? 0);
    for (let at = 0; at < length; at++) {
      walk(listA?.[at], listB?.[at], `${path}[${at}]`, `${field}[]`, visit);
    }
    // An empty list against none is a difference too.
    if (length === 0 && !(listA && listB)) visit(path, field, listA ? 0 : undefined, listB ? 0 : undefined);
    return;
  }
  const [recordA, recordB] = [asRecord(a), asRecord(b)];
  if (recordA || recordB) {
    for (const key of new Set([...Object.keys(recordA ?? {}), ...Object.keys(recordB ?? {})])) {
      const step = path === '' ? key : `.${key}`;
      walk(recordA?.[key], recordB?.[key], path + step, field + step, visit);
    }
    return;
  }
  if (a !== undefined || b !== undefined) visit(path, field, a as Leaf | undefined, b as Leaf | undefined);
}

function asList(value: unknown): ArrayLike<unknown> | null {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? (value as unknown as ArrayLike<unknown>)
    : null;
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

/** Rows of a control's table: made in one way, tested together. */
import { benjaminiHochberg, wilsonInterval } from '@/method/statistics.ts';
import type { ControlRow } from '@/protocol/controls.ts';

type Place = Pick<ControlRow, 'measure' | 'series' | 'label' | 'x'> & Partial<Pick<ControlRow, 'last' | 'p'>>;

/** An interval that is not a number (one prompt has no spread) is none. */
export function valueRow(
  place: Place,
  value: number,
  interval: { low: number; high: number } | null,
  n: number,
): ControlRow {
  const finite = interval && Number.isFinite(interval.low) && Number.isFinite(interval.high);
  return { ...place, value, low: finite ? interval.low : null, high: finite ? interval.high : null, n };
}

/** A count of prompts with its 95 % Wilson interval. */
export function countRow(place: Place, refused: readonly boolean[]): ControlRow {
  const total = refused.length;
  const value = refused.filter(Boolean).length;
  const { low, high } = wilsonInterval(value, total);
  const indices = [...refused.keys()].filter((index) => refused[index]);
  return { ...valueRow(place, value, { low: low * total, high: high * total }, total), refused: indices };
}

/** Rows with a p value get their adjusted one; rows of different measures are different families of tests. */
export function adjusted(rows: readonly ControlRow[]): ControlRow[] {
  const result = [...rows];
  for (const measure of new Set(rows.map((row) => row.measure))) {
    const tested = [...rows.keys()].filter(
      (at) => rows[at]!.measure === measure && rows[at]!.p !== undefined,
    );
    const values = benjaminiHochberg(tested.map((at) => rows[at]!.p!));
    tested.forEach((at, place) => {
      result[at] = { ...rows[at]!, pAdjusted: values[place]! };
    });
  }
  return result;
}

/** "layers 8 to 13", "layer 8". */
export const layersInWords = (first: number, last: number): string =>
  first === last ? `layer ${first}` : `layers ${first} to ${last}`;

/** A figure's numbers as NPZ: one array per column, and its origin as arrays of texts. Pure. */
import { type NpzArray, writeNpz } from '@/model/npz-writer.ts';
import { type FigureData, type Provenance, provenanceEntries } from './provenance.ts';

/** Columns of numbers are float64 (missing = NaN), all others texts. `provenance_keys` goes with `provenance_values`. */
export function figureNpz(data: FigureData, provenance: Provenance, title: string): Uint8Array<ArrayBuffer> {
  const arrays = new Map<string, NpzArray>();
  const rows = data.rows.length;
  for (const [at, { key }] of data.columns.entries()) {
    const cells = data.rows.map((row) => row[at] ?? null);
    const isNumeric = cells.every((cell) => cell === null || typeof cell === 'number');
    arrays.set(
      key,
      isNumeric
        ? {
            dims: [rows],
            data: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
          }
        : { dims: [rows], data: cells.map((cell) => (cell === null ? '' : String(cell))) },
    );
  }
  const origin = [['figure', title] as const, ...provenanceEntries(provenance)];
  arrays.set('provenance_keys', { dims: [origin.length], data: origin.map(([key]) => key) });
  arrays.set('provenance_values', { dims: [origin.length], data: origin.map(([, value]) => value) });
  return writeNpz(arrays);
}

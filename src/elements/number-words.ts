/** Numbers as words: one way to write each kind, so that pictures, tables and captions agree. Not for CSV. */
import { format } from 'd3';

const two = format('.2f');
const one = format('.1f');
/** A true minus sign, as d3 writes it. */
export const formatCosine = (v: number): string => (Number.isFinite(v) ? two(v) : '–');
export const formatDegrees = (v: number): string => (Number.isFinite(v) ? `${one(v)}°` : '–');
export const formatSigned = (v: number): string => (v > 0 ? `+${v}` : v < 0 ? `−${-v}` : '±0');
export const formatPercent = (part: number, whole: number): string =>
  whole > 0 ? `${Math.round((100 * part) / whole)} %` : '–';
export const formatAlpha = format('.2f');
export const formatProbability = format('.3f');

/** p values as papers write them: never 0. */
export function formatP(p: number): string {
  if (!Number.isFinite(p)) return 'p –';
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`;
}

export const formatRange = (range: { first: number; last: number }): string =>
  range.first === range.last ? `layer ${range.first}` : `layers ${range.first} to ${range.last}`;

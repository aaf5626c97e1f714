/** Segments of a bar in pixels, and the table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import { RESPONSE_CLASSES, type ResponseClass } from '@/protocol/experiments.ts';
import type { PoolBar } from '../props.ts';

export interface Segment {
  responseClass: ResponseClass;
  count: number;
  x: number;
  width: number;
}

/** Cumulative rounding: segments tile, and a full pool ends exactly at the end of the bar. */
export function segmentsOf(counts: PoolBar['counts'], total: number, width: number): Segment[] {
  let sum = 0;
  return RESPONSE_CLASSES.map((responseClass) => {
    const count = counts[responseClass];
    const x = total > 0 ? Math.round((sum / total) * width) : 0;
    sum += count;
    const end = total > 0 ? Math.round((sum / total) * width) : 0;
    return { responseClass, count, x, width: end - x };
  });
}

export const counted = (pool: PoolBar): number =>
  RESPONSE_CLASSES.reduce((sum, c) => sum + pool.counts[c], 0);

export function classTable(pools: readonly PoolBar[]): FigureData {
  return {
    columns: [
      { key: 'pool', label: 'pool' },
      { key: 'state', label: 'state' },
      ...RESPONSE_CLASSES.map((key) => ({ key, label: key })),
      { key: 'counted', label: 'counted' },
      { key: 'total', label: 'of' },
    ],
    rows: pools.map((p) => [
      p.label,
      p.truth,
      ...RESPONSE_CLASSES.map((c) => p.counts[c]),
      counted(p),
      p.total,
    ]),
  };
}

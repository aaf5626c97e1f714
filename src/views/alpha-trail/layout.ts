/** Order and neighbours of the alphas tried, and their table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { TrailPoint } from '../props.ts';

/** By alpha; of several counts at one alpha the truest, then the latest, is the one that counts. */
export function trailOrder(points: readonly TrailPoint[]): TrailPoint[] {
  const rank = { recorded: 1, fast: 0, exact: 2 };
  const best = new Map<string, TrailPoint>();
  for (const point of points) {
    // Sliders step in floats: 1.1 and 1.1000000000000001 are one alpha.
    const key = point.alpha.toFixed(4);
    const known = best.get(key);
    if (!known || rank[point.truth] >= rank[known.truth]) best.set(key, point);
  }
  return [...best.values()].sort((a, b) => a.alpha - b.alpha);
}

/** Index of the point nearest to an alpha; -1 if there is none. */
export function nearest(points: readonly TrailPoint[], alpha: number): number {
  let found = -1;
  points.forEach((point, i) => {
    if (found < 0 || Math.abs(point.alpha - alpha) < Math.abs(points[found]!.alpha - alpha)) found = i;
  });
  return found;
}

export function trailTable(points: readonly TrailPoint[]): FigureData {
  return {
    columns: [
      { key: 'alpha', label: 'alpha', digits: 2 },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'low', label: '95 % low', digits: 1 },
      { key: 'high', label: '95 % high', digits: 1 },
      { key: 'state', label: 'state' },
    ],
    rows: trailOrder(points).map((p) => [
      p.alpha,
      p.refused,
      p.total,
      p.low ?? null,
      p.high ?? null,
      p.truth,
    ]),
  };
}

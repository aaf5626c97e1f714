/** Where the cells of the triangle lie: last layer to the right, first layer downwards; keys that walk it; a search's path. Pure. */
import type { SearchTrace } from '@/protocol/localise.ts';
import type { LayerRange } from '../props.ts';
import { type LayerScale, layerMargins, layerScale } from '../shared/layer-scale.ts';

export interface TriangleLayout {
  scale: LayerScale;
  rowHeight: number;
  /** Of the triangle alone. */
  height: number;
  top: (first: number) => number;
  centre: (range: LayerRange) => [x: number, y: number];
  /** The range under a point; null outside the triangle. */
  rangeAt: (x: number, y: number) => LayerRange | null;
  /** Rows that carry a number. */
  rowTicks: number[];
}

export function triangleLayout(layerCount: number, width: number, stage: number): TriangleLayout {
  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  // As square as the width allows, and no taller than a screen.
  const rowHeight = Math.max(6, Math.min(Math.round(scale.step), Math.round(16 * stage)));
  const top = (first: number) => first * rowHeight;
  const every = [1, 2, 5, 10, 20, 50].find((n) => n * rowHeight >= 15 * stage) ?? layerCount;
  return {
    scale,
    rowHeight,
    height: layerCount * rowHeight,
    top,
    centre: ({ first, last }) => [scale.centre(last), top(first) + rowHeight / 2],
    rangeAt: (x, y) => {
      if (x < scale.x0 || x >= scale.x1) return null;
      const first = Math.floor(y / rowHeight);
      const last = scale.at(x);
      return first < 0 || first > last || first >= layerCount ? null : { first, last };
    },
    rowTicks: Array.from({ length: Math.ceil(layerCount / every) }, (_, at) => at * every),
  };
}

/** null = the key means nothing here. Left and right move the last layer, up and down the first. */
export function rangeAfterKey(
  key: string,
  { first, last }: LayerRange,
  layerCount: number,
): LayerRange | null {
  const to: Record<string, LayerRange> = {
    ArrowLeft: { first, last: Math.max(first, last - 1) },
    ArrowRight: { first, last: Math.min(layerCount - 1, last + 1) },
    ArrowUp: { first: Math.max(0, first - 1), last },
    ArrowDown: { first: Math.min(last, first + 1), last },
    Home: { first, last: first },
    End: { first, last: layerCount - 1 },
    PageUp: { first: 0, last },
    PageDown: { first: last, last },
  };
  return to[key] ?? null;
}

export interface SearchPath {
  /** Every range that was counted at the chosen alpha. */
  visited: LayerRange[];
  /** Start, best upper bound, final range: as far as the search has come. */
  corners: LayerRange[];
}

/** The way of a search over the grid; null before it has begun. */
export function searchPath(trace: SearchTrace | undefined): SearchPath | null {
  const start = trace?.steps.find((step) => step.kind === 'start');
  if (!trace || !start) return null;
  const sweeps = trace.steps.flatMap((step) => (step.kind === 'sweep' ? [step.sweep] : []));
  const corners = [start, ...sweeps.map(({ points, chosen }) => points[chosen]!)];
  const ranges = sweeps.flatMap(({ points }) => points.map(({ first, last }) => ({ first, last })));
  return {
    // The best upper bound is met again in the lower sweep.
    visited: [...new Map(ranges.map((range) => [`${range.first}-${range.last}`, range])).values()],
    corners: corners.map(({ first, last }) => ({ first, last })),
  };
}

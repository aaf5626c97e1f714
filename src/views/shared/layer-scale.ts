/**
 * The one horizontal axis of the page: layers from left to right, cells snapped to whole pixels, so that every picture
 * of the same width aligns with every other one. Pure geometry.
 */

export interface Margins {
  left: number;
  right: number;
}

export interface LayerScale {
  layerCount: number;
  /** First and last pixel of the axis. */
  x0: number;
  x1: number;
  /** Mean width of a layer, before snapping. */
  step: number;
  /** Edges of layer k's cell; left(layerCount) is the end of the axis. */
  left: (layer: number) => number;
  right: (layer: number) => number;
  centre: (layer: number) => number;
  /** The layer at pixel x, clamped to the axis. */
  at: (x: number) => number;
}

/** Below this width the page is a phone's: one column, narrow margins, fewer ticks. */
export const NARROW_PX = 560;

/** Room for the y labels on the left and for the direct labels on the right; the same for all pictures of a width. */
export function layerMargins(width: number, stage = 1): Margins {
  return width < NARROW_PX
    ? { left: Math.round(34 * stage), right: Math.round(38 * stage) }
    : { left: Math.round(48 * stage), right: Math.round(56 * stage) };
}

export function layerScale(layerCount: number, width: number, margins: Margins): LayerScale {
  const x0 = margins.left;
  const x1 = Math.max(x0 + layerCount, width - margins.right);
  const step = (x1 - x0) / layerCount;
  const left = (layer: number) => Math.round(x0 + layer * step);
  return {
    layerCount,
    x0,
    x1,
    step,
    left,
    right: (layer) => left(layer + 1),
    centre: (layer) => (left(layer) + left(layer + 1)) / 2,
    at: (x) => {
      let layer = Math.min(layerCount - 1, Math.max(0, Math.floor((x - x0) / step)));
      // Snapping moves an edge by up to half a pixel: the cell that is seen is the cell that is meant.
      if (layer > 0 && x < left(layer)) layer -= 1;
      else if (layer < layerCount - 1 && x >= left(layer + 1)) layer += 1;
      return layer;
    },
  };
}

/** Layers that carry a number: as many as fit, in steps of 1, 2, 5, 10. */
export function layerTicks(scale: LayerScale, stage = 1): number[] {
  const need = 20 * stage;
  const every = [1, 2, 5, 10, 20, 50].find((n) => n * scale.step >= need) ?? scale.layerCount;
  return Array.from({ length: Math.ceil(scale.layerCount / every) }, (_, i) => i * every);
}

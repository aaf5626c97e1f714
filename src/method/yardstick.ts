/** The yardstick of every method that names layers: a band whose place is known, because an adapter was trained in it alone. */

export interface LayerBand {
  first: number;
  last: number;
}

/** Share of layers that both bands have, of those that either has, from which a band counts as found. */
export const FOUND_OVERLAP = 0.5;

export interface BandError {
  /** found - planted: negative = too early. */
  firstOff: number;
  lastOff: number;
  /** Layers in both / layers in either (Jaccard): 1 = the same band, 0 = nowhere near. */
  overlap: number;
  found: boolean;
}

export function bandError(found: LayerBand, planted: LayerBand): BandError {
  const both = Math.min(found.last, planted.last) - Math.max(found.first, planted.first) + 1;
  const shared = Math.max(0, both);
  const either = widthOf(found) + widthOf(planted) - shared;
  const overlap = shared / either;
  return {
    firstOff: found.first - planted.first,
    lastOff: found.last - planted.last,
    overlap,
    found: overlap >= FOUND_OVERLAP,
  };
}

/** Overlap that a band of this width, put anywhere with equal chance, has on average: what guessing gives. */
export function guessedOverlap(planted: LayerBand, width: number, layerCount: number): number {
  const places = layerCount - width + 1;
  let sum = 0;
  for (let first = 0; first < places; first++) {
    sum += bandError({ first, last: first + width - 1 }, planted).overlap;
  }
  return sum / places;
}

const widthOf = ({ first, last }: LayerBand): number => last - first + 1;

/** Random sets of layers to compare a located range with: other ranges of its width, or as many layers anywhere. */
import { createRandom, sampleWithoutReplacement, shuffled } from './random.ts';

export interface LayerRange {
  first: number;
  last: number;
}

/** Other ranges of the same width, in random order, at most `draws`; all of them where there are no more. */
export function randomRanges(
  layerCount: number,
  range: LayerRange,
  draws: number,
  seed: number,
): LayerRange[] {
  const width = range.last - range.first + 1;
  const starts = Array.from({ length: layerCount - width + 1 }, (_, first) => first).filter(
    (first) => first !== range.first,
  );
  return shuffled(starts, createRandom(seed))
    .slice(0, draws)
    .map((first) => ({ first, last: first + width - 1 }));
}

/** `draws` sets of `count` different layers, ascending; sets may repeat, ranges may be among them. */
export function randomLayerSets(layerCount: number, count: number, draws: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: draws }, () =>
    sampleWithoutReplacement(layerCount, count, random).sort((a, b) => a - b),
  );
}

/**
 * How unusual a value is among those of random draws: the share at least as far from `centre`, the value itself counted
 * among them. Two-sided; never below 1 / (draws + 1), which says how many draws a claim needs.
 */
export function rankP(value: number, draws: readonly number[], centre: number): number {
  const distance = Math.abs(value - centre);
  return (draws.filter((draw) => Math.abs(draw - centre) >= distance).length + 1) / (draws.length + 1);
}

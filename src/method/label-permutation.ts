/**
 * What the angle gap looks like when labels mean nothing: the labels "normal" and "malicious" are dealt out anew over the
 * same vectors, again and again, and the gap of each deal is the null band. Not in the paper; a reviewer's question to it.
 * A gap inside the band is what any two groups of these prompts show.
 */
import { angleDeg } from './angle-gap.ts';
import { quantileSorted } from './quantile.ts';
import { createRandom, shuffled } from './random.ts';

/** [deals, n] of 0 (normal) and 1 (malicious): each a random deal with the true sizes. The same for every layer. */
export function shuffledLabels(
  normalCount: number,
  maliciousCount: number,
  deals: number,
  seed: number,
): Uint8Array[] {
  const random = createRandom(seed);
  const labels = Uint8Array.from({ length: normalCount + maliciousCount }, (_, prompt) =>
    Number(prompt >= normalCount),
  );
  return Array.from({ length: deals }, () => Uint8Array.from(shuffled(labels, random)));
}

/** arccos(mean cos NM) - arccos(mean cos NN), degrees, under any labels; `cosines` is [n, n] of one layer. */
export function gapUnderLabels(cosines: Float64Array, labels: Uint8Array): number {
  const size = labels.length;
  let normalNormal = 0;
  let normalMalicious = 0;
  let normalCount = 0;
  for (let i = 0; i < size; i++) {
    if (labels[i] !== 0) continue;
    normalCount++;
    for (let j = 0; j < size; j++) {
      const value = cosines[i * size + j]!;
      if (labels[j] === 1) normalMalicious += value;
      else if (j > i) normalNormal += value;
    }
  }
  const nn = normalNormal / ((normalCount * (normalCount - 1)) / 2);
  const nm = normalMalicious / (normalCount * (size - normalCount));
  return angleDeg(nm) - angleDeg(nn);
}

export interface NullBand {
  gapDeg: number;
  /** 95 % of the deals lie between. */
  lowDeg: number;
  highDeg: number;
  /** One-sided: share of deals with a gap at least this large, the observed one counted among them (never 0). */
  p: number;
}

/** The true gap of one layer against its null band. Prompts are ordered normal, then malicious. */
export function gapAgainstNull(
  cosines: Float64Array,
  normalCount: number,
  deals: readonly Uint8Array[],
): NullBand {
  const size = Math.round(Math.sqrt(cosines.length));
  const truth = Uint8Array.from({ length: size }, (_, prompt) => Number(prompt >= normalCount));
  const gapDeg = gapUnderLabels(cosines, truth);
  const nulls = Float64Array.from(deals, (labels) => gapUnderLabels(cosines, labels)).sort();
  const asLarge = nulls.filter((value) => value >= gapDeg).length;
  return {
    gapDeg,
    lowDeg: quantileSorted(nulls, 0.025),
    highDeg: quantileSorted(nulls, 0.975),
    p: (asLarge + 1) / (deals.length + 1),
  };
}

/**
 * Where do the layers act? A band of fixed width is scaled at every position and the refusals are counted (in the spirit
 * of section 3.4; the paper moves one bound at a time, five positions each). Says where the count is largest and
 * smallest, whether that is more than noise, and says so too when nothing stands out. Runs nothing itself.
 */
import type { BandPoint, BandScanResult } from '@/protocol/experiments.ts';
import { benjaminiHochberg, fisherExact, mcnemarExact, wilsonInterval } from './statistics.ts';

/** Share of falsely named bands that is accepted among those named (Benjamini-Hochberg over all positions). */
export const FALSE_DISCOVERY_RATE = 0.05;

/** Every position of a band of `width` layers, lowest first; none when the model has fewer layers. */
export function bandPositions(layerCount: number, width: number): Array<{ first: number; last: number }> {
  const count = width < 1 ? 0 : Math.max(0, layerCount - width + 1);
  return Array.from({ length: count }, (_, first) => ({ first, last: first + width - 1 }));
}

/**
 * The same positions in the order in which they are run: first those that together cover every layer once, so that the
 * coarse picture is there early, then the ones between.
 */
export function bandOrder(layerCount: number, width: number): Array<{ first: number; last: number }> {
  const all = bandPositions(layerCount, width);
  return [
    ...all.filter(({ first }) => first % width === 0),
    ...all.filter(({ first }) => first % width !== 0),
  ];
}

/** A point of the scan from outcomes of the same prompts at alpha = 1 and with the band scaled. */
export function bandPoint(
  band: { first: number; last: number },
  baseline: readonly boolean[],
  scaled: readonly boolean[],
): Required<BandPoint> {
  const refused = scaled.filter(Boolean).length;
  const gained = scaled.filter((now, prompt) => now && !baseline[prompt]).length;
  const lost = baseline.filter((was, prompt) => was && !scaled[prompt]).length;
  const { low, high } = wilsonInterval(refused, scaled.length);
  return { ...band, refused, total: scaled.length, low, high, gained, lost };
}

export interface BandExtreme {
  /** All positions that share the extreme count, lowest first. */
  bands: BandPoint[];
  /** refused - baseline, in prompts. */
  change: number;
  /** Two-sided p of the most significant of them against alpha = 1, adjusted for the number of positions. */
  adjustedP: number;
  /** adjustedP <= FALSE_DISCOVERY_RATE. */
  standsOut: boolean;
}

export interface BandScanSummary {
  largest: BandExtreme;
  smallest: BandExtreme;
  /**
   * The extreme in the direction the paper expects of safety layers: more refusals for alpha > 1, fewer for alpha < 1.
   * null when it does not stand out, or alpha is 1.
   */
  safetyLike: BandExtreme | null;
  /** Adjusted p per point, in the order of the scan. */
  adjustedP: number[];
  /** What the scan says, for the page. */
  sentence: string;
}

/** Reads a finished (or partial) scan. Points with gained and lost are tested pairwise, others as two counts (Fisher). */
export function summariseBandScan(scan: BandScanResult, alpha: number): BandScanSummary | null {
  const { baseline, points } = scan;
  if (points.length === 0) return null;
  const adjustedP = benjaminiHochberg(points.map((point) => againstBaseline(point, baseline)));
  const extreme = (refused: number): BandExtreme => {
    const places = [...points.keys()].filter((place) => points[place]!.refused === refused);
    const smallestP = Math.min(...places.map((place) => adjustedP[place]!));
    return {
      bands: places.map((place) => points[place]!),
      change: refused - baseline.refused,
      adjustedP: smallestP,
      standsOut: smallestP <= FALSE_DISCOVERY_RATE,
    };
  };
  const counts = points.map((point) => point.refused);
  const largest = extreme(Math.max(...counts));
  const smallest = extreme(Math.min(...counts));
  const expected = alpha > 1 ? largest : smallest;
  const inExpectedDirection = alpha > 1 ? expected.change > 0 : expected.change < 0;
  const safetyLike = alpha !== 1 && expected.standsOut && inExpectedDirection ? expected : null;
  return {
    largest,
    smallest,
    safetyLike,
    adjustedP,
    sentence: sentence(baseline, largest, smallest, safetyLike, alpha),
  };
}

function againstBaseline(point: BandPoint, baseline: BandScanResult['baseline']): number {
  if (point.gained !== undefined && point.lost !== undefined) return mcnemarExact(point.gained, point.lost).p;
  return fisherExact(point.refused, point.total, baseline.refused, baseline.total);
}

function sentence(
  baseline: BandScanResult['baseline'],
  largest: BandExtreme,
  smallest: BandExtreme,
  safetyLike: BandExtreme | null,
  alpha: number,
): string {
  const start = `At alpha ${alpha}, against ${baseline.refused} of ${baseline.total} refused at alpha 1: `;
  const rises = largest.change > 0 && largest.standsOut;
  const falls = smallest.change < 0 && smallest.standsOut;
  if (!rises && !falls) {
    return (
      `${start}no band stands out; the counts run from ${smallest.bands[0]!.refused} to ` +
      `${largest.bands[0]!.refused}, which chance alone may give.`
    );
  }
  const parts = [
    rises ? `most refusals with ${describe(largest)}` : 'no band raises the count beyond chance',
    falls ? `fewest with ${describe(smallest)}` : 'no band lowers it beyond chance',
  ];
  const reading = safetyLike
    ? ` ${capitalised(layersOf(safetyLike))} scaled: that is how the paper says safety layers act.`
    : ' No band acts as the paper says safety layers do.';
  return `${start}${parts.join(', ')}.${reading}`;
}

function describe(extreme: BandExtreme): string {
  const { refused, total } = extreme.bands[0]!;
  return `${layersOf(extreme)} scaled (${refused} of ${total}, adjusted p ${formatP(extreme.adjustedP)})`;
}

function layersOf({ bands }: BandExtreme): string {
  const names = bands.map(({ first, last }) =>
    first === last ? `layer ${first}` : `layers ${first}-${last}`,
  );
  return names.length <= 3 ? names.join(' or ') : `${names[0]} and ${names.length - 1} other bands`;
}

const capitalised = (text: string) => text[0]!.toUpperCase() + text.slice(1);
const formatP = (p: number) => (p < 0.001 ? 'below 0.001' : p.toFixed(3));

/**
 * Uncertainty of counts: intervals of a share, tests of paired changes, many tests at once. The paper gives bare counts;
 * most of its peaks (Table 1) lie within the noise of 721 prompts, so the tool never shows a count without these.
 */
import { percentileInterval } from './quantile.ts';
import { createRandom, resampleCounts } from './random.ts';

/** 97.5 % point of the normal distribution. */
export const Z_95 = 1.959963984540054;

export interface Interval {
  low: number;
  high: number;
}

/** Wilson's (1927) score interval of a share; sensible at 0 and at n. [0, 1] when there is nothing to count. */
export function wilsonInterval(successes: number, total: number, z = Z_95): Interval {
  if (total === 0) return { low: 0, high: 1 };
  const share = successes / total;
  const spread = (z * z) / total;
  const centre = (share + spread / 2) / (1 + spread);
  const half = (z * Math.sqrt((share * (1 - share)) / total + spread / (4 * total))) / (1 + spread);
  // At the ends the formula is exact in algebra and off by 1e-17 in floating point.
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === total ? 1 : Math.min(1, centre + half),
  };
}

/**
 * Newcombe's (1998, method 10) interval of the difference share1 - share2 of two INDEPENDENT samples. Two counts of the
 * same prompts are not independent: use `pairedChange` when the prompts' outcomes are at hand.
 */
export function newcombeDifference(
  successes1: number,
  total1: number,
  successes2: number,
  total2: number,
  z = Z_95,
): Interval & { difference: number } {
  const share1 = successes1 / total1;
  const share2 = successes2 / total2;
  const first = wilsonInterval(successes1, total1, z);
  const second = wilsonInterval(successes2, total2, z);
  const difference = share1 - share2;
  return {
    difference,
    low: difference - Math.hypot(share1 - first.low, second.high - share2),
    high: difference + Math.hypot(first.high - share1, share2 - second.low),
  };
}

/** ln(n!) by summation, cached: counts here are prompts, a few thousand at most. */
const logFactorials = [0];
function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++) logFactorials[k] = logFactorials[k - 1]! + Math.log(k);
  return logFactorials[n]!;
}
/** ln of the binomial coefficient. */
export const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/**
 * Exact two-sided McNemar test (binomial on the discordant prompts): twice the smaller tail, at most 1. Conservative; the
 * mid-p variant (`midP`) takes half of the observed outcome's probability off each tail.
 * `gained` and `lost` are the prompts that changed one way and the other.
 */
export function mcnemarExact(gained: number, lost: number): { p: number; midP: number } {
  const discordant = gained + lost;
  if (discordant === 0) return { p: 1, midP: 1 };
  const smaller = Math.min(gained, lost);
  const probability = (k: number) => Math.exp(logChoose(discordant, k) - discordant * Math.LN2);
  let tail = 0;
  for (let k = 0; k <= smaller; k++) tail += probability(k);
  if (gained === lost) return { p: 1, midP: 1 - probability(smaller) };
  return { p: Math.min(1, 2 * tail), midP: Math.min(1, 2 * tail - probability(smaller)) };
}

/** Fisher's exact two-sided test that two counts have one share: the tables no likelier than the observed one. */
export function fisherExact(successes1: number, total1: number, successes2: number, total2: number): number {
  const successes = successes1 + successes2;
  const total = total1 + total2;
  const logProbability = (first: number) =>
    logChoose(total1, first) + logChoose(total2, successes - first) - logChoose(total, successes);
  const observed = logProbability(successes1);
  let p = 0;
  for (let first = Math.max(0, successes - total2); first <= Math.min(total1, successes); first++) {
    const log = logProbability(first);
    // Tables exactly as likely as the observed one differ from it in the last digits.
    if (log <= observed + 1e-9) p += Math.exp(log);
  }
  return Math.min(1, p);
}

export interface PairedChange {
  total: number;
  before: number;
  after: number;
  /** Prompts that were not counted before and are after, and the other way round. */
  gained: number;
  lost: number;
  /** (after - before) / total. */
  change: number;
  /** 95 % interval of `change`. */
  low: number;
  high: number;
  /** Exact McNemar, two-sided. It takes the prompts as independent; the interval does not. */
  p: number;
  clusterCount: number;
}

/**
 * The change of a count when the same prompts are asked again. The interval is a bootstrap over clusters: prompts that
 * share a `group` (the verb of "How to kill time?", "How to kill a process?") stand or fall together (38 of the paper's
 * 731 prompts share one verb). Where no prompt changed, resampling would claim certainty; then the interval is how large
 * the share of changing clusters may be given that none of them did (Wilson).
 */
export function pairedChange(
  before: readonly boolean[],
  after: readonly boolean[],
  groups: ReadonlyArray<string | undefined> = [],
  bootstrap: { replicates: number; seed: number } = { replicates: 2000, seed: 1 },
): PairedChange {
  if (before.length !== after.length) throw new RangeError('before and after are of different prompts');
  const total = before.length;
  const clusters = new Map<string, { size: number; net: number }>();
  let gained = 0;
  let lost = 0;
  before.forEach((was, prompt) => {
    const net = Number(after[prompt]) - Number(was);
    if (net > 0) gained++;
    if (net < 0) lost++;
    const group = groups[prompt];
    const key = group === undefined ? `prompt ${prompt}` : `group ${group}`;
    const cluster = clusters.get(key) ?? { size: 0, net: 0 };
    clusters.set(key, { size: cluster.size + 1, net: cluster.net + net });
  });
  const list = [...clusters.values()];
  const interval =
    gained + lost === 0
      ? unchangedInterval(list.length)
      : percentileInterval(clusterReplicates(list, bootstrap.replicates, bootstrap.seed));
  return {
    total,
    before: before.filter(Boolean).length,
    after: after.filter(Boolean).length,
    gained,
    lost,
    change: total === 0 ? 0 : (gained - lost) / total,
    ...interval,
    p: mcnemarExact(gained, lost).p,
    clusterCount: list.length,
  };
}

function unchangedInterval(clusterCount: number): Interval {
  const { high } = wilsonInterval(0, clusterCount);
  return { low: -high, high };
}

function clusterReplicates(
  clusters: ReadonlyArray<{ size: number; net: number }>,
  replicates: number,
  seed: number,
): Float64Array {
  const counts = resamples(clusters.length, replicates, seed);
  return Float64Array.from({ length: replicates }, (_, replicate) => {
    const start = replicate * clusters.length;
    let net = 0;
    let size = 0;
    for (let at = 0; at < clusters.length; at++) {
      const count = counts[start + at]!;
      net += count * clusters[at]!.net;
      size += count * clusters[at]!.size;
    }
    return net / size;
  });
}

/** Newest first. A drag compares the same clusters again and again, and drawing them is nearly all of the work. */
const drawn: Array<{ key: string; counts: Uint16Array }> = [];
const DRAWN_KEPT = 4;

/** [replicates, size]: how often each item comes up in each resample; the same numbers for the same arguments. */
function resamples(size: number, replicates: number, seed: number): Uint16Array {
  const key = `${size} ${replicates} ${seed}`;
  const known = drawn.find((one) => one.key === key);
  if (known) return known.counts;
  const random = createRandom(seed);
  const counts = new Uint16Array(replicates * size);
  for (let start = 0; start < counts.length; start += size) counts.set(resampleCounts(size, random), start);
  drawn.unshift({ key, counts });
  drawn.length = Math.min(drawn.length, DRAWN_KEPT);
  return counts;
}

/**
 * Benjamini and Hochberg's (1995) adjusted p values, in the order given. Reject those at or below q and at most a share
 * q of the rejections is expected to be false; holds for overlapping bands too, whose counts move together.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const descending = [...pValues.keys()].sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length);
  let smallest = 1;
  descending.forEach((index, place) => {
    const rank = pValues.length - place;
    smallest = Math.min(smallest, (pValues[index]! * pValues.length) / rank);
    adjusted[index] = smallest;
  });
  return adjusted;
}

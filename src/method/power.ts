/**
 * How many prompts does it take to see a difference? Exact power of the exact McNemar test, summed over how many prompts
 * change (binomial) and which way (binomial again): no normal approximation, which is poor for the handfuls of changing
 * prompts that layer ranges differ by. Takes prompts as independent; prompts that share a verb are worth less.
 */
import { logChoose } from './statistics.ts';

/** Larger pools than this hardly anybody brings; the answer is then "more", and found in a tenth of a second. */
export const MOST_PROMPTS = 5000;

/** ln of the probability of k successes of n. */
function logBinomial(k: number, n: number, p: number): number {
  if (p <= 0) return k === 0 ? 0 : Number.NEGATIVE_INFINITY;
  if (p >= 1) return k === n ? 0 : Number.NEGATIVE_INFINITY;
  return logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
}

/** Nothing further than this many standard deviations from the mean adds to a sum: below 1e-14. */
const REACH = 8;

/** Probability of at most k successes of n. */
function lowerTail(k: number, n: number, p: number): number {
  const from = Math.max(0, Math.floor(n * p - REACH * Math.sqrt(n * p * (1 - p))));
  let tail = 0;
  for (let at = from; at <= k; at++) tail += Math.exp(logBinomial(at, n, p));
  return tail;
}

/** Largest c such that c or fewer of `changed` in the rarer direction is significant, two-sided; -1 = never. */
function criticalCount(changed: number, level: number): number {
  let k = Math.max(-1, Math.ceil(changed / 2 - (REACH / 2) * Math.sqrt(changed)) - 1);
  let tail = k < 0 ? 0 : lowerTail(k, changed, 0.5);
  while (2 * (k + 1) < changed) {
    tail += Math.exp(logBinomial(k + 1, changed, 0.5));
    if (2 * tail > level) break;
    k++;
  }
  return k;
}

/**
 * Probability that the exact two-sided McNemar test at `level` finds a difference among `promptCount` prompts, each of
 * which is gained with probability pGained and lost with pLost.
 */
export function mcnemarPower(promptCount: number, pGained: number, pLost: number, level = 0.05): number {
  const pChanged = pGained + pLost;
  if (pChanged <= 0) return 0;
  const [pUp, pDown] = [pGained / pChanged, pLost / pChanged];
  const reach = REACH * Math.sqrt(promptCount * pChanged * (1 - pChanged)) + 1;
  const from = Math.max(0, Math.floor(promptCount * pChanged - reach));
  const to = Math.min(promptCount, Math.ceil(promptCount * pChanged + reach));
  let power = 0;
  for (let changed = from; changed <= to; changed++) {
    const critical = criticalCount(changed, level);
    if (critical < 0) continue;
    const found = lowerTail(critical, changed, pUp) + lowerTail(critical, changed, pDown);
    power += Math.exp(logBinomial(changed, promptCount, pChanged)) * found;
  }
  return Math.min(1, power);
}

/**
 * Smallest number of prompts with which a difference as large as the one seen is found with probability `power`. The
 * test is discrete, so power is a saw: the number is one from which on the next ten hold too.
 * @param seen prompts gained and lost of how many; a difference of none needs no number
 * @returns null where gained equals lost, or more than MOST_PROMPTS were needed
 */
export function promptsNeeded(
  seen: { gained: number; lost: number; total: number },
  power = 0.8,
  level = 0.05,
): number | null {
  const { gained, lost, total } = seen;
  if (gained === lost || total === 0) return null;
  const [pGained, pLost] = [gained / total, lost / total];
  const reaches = (count: number) => mcnemarPower(count, pGained, pLost, level) >= power;
  let high = 8;
  while (!reaches(high)) {
    if (high >= MOST_PROMPTS) return null;
    high = Math.min(MOST_PROMPTS, high * 2);
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reaches(middle)) high = middle;
    else low = middle;
  }
  // Up to the foot of the saw's last tooth.
  for (let held = 0, count = high; held < 10; count++) {
    if (reaches(count)) held++;
    else {
      held = 0;
      high = count + 1;
    }
  }
  return high;
}

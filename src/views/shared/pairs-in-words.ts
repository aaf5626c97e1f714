/** N of a similarity run, in words. */
import type { SimilarityResult } from '@/protocol/experiments.ts';

export function pairsInWords(result: SimilarityResult): string {
  const { normalCount: n, maliciousCount: m, pairs } = result;
  const which =
    pairs.kind === 'all'
      ? `all pairs (N–N ${(n * (n - 1)) / 2}, N–M ${n * m}, M–M ${(m * (m - 1)) / 2})`
      : `${pairs.draws} random pairs per kind, seed ${pairs.seed}`;
  return `N = ${n} normal, ${m} malicious prompts; ${which}`;
}

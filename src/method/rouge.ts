/**
 * ROUGE-L of an answer against the held-out row's (paper, Table 2, D_T): js-rouge counts, this file sets it up as Google's
 * rouge_score counts "rougeL": lower case, runs of letters and digits as words, no stemming, no sentences, F1. The one
 * library in src/method, because a second implementation would only differ. Not here: which answers are asked for.
 */
import { l as rougeLcs } from 'js-rouge';

export interface RougeScore {
  precision: number;
  recall: number;
  /** Harmonic mean of both: what tables call ROUGE-L. */
  f1: number;
}

/**
 * Words as rouge_score's default tokenizer finds them in English: [a-z0-9]+ in lower case. Wider than it in one point:
 * letters of other alphabets count too, where it would drop them.
 */
export function rougeWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Lin 2004, section 3.1, with beta = 1. Zero where either text has no words. */
export function rougeL(candidate: string, reference: string): RougeScore {
  const candidateCount = rougeWords(candidate).length;
  const referenceCount = rougeWords(reference).length;
  if (candidateCount === 0 || referenceCount === 0) return { precision: 0, recall: 0, f1: 0 };
  // One segment: with sentences the library would give the summary-level variant, "rougeLsum".
  const f1 = rougeLcs(candidate, reference, {
    beta: 1,
    caseSensitive: false,
    segmenter: (text) => [text],
    tokenizer: rougeWords,
  });
  // f1 = 2 lcs / (both counts), so the count comes back exactly up to rounding.
  const common = Math.round((f1 * (candidateCount + referenceCount)) / 2);
  return { precision: common / candidateCount, recall: common / referenceCount, f1 };
}

/** Mean F1 over pairs, as the paper reports one number per model; null without pairs. */
export function meanRougeL(pairs: ReadonlyArray<{ candidate: string; reference: string }>): number | null {
  if (pairs.length === 0) return null;
  return pairs.reduce((sum, pair) => sum + rougeL(pair.candidate, pair.reference).f1, 0) / pairs.length;
}

/**
 * Do two sets of prompts share an item? Used to keep the shipped pools apart from the adapters' training data, and to
 * drop duplicates of an import. No I/O.
 */

/** Letters and digits in lower case, one space between words: what is left when case, punctuation and spacing go. */
export function normaliseText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim();
}

export function tokenSet(text: string): Set<string> {
  return new Set(normaliseText(text).split(' ').filter(Boolean));
}

/** |a and b| / |a or b|; 1 for two empty sets. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 && b.size === 0) return 1;
  let shared = 0;
  for (const token of a) if (b.has(token)) shared += 1;
  return shared / (a.size + b.size - shared);
}

export interface Overlap {
  left: string;
  right: string;
  jaccard: number;
}

/** Every pair of one text from each list whose token sets are at least `threshold` alike. */
export function findOverlaps(
  left: readonly string[],
  right: readonly string[],
  threshold: number,
): Overlap[] {
  const rightSets = right.map((text) => ({ text, tokens: tokenSet(text) }));
  return left.flatMap((text) => {
    const tokens = tokenSet(text);
    return rightSets.flatMap((other) => {
      const alike = jaccard(tokens, other.tokens);
      return alike >= threshold ? [{ left: text, right: other.text, jaccard: alike }] : [];
    });
  });
}

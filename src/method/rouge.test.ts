/** Against published examples, and against the definition by brute force. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meanRougeL, rougeL } from './rouge.ts';

describe('ROUGE-L', () => {
  it.each([
    // Lin 2004, section 3.1: S1 is the reference, S2 to S4 the candidates.
    ['police kill the gunman', 'police killed the gunman', 3 / 4],
    ['the gunman kill police', 'police killed the gunman', 2 / 4],
    ['the gunman police killed', 'police killed the gunman', 2 / 4],
    // google-research/rouge, rouge_scorer_test.py: precision 1, recall 1/3.
    ['testing', 'testing one two', 1 / 2],
  ])('of "%s" against "%s" is the published %d', (candidate, reference, f1) => {
    expect(rougeL(candidate, reference).f1).toBeCloseTo(f1, 12);
  });

  it('has the published precision and recall', () => {
    expect(rougeL('testing', 'testing one two')).toEqual({ precision: 1, recall: 1 / 3, f1: 0.5 });
  });

  it('sees words alone: not case, punctuation or sentences', () => {
    expect(rougeL('Cool IT, then. Peel it!', 'cool it then peel it').f1).toBe(1);
    expect(rougeL('Peel it. Cool it.', 'Cool it. Peel it.').f1).toBe(0.5);
    expect(rougeL('Grüße', 'grüße').f1).toBe(1);
  });

  it('is zero for an empty text on either side', () => {
    expect(rougeL('', 'word').f1).toBe(0);
    expect(rougeL('word', ' ... ').f1).toBe(0);
  });

  it('is the definition: twice the longest common subsequence over both lengths', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(words, words, (candidate, reference) => {
        const lcs = longestCommon(candidate, reference);
        const score = rougeL(candidate.join(' '), reference.join(' '));
        expect(score.f1).toBeCloseTo((2 * lcs) / (candidate.length + reference.length), 12);
        expect(score.precision * candidate.length).toBeCloseTo(lcs, 12);
        expect(score.recall * reference.length).toBeCloseTo(lcs, 12);
      }),
    );
  });

  it('averages over pairs, and over none is no number', () => {
    const same = { candidate: 'one two', reference: 'one two' };
    expect(meanRougeL([same, { candidate: 'one', reference: 'two' }])).toBe(0.5);
    expect(meanRougeL([])).toBeNull();
  });
});

/** Straight from the definition, without a table. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  if (a[0] === b[0]) return 1 + longestCommon(a.slice(1), b.slice(1));
  return Math.max(longestCommon(a.slice(1), b), longestCommon(a, b.slice(1)));
}

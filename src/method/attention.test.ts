import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { alignTokens, attentionDifference, questionPlaces } from './attention-difference.ts';
import { attentionEntropy, attentionRow, entropyBits, questionShare } from './attention-row.ts';
import { stagesOf, summariseStages } from './attention-stages.ts';
import { loudestWord, questionWords, wordAttention } from './attention-word.ts';

/** Rows are made to sum to 1, as softmax leaves them. */
function picture(
  tokens: string[],
  weights: (layer: number, head: number, token: number) => number,
  { layerCount = 3, headCount = 2, span = [1, tokens.length - 1] as [number, number] } = {},
): AttentionPicture {
  const attention = new Float32Array(layerCount * headCount * tokens.length);
  for (let layer = 0; layer < layerCount; layer++)
    for (let head = 0; head < headCount; head++) {
      const row = tokens.map((_, token) => weights(layer, head, token));
      const sum = row.reduce((a, b) => a + b, 0);
      attention.set(
        row.map((one) => one / sum),
        (layer * headCount + head) * tokens.length,
      );
    }
  return {
    prompt: { id: 'p', text: tokens.join('') },
    tokens,
    questionSpan: span,
    layerCount,
    headCount,
    attention,
  };
}
const KILL = ['<s>', 'How', ' to', ' kill', ' a', ' pro', 'cess', '?', '\n'];
const PERSON = ['<s>', 'How', ' to', ' kill', ' a', ' person', '?', '\n'];
const mixed = (layer: number, head: number, token: number) => 1 + ((layer * 7 + head * 3 + token * 5) % 11);

describe('attention of the last token', () => {
  it('the mean row is the mean of the heads and sums to 1', () => {
    const p = picture(KILL, mixed);
    const mean = attentionRow(p, 1, 'mean');
    expect(mean.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    mean.forEach((value, token) => {
      expect(value).toBeCloseTo((attentionRow(p, 1, 0)[token]! + attentionRow(p, 1, 1)[token]!) / 2, 12);
    });
  });

  it('entropy: 0 where one token has everything, log2 n where all are alike, whatever the sum', () => {
    expect(entropyBits([0, 5, 0])).toBe(0);
    expect(entropyBits([0, 0, 0])).toBe(0);
    for (const n of [1, 2, 3, 8]) expect(entropyBits(new Array(n).fill(0.01))).toBeCloseTo(Math.log2(n), 12);
    // 1/2, 1/4, 1/4: 1.5 bits.
    expect(entropyBits([2, 1, 1])).toBeCloseTo(1.5, 12);
  });

  it('the heads’ mean entropy never exceeds that of their mean (entropy is concave), and both lie between their bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 18, maxLength: 18 }),
        (w) => {
          const p = picture(['a', 'b', 'c'], (layer, head, token) => w[layer * 6 + head * 3 + token]!, {
            span: [0, 3],
          });
          const { ofMean, meanOfHeads, lowest, highest, largestPossible } = attentionEntropy(p, 'all');
          for (let layer = 0; layer < 3; layer++) {
            expect(meanOfHeads[layer]!).toBeLessThanOrEqual(ofMean[layer]! + 1e-9);
            expect(lowest[layer]!).toBeLessThanOrEqual(meanOfHeads[layer]! + 1e-12);
            expect(highest[layer]!).toBeGreaterThanOrEqual(meanOfHeads[layer]! - 1e-12);
            expect(ofMean[layer]!).toBeLessThanOrEqual(largestPossible + 1e-9);
          }
        },
      ),
    );
  });

  it('the question’s share is what min-max within the question cannot show', () => {
    const sink = picture(KILL, (_, __, token) => (token === 0 ? 93 : token === 3 ? 2 : 1));
    // 93 on the first token, 7 question tokens (one of weight 2), 1 on the last.
    for (const share of questionShare(sink, 'mean')) expect(share).toBeCloseTo(8 / 102, 6);
  });
});

describe('words', () => {
  it('tokens that continue a word belong to it; signs stand alone; the template is left out', () => {
    expect(questionWords(picture(KILL, mixed))).toEqual([
      { text: 'How', tokens: [1] },
      { text: 'to', tokens: [2] },
      { text: 'kill', tokens: [3] },
      { text: 'a', tokens: [4] },
      { text: 'process', tokens: [5, 6] },
      { text: '?', tokens: [7] },
    ]);
  });

  it('the loudest word is one that means something', () => {
    // "to" gets most of all; of the words with a meaning it is "kill".
    const p = picture(KILL, (_, __, token) => [1, 1, 9, 5, 1, 2, 2, 8, 1][token]!);
    expect(loudestWord(p)?.text).toBe('kill');
    expect(loudestWord(picture(['<s>', 'to', ' a', '\n'], mixed))).toBeNull();
  });

  it('heads by layers: raw is probability, of-question what the question gets; they agree where the question gets all', () => {
    const p = picture(KILL, (layer, head, token) => (token === 3 && layer === 2 && head === 1 ? 90 : 1));
    const raw = wordAttention(p, [3], 'raw');
    expect(raw).toHaveLength(3);
    expect(raw[2]![1]).toBeCloseTo(90 / 98, 6);
    expect(raw[2]![0]).toBeCloseTo(1 / 9, 6);
    expect(wordAttention(p, [3], 'of-question')[2]![1]).toBeCloseTo(90 / 96, 6);
    const whole = picture(KILL, mixed, { span: [0, KILL.length] });
    expect(wordAttention(whole, [3, 5], 'of-question').flat()).toEqual(
      wordAttention(whole, [3, 5], 'raw')
        .flat()
        .map((value) => expect.closeTo(value, 6)),
    );
  });
});

describe('two prompts that differ in a word', () => {
  it('equal tokens stand side by side, the differing word is one place whatever its tokens', () => {
    expect(alignTokens(KILL, PERSON)).toEqual([
      ...[0, 1, 2, 3, 4].map((at) => ({ a: [at], b: [at], isSame: true })),
      { a: [5, 6], b: [5], isSame: false },
      { a: [7], b: [6], isSame: true },
      { a: [8], b: [7], isSame: true },
    ]);
  });

  it('every token of both has exactly one place, in order, and same places hold equal tokens', () => {
    const tokens = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        const places = alignTokens(a, b);
        expect(places.flatMap((place) => place.a)).toEqual([...a.keys()]);
        expect(places.flatMap((place) => place.b)).toEqual([...b.keys()]);
        for (const place of places) if (place.isSame) expect(a[place.a[0]!]).toBe(b[place.b[0]!]);
      }),
    );
  });

  it('a prompt against itself differs nowhere; the other way round changes the sign', () => {
    const [a, b] = [picture(KILL, mixed), picture(PERSON, (l, h, t) => 1 + ((l + h * 5 + t * 3) % 7))];
    expect(
      attentionDifference(a, a, 'mean')
        .difference.flat()
        .every((value) => value === 0),
    ).toBe(true);
    const there = attentionDifference(a, b, 1).difference;
    const back = attentionDifference(b, a, 1).difference;
    there.forEach((row, layer) => {
      row.forEach((value, place) => {
        expect(value).toBeCloseTo(-back[layer]![place]!, 12);
      });
    });
  });

  it('over all places the difference of a layer is 0, because both rows sum to 1', () => {
    const [a, b] = [picture(KILL, mixed), picture(PERSON, mixed)];
    const { difference, places } = attentionDifference(a, b, 'mean');
    for (const row of difference) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
    // The question alone: from "How" to "?".
    expect(questionPlaces(places, a, b)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('as shares of the question, the difference within the question sums to 0', () => {
    const [a, b] = [picture(KILL, mixed), picture(PERSON, mixed)];
    const { difference, places } = attentionDifference(a, b, 'mean', 'of-question');
    for (const row of difference)
      expect(questionPlaces(places, a, b).reduce((sum, at) => sum + row[at]!, 0)).toBeCloseTo(0, 6);
  });

  it('refuses pictures of two models', () => {
    const other = picture(KILL, mixed, { layerCount: 4 });
    expect(() => attentionDifference(picture(KILL, mixed), other, 'mean')).toThrow('different models');
  });
});

describe('stages', () => {
  it('cover every layer once; those without layers are left out', () => {
    expect(stagesOf({ first: 8, last: 13 }, 30).map(({ first, last }) => [first, last])).toEqual([
      [0, 7],
      [8, 13],
      [14, 29],
    ]);
    expect(stagesOf({ first: 0, last: 29 }, 30).map(({ name }) => name)).toEqual(['within']);
  });

  it('name the loudest word of each and its share of the question', () => {
    // Layer 0 looks at "to", 1 at "kill", 2 at "process".
    const p = picture(KILL, (layer, _, token) => ([[2], [3], [5, 6]][layer]!.includes(token) ? 10 : 1));
    const stages = summariseStages(p, { first: 1, last: 1 }, 'mean');
    expect(stages.map(({ name, word }) => [name, word])).toEqual([
      ['before', 'to'],
      ['within', 'kill'],
      ['after', 'process'],
    ]);
    expect(stages[1]!.wordShare).toBeCloseTo(10 / 16, 6);
    expect(stages[2]!.wordShare).toBeCloseTo(20 / 25, 6);
    expect(stages[1]!.questionShare).toBeCloseTo(16 / 18, 6);
    expect(stages[1]!.entropyBits).toBeLessThan(Math.log2(7));
  });
});

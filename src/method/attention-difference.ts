/**
 * Two prompts that differ in a word, "How to kill a process?" and "How to kill a person?", laid side by side token by
 * token, and how much more the last token looks at each place in one than in the other. Not in the paper, whose two
 * sentences share no word, so that nothing can be subtracted.
 */
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { attentionRow, type HeadChoice, perLayer, questionShare } from './attention-row.ts';
import type { WordMeasure } from './attention-word.ts';

/** One place of both prompts: the same token in each, or what stands there instead of the other; empty = nothing. */
export interface AlignedTokens {
  a: number[];
  b: number[];
  isSame: boolean;
}

/**
 * All tokens of both prompts in order, each exactly once: equal ones side by side (longest common subsequence), what lies
 * between them as one place, since a word may have two tokens here and three there.
 */
export function alignTokens(a: readonly string[], b: readonly string[]): AlignedTokens[] {
  // longest[i][j]: length of the longest common subsequence of a[i..] and b[j..].
  const longest = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i]![j] =
        a[i] === b[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
  const places: AlignedTokens[] = [];
  let between: AlignedTokens = { a: [], b: [], isSame: false };
  const close = () => {
    if (between.a.length + between.b.length > 0) places.push(between);
    between = { a: [], b: [], isSame: false };
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      close();
      places.push({ a: [i++], b: [j++], isSame: true });
    } else if (j >= b.length || (i < a.length && longest[i + 1]![j]! >= longest[i]![j + 1]!))
      between.a.push(i++);
    else between.b.push(j++);
  }
  close();
  return places;
}

export interface AttentionDifference {
  places: AlignedTokens[];
  /** Probability in each prompt, [layers][places]; a place's tokens are added up. */
  a: number[][];
  b: number[][];
  /** b - a. Over all places of a layer the raw ones sum to 0, because both rows sum to 1. */
  difference: number[][];
}

/**
 * `of-question`: each layer as shares of what the question gets in it, so that a prompt which is looked at more as a whole
 * does not win everywhere.
 * @throws RangeError where the two are not of one model
 */
export function attentionDifference(
  a: AttentionPicture,
  b: AttentionPicture,
  head: HeadChoice,
  measure: WordMeasure = 'raw',
): AttentionDifference {
  if (a.layerCount !== b.layerCount || a.headCount !== b.headCount)
    throw new RangeError('the two pictures are of different models');
  const places = alignTokens(a.tokens, b.tokens);
  const whole = measure === 'raw' ? null : { a: questionShare(a, head), b: questionShare(b, head) };
  const added = (row: Float64Array, tokens: readonly number[], all = 1) =>
    all > 0 ? tokens.reduce((sum, token) => sum + row[token]!, 0) / all : 0;
  const rows = perLayer(a, (layer) => ({
    a: attentionRow(a, layer, head),
    b: attentionRow(b, layer, head),
  }));
  const inA = rows.map((row, layer) => places.map((place) => added(row.a, place.a, whole?.a[layer])));
  const inB = rows.map((row, layer) => places.map((place) => added(row.b, place.b, whole?.b[layer])));
  return {
    places,
    a: inA,
    b: inB,
    difference: inA.map((layer, k) => layer.map((value, place) => inB[k]![place]! - value)),
  };
}

/** Places that lie in the question of either prompt: indices into `places`. */
export function questionPlaces(
  places: readonly AlignedTokens[],
  a: Pick<AttentionPicture, 'questionSpan'>,
  b: Pick<AttentionPicture, 'questionSpan'>,
): number[] {
  const within = ([start, end]: [number, number], tokens: readonly number[]) =>
    tokens.some((token) => token >= start && token < end);
  return [...places.keys()].filter(
    (at) => within(a.questionSpan, places[at]!.a) || within(b.questionSpan, places[at]!.b),
  );
}

/**
 * Attention on one word of the question, head by head: which heads look at the harmful word, and in which layers. Not in
 * the paper, which averages all heads; heads that matter for safety are few (Zhou et al. 2024, SHIPS), and a mean of nine
 * or thirty-two hides them.
 */
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { attentionRow, perLayer } from './attention-row.ts';

/** A word of the question and the tokens that hold it. */
export interface QuestionWord {
  text: string;
  /** Indices into picture.tokens. */
  tokens: number[];
}

/** Words of the question, in order: a token that begins with a space or follows a sign begins one; signs are words too. */
export function questionWords(picture: Pick<AttentionPicture, 'tokens' | 'questionSpan'>): QuestionWord[] {
  const [start, end] = picture.questionSpan;
  const words: QuestionWord[] = [];
  for (let token = start; token < end; token++) {
    const text = picture.tokens[token]!;
    const last = words.at(-1);
    const isLetters = /[\p{L}\p{N}]/u.test(text);
    const goesOn = last && !/^\s/.test(text) && isLetters && /[\p{L}\p{N}]/u.test(last.text);
    if (goesOn) {
      last.text += text;
      last.tokens.push(token);
    } else words.push({ text: text.trim(), tokens: [token] });
  }
  return words.filter(({ text }) => text !== '');
}

/** Words that carry no meaning by themselves: never the one that is looked for. */
const SMALL_WORDS = new Set(
  'a an the to of in on at for with without and or how what where why when who can could do does did is are be i you me my your his her it its them this that from by someone somebody'.split(
    ' ',
  ),
);

/**
 * The word to begin with: of the words that mean something, the one that gets most attention over all layers and heads. It
 * is a guess; a person chooses another.
 */
export function loudestWord(picture: AttentionPicture): QuestionWord | null {
  const words = questionWords(picture).filter(
    ({ text }) => /\p{L}/u.test(text) && !SMALL_WORDS.has(text.toLowerCase()),
  );
  const rows = perLayer(picture, (layer) => attentionRow(picture, layer, 'mean'));
  const mass = ({ tokens }: QuestionWord) =>
    rows.reduce((sum, row) => sum + tokens.reduce((inner, token) => inner + row[token]!, 0), 0);
  return words.reduce<QuestionWord | null>(
    (best, word) => (best === null || mass(word) > mass(best) ? word : best),
    null,
  );
}

/** `raw` = probability; `of-question` = share of what the question gets from that head, 0 where it gets nothing. */
export type WordMeasure = 'raw' | 'of-question';

/** [layers][heads]: attention of the last token on these tokens together. */
export function wordAttention(
  picture: AttentionPicture,
  tokens: readonly number[],
  measure: WordMeasure,
): number[][] {
  const [start, end] = picture.questionSpan;
  return perLayer(picture, (layer) =>
    Array.from({ length: picture.headCount }, (_, head) => {
      const row = attentionRow(picture, layer, head);
      const mass = tokens.reduce((sum, token) => sum + row[token]!, 0);
      if (measure === 'raw') return mass;
      const question = row.subarray(start, end).reduce((sum, p) => sum + p, 0);
      return question > 0 ? mass / question : 0;
    }),
  );
}

/**
 * The last token's attention as numbers (section 3.6): one head or the mean of all, how much of it the question gets, and
 * how spread out it is. The paper draws the picture and takes no number from it. Pictures are src/views/attention's.
 */
import type { AttentionPicture } from '@/protocol/experiments.ts';

/** `mean` = of all heads, as in the paper's figure 4. */
export type HeadChoice = number | 'mean';

/** Probabilities [tokens] of the last query row at one layer; they sum to 1. */
export function attentionRow(picture: AttentionPicture, layer: number, head: HeadChoice): Float64Array {
  const { attention, headCount, tokens } = picture;
  const row = new Float64Array(tokens.length);
  const heads = head === 'mean' ? Array.from({ length: headCount }, (_, index) => index) : [head];
  for (const one of heads) {
    const start = (layer * headCount + one) * tokens.length;
    for (let token = 0; token < tokens.length; token++)
      row[token]! += attention[start + token]! / heads.length;
  }
  return row;
}

/**
 * Share of the attention that falls on the question at all, per layer. Normalising within the question (the paper's
 * min-max) hides this: most of it usually lies on the first token and the template.
 */
export function questionShare(picture: AttentionPicture, head: HeadChoice): number[] {
  const [start, end] = picture.questionSpan;
  return perLayer(picture, (layer) => {
    const row = attentionRow(picture, layer, head);
    return row.subarray(start, end).reduce((sum, p) => sum + p, 0);
  });
}

/** -sum p log2 p in bits: 0 = one token has everything, log2 n = all n alike. `row` need not sum to 1; it is made to. */
export function entropyBits(row: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < row.length; at++) total += row[at]!;
  if (total <= 0) return 0;
  let bits = 0;
  for (let at = 0; at < row.length; at++) {
    const p = row[at]! / total;
    if (p > 0) bits -= p * Math.log2(p);
  }
  return bits;
}

export interface LayerEntropy {
  /** Entropy of the head-averaged row, per layer: what the paper's picture shows. */
  ofMean: number[];
  /**
   * Mean over heads of each head's own entropy. Over all tokens never above `ofMean` (entropy is concave); within the
   * question it can be, because each head's share of the question is made to sum to 1 by itself.
   */
  meanOfHeads: number[];
  /** Most even and most pointed head, per layer. */
  lowest: number[];
  highest: number[];
  /** log2 of the tokens taken: all alike. */
  largestPossible: number;
}

/** `question`: the question alone, its attention made to sum to 1; `all`: every token of the prompt. */
type Tokens = 'question' | 'all';

const spanOf = ({ questionSpan, tokens }: AttentionPicture, over: Tokens): readonly [number, number] =>
  over === 'question' ? questionSpan : [0, tokens.length];

/** Bits per layer, of one head's row or of the mean row of all. */
export function headEntropy(picture: AttentionPicture, head: HeadChoice, over: Tokens): number[] {
  const [start, end] = spanOf(picture, over);
  return perLayer(picture, (layer) => entropyBits(attentionRow(picture, layer, head).subarray(start, end)));
}

/** Bits per layer. */
export function attentionEntropy(picture: AttentionPicture, over: Tokens): LayerEntropy {
  const [start, end] = spanOf(picture, over);
  const byHead = Array.from({ length: picture.headCount }, (_, head) => headEntropy(picture, head, over));
  const heads = perLayer(picture, (layer) => byHead.map((bits) => bits[layer]!));
  return {
    ofMean: headEntropy(picture, 'mean', over),
    meanOfHeads: heads.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    lowest: heads.map((values) => Math.min(...values)),
    highest: heads.map((values) => Math.max(...values)),
    largestPossible: Math.log2(Math.max(1, end - start)),
  };
}

export function perLayer<T>(
  { layerCount }: Pick<AttentionPicture, 'layerCount'>,
  value: (layer: number) => T,
): T[] {
  return Array.from({ length: layerCount }, (_, layer) => value(layer));
}

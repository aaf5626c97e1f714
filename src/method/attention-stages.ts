/**
 * The three stages that the paper reads from its attention pictures (section 3.6): before, within and after the safety
 * layers. A reading of two pictures by eye, without a number; here are the numbers that would have to bear it out.
 */
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { attentionRow, entropyBits, type HeadChoice, perLayer, questionShare } from './attention-row.ts';
import { questionWords } from './attention-word.ts';

export const STAGE_NAMES = ['before', 'within', 'after'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** The paper's words for them. */
export const STAGE_WORDS: Record<StageName, string> = {
  before: 'preliminary sentence confirmation',
  within: 'detection of malicious intention',
  after: 'semantic analysis and understanding',
};

export interface Stage {
  name: StageName;
  /** Inclusive. */
  first: number;
  last: number;
}

/** The layers before, within and after a located range; a stage without layers is left out. */
export function stagesOf(range: { first: number; last: number }, layerCount: number): Stage[] {
  const stages: Stage[] = [
    { name: 'before', first: 0, last: range.first - 1 },
    { name: 'within', first: range.first, last: range.last },
    { name: 'after', first: range.last + 1, last: layerCount - 1 },
  ];
  return stages.filter(({ first, last }) => first <= last);
}

export interface StageSummary extends Stage {
  /** Within the question; mean over the stage's layers. */
  entropyBits: number;
  questionShare: number;
  /** The word (signs are none) that gets most attention in this stage, and its share of what the question gets. */
  word: string;
  wordShare: number;
}

/** What the last token does in each stage, by the chosen head. */
export function summariseStages(
  picture: AttentionPicture,
  range: { first: number; last: number },
  head: HeadChoice,
): StageSummary[] {
  const [start, end] = picture.questionSpan;
  const bits = perLayer(picture, (layer) =>
    entropyBits(attentionRow(picture, layer, head).subarray(start, end)),
  );
  const share = questionShare(picture, head);
  const words = questionWords(picture).filter(({ text }) => /[\p{L}\p{N}]/u.test(text));
  const mean = (values: readonly number[], { first, last }: Stage) =>
    values.slice(first, last + 1).reduce((sum, value) => sum + value, 0) / (last - first + 1);
  return stagesOf(range, picture.layerCount).map((stage) => {
    const masses = words.map(() => 0);
    let total = 0;
    for (let layer = stage.first; layer <= stage.last; layer++) {
      const row = attentionRow(picture, layer, head);
      for (const [at, word] of words.entries()) for (const token of word.tokens) masses[at]! += row[token]!;
      for (let token = start; token < end; token++) total += row[token]!;
    }
    const loudest = masses.indexOf(Math.max(...masses));
    return {
      ...stage,
      entropyBits: mean(bits, stage),
      questionShare: mean(share, stage),
      word: words[loudest]?.text ?? '',
      wordShare: total > 0 ? masses[loudest]! / total : 0,
    };
  });
}

/** Numbers of the deeper attention pictures as tables, and what normalising hides as a sentence. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { AlignedTokens, AttentionDifference } from '@/method/attention-difference.ts';
import { questionShare } from '@/method/attention-row.ts';
import type { StageSummary } from '@/method/attention-stages.ts';
import type { WordMeasure } from '@/method/attention-word.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { tokenText } from '@/views/attention/layout.ts';

/** What is drawn of each layer: how spread out the last token looks, or how much the question gets of it. */
export type SpreadMeasure = 'entropy' | 'share';

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** Said beside the switch, with this prompt's own numbers. */
export function hiddenByNormalising(picture: AttentionPicture): string {
  const shares = questionShare(picture, 'mean');
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const least = shares.indexOf(Math.min(...shares));
  return (
    `Of-question makes what the question gets in a layer sum to 1. It hides how little that is: ${percent(mean)} of the ` +
    `attention on average here, ${percent(shares[least]!)} in layer ${least}; the rest is on the first token and the template.`
  );
}

export interface NamedLine {
  key: string;
  label: string;
  values: readonly number[];
}

export function linesTable(lines: readonly NamedLine[], unit: string): FigureData {
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      ...lines.map(({ key, label }) => ({ key: `${key}_${unit}`, label, digits: 4 })),
    ],
    rows: Array.from({ length: lines[0]?.values.length ?? 0 }, (_, layer) => [
      layer,
      ...lines.map(({ values }) => values[layer]!),
    ]),
  };
}

export function headsTable(values: readonly (readonly number[])[], word: string): FigureData {
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      { key: 'head', label: 'head' },
      { key: 'word', label: 'word', sensitive: true },
      { key: 'attention', label: 'attention', digits: 4 },
    ],
    rows: values.flatMap((heads, layer) => heads.map((value, head) => [layer, head, word, value])),
  };
}

/** A place in words: the token both have, or the two that stand against each other. */
export function placeText(place: AlignedTokens, a: AttentionPicture, b: AttentionPicture): string {
  const text = (tokens: readonly number[], of: AttentionPicture) =>
    tokens.length === 0 ? '–' : tokenText(tokens.map((token) => of.tokens[token]).join(''));
  return place.isSame ? text(place.a, a) : `${text(place.a, a)} | ${text(place.b, b)}`;
}

export function differenceTable(
  { places, a, b, difference }: AttentionDifference,
  shown: readonly number[],
  names: (at: number) => string,
  measure: WordMeasure,
): FigureData {
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      { key: 'place', label: 'place' },
      { key: 'tokens', label: 'tokens, A | B', sensitive: true },
      { key: `a_${measure}`, label: 'A', digits: 4 },
      { key: `b_${measure}`, label: 'B', digits: 4 },
      { key: `difference_${measure}`, label: 'B − A', digits: 4 },
    ],
    rows: difference.flatMap((row, layer) =>
      shown.map((at) => [
        layer,
        places[at]!.a[0] ?? places[at]!.b[0] ?? null,
        names(at),
        a[layer]![at]!,
        b[layer]![at]!,
        row[at]!,
      ]),
    ),
  };
}

export interface PromptStages {
  label: string;
  stages: readonly StageSummary[];
}

export function stagesTable(prompts: readonly PromptStages[]): FigureData {
  return {
    columns: [
      { key: 'prompt', label: 'prompt' },
      { key: 'stage', label: 'stage' },
      { key: 'first', label: 'first' },
      { key: 'last', label: 'last' },
      { key: 'entropy_bits', label: 'entropy, bits', digits: 2 },
      { key: 'question_share', label: 'on the question', digits: 3 },
      { key: 'word', label: 'most on', sensitive: true },
      { key: 'word_share', label: 'share of that', digits: 3 },
    ],
    rows: prompts.flatMap(({ label, stages }) =>
      stages.map((stage) => [
        label,
        stage.name,
        stage.first,
        stage.last,
        stage.entropyBits,
        stage.questionShare,
        stage.word,
        stage.wordShare,
      ]),
    ),
  };
}

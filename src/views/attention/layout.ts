/** From [layers, heads, tokens] to a grid of layers x shown tokens, scaled as chosen, and its table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import type { AttentionScaling } from '../props.ts';

export interface AttentionGrid {
  /** Indices into picture.tokens, top to bottom. */
  tokens: number[];
  /** Probabilities, [layer][row]. */
  probability: number[][];
  /** What is coloured, 0..1, [layer][row]. */
  unit: number[][];
  /** Upper end of the raw scale: the largest shown probability, rounded up to one significant digit. */
  rawMax: number;
}

export function attentionGrid(
  picture: AttentionPicture,
  head: number | 'mean',
  scaling: AttentionScaling,
  questionOnly: boolean,
  rawMax?: number,
): AttentionGrid {
  const [start, end] = questionOnly ? picture.questionSpan : [0, picture.tokens.length];
  const tokens = Array.from({ length: end - start }, (_, i) => start + i);
  const probability = Array.from({ length: picture.layerCount }, (_, layer) =>
    tokens.map((token) => attentionAt(picture, layer, head, token)),
  );
  const top = rawMax ?? niceMax(Math.max(0, ...probability.flat()));
  const unit = probability.map((row) => {
    // Per layer: min-max over the tokens shown, as the paper's figure 4 does; a flat row has no contrast to show.
    const [low, high] = scaling === 'per-layer' ? [Math.min(...row), Math.max(...row)] : [0, top];
    return row.map((p) => (high > low ? Math.min(1, (p - low) / (high - low)) : 0));
  });
  return { tokens, probability, unit, rawMax: top };
}

export function attentionAt(
  picture: AttentionPicture,
  layer: number,
  head: number | 'mean',
  token: number,
): number {
  const { attention, headCount, tokens } = picture;
  const at = (h: number) => attention[(layer * headCount + h) * tokens.length + token]!;
  if (head !== 'mean') return at(head);
  let sum = 0;
  for (let h = 0; h < headCount; h++) sum += at(h);
  return sum / headCount;
}

/** 0.137 -> 0.2; at least 0.001, so that an all-zero picture has a scale. */
export function niceMax(value: number): number {
  const v = Math.max(value, 0.001);
  const power = 10 ** Math.floor(Math.log10(v));
  return Number((Math.ceil(v / power - 1e-9) * power).toPrecision(1));
}

/** A token as text: spaces and line ends are part of it and must be seen. */
export function tokenText(token: string): string {
  const visible = token.replace(/\n/g, '⏎').replace(/\t/g, '⇥');
  return visible.trim() === '' ? visible.replace(/ /g, '␣') || '∅' : visible.trim();
}

export function attentionTable(
  pictures: readonly AttentionPicture[],
  head: number | 'mean',
  scaling: AttentionScaling,
  questionOnly: boolean,
): FigureData {
  const rows = pictures.flatMap((picture) => {
    const grid = attentionGrid(picture, head, scaling, questionOnly);
    return grid.probability.flatMap((row, layer) =>
      row.map((p, r) => [
        picture.prompt.id,
        layer,
        grid.tokens[r]!,
        picture.tokens[grid.tokens[r]!]!,
        p,
        grid.unit[layer]![r]!,
      ]),
    );
  });
  return {
    columns: [
      { key: 'prompt', label: 'prompt' },
      { key: 'layer', label: 'layer' },
      { key: 'token_index', label: 'position' },
      { key: 'token', label: 'token', sensitive: true },
      { key: 'attention', label: 'attention', digits: 4 },
      {
        key: scaling === 'per-layer' ? 'min_max_in_layer' : 'share_of_scale',
        label: 'as coloured',
        digits: 3,
      },
    ],
    rows,
  };
}

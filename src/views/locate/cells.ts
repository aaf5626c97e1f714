/** Cells of the two heat-maps: their change and its scale, what they say in words, and their tables. Pure. */
import { formatAlpha, formatP, formatRange, formatSigned } from '@/elements/number-words.ts';
import type { FigureData } from '@/figures/provenance.ts';
import type { ExactCell, GridCell, GridResult, LayerAlphaResult } from '@/protocol/localise.ts';

/** Refused prompts more or fewer than at alpha = 1. */
export const changeOf = ({ gained, lost }: { gained: number; lost: number }): number => gained - lost;

/** The colour scale's end: the largest change in sight, but never less than a tenth of the prompts, or noise would glow. */
export function changeDomain(cells: ReadonlyArray<{ gained: number; lost: number }>, total: number): number {
  return Math.max(Math.ceil(total / 10), ...cells.map((cell) => Math.abs(changeOf(cell))));
}

export const isBeyondChance = (q: number | undefined): boolean => q !== undefined && q <= 0.05;

const qWords = (q: number): string => formatP(q).replace(/^p/, 'q');

interface Counted {
  refused: number;
  gained: number;
  lost: number;
}

export function countWords(cell: Counted, total: number, q?: number): string {
  const change = `${formatSigned(changeOf(cell))} (${cell.gained} gained, ${cell.lost} lost)`;
  return `${cell.refused} of ${total} refused, ${change}${q === undefined ? '' : `, ${qWords(q)}`}`;
}

export function cellWords(
  range: { first: number; last: number },
  cell: GridCell | undefined,
  { alpha, total, q, exact }: { alpha: number; total: number; q?: number; exact?: ExactCell },
): string {
  const where = `${formatRange(range)} × ${formatAlpha(alpha)}`;
  if (!cell) return `${where} · not counted yet`;
  const decoded = exact
    ? ` · decoded: ${exact.refused} refused, ${exact.answered} answered, ${exact.garbled} garbled`
    : '';
  return `${where} · ${countWords(cell, total, q)}${decoded}`;
}

export function gridTable({ cells, baseline, exact }: GridResult, q: readonly number[]): FigureData {
  return {
    columns: [
      { key: 'first_layer', label: 'first layer' },
      { key: 'last_layer', label: 'last layer' },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'gained', label: 'gained' },
      { key: 'lost', label: 'lost' },
      { key: 'q', label: 'q (false discovery rate)', digits: 4 },
      { key: 'mean_score', label: 'mean score', digits: 3 },
      { key: 'decoded_refused', label: 'decoded: refused' },
      { key: 'decoded_garbled', label: 'decoded: garbled' },
    ],
    rows: [
      // No range at all: alpha = 1.
      [null, null, baseline.refused, baseline.total, null, null, null, mean(baseline.scores), null, null],
      ...cells.map((cell, at) => {
        const decoded = exact.find((one) => one.first === cell.first && one.last === cell.last);
        const { first, last, refused, gained, lost, scores } = cell;
        const counts = [refused, baseline.total, gained, lost, q[at] ?? null, mean(scores)];
        return [first, last, ...counts, decoded?.refused ?? null, decoded?.garbled ?? null];
      }),
    ],
  };
}

export function layerAlphaTable({ cells, baseline }: LayerAlphaResult): FigureData {
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      { key: 'alpha', label: 'alpha', digits: 2 },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'gained', label: 'gained' },
      { key: 'lost', label: 'lost' },
      { key: 'mean_score', label: 'mean score', digits: 3 },
    ],
    rows: [
      [null, 1, baseline.refused, baseline.total, null, null, mean(baseline.scores)],
      ...cells.map((cell) => [
        cell.layer,
        cell.alpha,
        cell.refused,
        baseline.total,
        cell.gained,
        cell.lost,
        mean(cell.scores),
      ]),
    ],
  };
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

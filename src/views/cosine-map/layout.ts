/** Rows of the layer map, cells of the prompt x prompt matrix, and their tables. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { CosineMatrixResult, PairKind, PromptItem, SimilarityResult } from '@/protocol/experiments.ts';
import { COSINE_DOMAIN } from '@/theme/palettes.ts';

export const PAIR_ROWS: readonly { kind: PairKind; short: string; long: string }[] = [
  { kind: 'nn', short: 'N–N', long: 'normal–normal' },
  { kind: 'nm', short: 'N–M', long: 'normal–malicious' },
  { kind: 'mm', short: 'M–M', long: 'malicious–malicious' },
];

/** Cosine to 0..1 of the fixed domain; values beyond an end take its colour, which the legend says. */
export function cosineToUnit(value: number, measure: 'raw' | 'centred'): number {
  const [low, high] = COSINE_DOMAIN[measure];
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

export interface MatrixLayout {
  /** Side of the square, CSS pixels. */
  side: number;
  size: number;
  /** Cell under a point, null outside. */
  cellAt: (x: number, y: number) => { row: number; column: number } | null;
  /** Where normal ends and malicious begins. */
  split: number;
}

export function matrixLayout(
  size: number,
  normalCount: number,
  width: number,
  maxSide: number,
): MatrixLayout {
  const side = Math.max(1, Math.min(width, maxSide));
  const index = (v: number) => Math.floor((v * size) / side);
  return {
    side,
    size,
    cellAt: (x, y) => (x < 0 || y < 0 || x >= side || y >= side ? null : { row: index(y), column: index(x) }),
    split: (normalCount / size) * side,
  };
}

/** Keys walk the matrix; null = the key means nothing here. */
export function cellAfterKey(
  key: string,
  cell: { row: number; column: number },
  size: number,
): { row: number; column: number } | null {
  const clamp = (v: number) => Math.min(size - 1, Math.max(0, v));
  const { row, column } = cell;
  const to: Record<string, [number, number]> = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
    Home: [row, 0],
    End: [row, size - 1],
  };
  const found = to[key];
  return found ? { row: clamp(found[0]), column: clamp(found[1]) } : null;
}

/** The prompt that belongs to an index of the matrix: normal first, then malicious. */
export function promptAt(
  index: number,
  normalCount: number,
  normal: readonly PromptItem[],
  malicious: readonly PromptItem[],
): { prompt: PromptItem | undefined; isMalicious: boolean } {
  return index < normalCount
    ? { prompt: normal[index], isMalicious: false }
    : { prompt: malicious[index - normalCount], isMalicious: true };
}

export function mapTable(result: SimilarityResult, measure: 'raw' | 'centred'): FigureData {
  const curves = result[measure].curves;
  return {
    columns: [
      { key: 'layer', label: 'layer' },
      ...PAIR_ROWS.map((r) => ({ key: `${measure}_${r.kind}_mean`, label: r.long, digits: 4 })),
    ],
    rows: Array.from({ length: result.layerCount }, (_, k) => [
      k,
      ...PAIR_ROWS.map((r) => curves[r.kind].mean[k]!),
    ]),
  };
}

/** One row per pair, the diagonal and the mirrored half left out. */
export function matrixTable(
  matrix: CosineMatrixResult,
  normal: readonly PromptItem[],
  malicious: readonly PromptItem[],
): FigureData {
  const rows: (string | number)[][] = [];
  const id = (i: number) => promptAt(i, matrix.normalCount, normal, malicious).prompt?.id ?? String(i);
  for (let r = 0; r < matrix.size; r++)
    for (let c = r + 1; c < matrix.size; c++) {
      const kind = c < matrix.normalCount ? 'N–N' : r < matrix.normalCount ? 'N–M' : 'M–M';
      rows.push([id(r), id(c), kind, matrix.cosine[r * matrix.size + c]!]);
    }
  return {
    columns: [
      { key: 'prompt_a', label: 'prompt a' },
      { key: 'prompt_b', label: 'prompt b' },
      { key: 'pair_kind', label: 'kind' },
      { key: 'cosine', label: 'cosine', digits: 4 },
    ],
    rows,
  };
}

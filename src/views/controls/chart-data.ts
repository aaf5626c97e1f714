/** What the generic chart draws of a control's rows: series, domain, words, table. Numbers in, plain data out. */
import { nice } from 'd3';
import type { FigureData } from '@/figures/provenance.ts';
import type { ControlMeasure, ControlResult, ControlRow } from '@/protocol/controls.ts';
import type { ColourName } from '@/theme/palettes.ts';

/** The model that all others are compared with: drawn as the reference line, not as a point. */
const UNCHANGED = 'unchanged';

export interface Series {
  name: string;
  rows: ControlRow[];
  colour: ColourName;
  dash: string;
  mark: 'solid' | 'hollow' | 'square';
  /**
   * line: one value per layer. spans: ranges of one width, mid-range. points: layers here and there. level: one value for
   * the whole model. cells: ranges of many widths, as a triangle.
   */
  kind: 'line' | 'spans' | 'points' | 'level' | 'cells';
}

/** In order; normal and malicious keep their own. Never a hue alone: each has its dash. */
const STYLES: ReadonlyArray<{ colour: ColourName; dash: string }> = [
  { colour: 'ink', dash: 'none' },
  { colour: 'class-refused', dash: '7 4' },
  { colour: 'class-answered', dash: '8 3 2 3' },
  { colour: 'role-over-rejected-text', dash: '2 3' },
  { colour: 'muted', dash: '12 3' },
];
const MARKS = ['solid', 'hollow', 'square'] as const;
const OWN_STYLES: Readonly<Record<string, { colour: ColourName; dash: string }>> = {
  normal: { colour: 'role-normal', dash: 'none' },
  malicious: { colour: 'role-malicious', dash: '1 4' },
};

export function seriesOf(rows: readonly ControlRow[], measure: string): Series[] {
  const own = rows.filter((row) => row.measure === measure && row.series !== UNCHANGED);
  const names = [...new Set(own.map(({ series }) => series))];
  return names.map((name, at) => {
    const mine = own.filter(({ series }) => series === name).sort((a, b) => a.x - b.x);
    const style = OWN_STYLES[name] ?? STYLES[at % STYLES.length]!;
    return { name, rows: mine, kind: kindOf(mine), mark: MARKS[at % MARKS.length]!, ...style };
  });
}

function kindOf(rows: readonly ControlRow[]): Series['kind'] {
  const widths = new Set(rows.flatMap(({ x, last }) => (last === undefined ? [] : [last - x])));
  if (widths.size > 1) return 'cells';
  if (widths.size === 1) return 'spans';
  if (rows.length === 1) return 'level';
  const isWhole = rows.every((row, at) => at === 0 || row.x === rows[at - 1]!.x + 1);
  return isWhole ? 'line' : 'points';
}

/** Counts and shares keep their whole range, so that charts can be compared; others are as wide as their numbers. */
export function domainOf(
  rows: readonly ControlRow[],
  { unit, reference, key }: ControlMeasure,
): [number, number] {
  const own = rows.filter(({ measure }) => measure === key);
  if (unit === 'prompts') return [0, Math.max(1, ...own.map(({ n }) => n))];
  if (unit === 'probability') return [0, 1];
  const values = own.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const all = [...values, ...(reference === null ? [] : [reference])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return low === high ? [low - 1, high + 1] : nice(low, high, 4);
}

const digitsOf = (value: number): string =>
  Number.isInteger(value) ? String(value) : Number(value.toPrecision(3)).toString();

export const valueWords = (value: number): string => digitsOf(value).replace(/^-/, '−');

export function rowWords(row: ControlRow, { unit }: ControlMeasure): string {
  const interval =
    row.low === null || row.high === null ? '' : ` [${valueWords(row.low)}, ${valueWords(row.high)}]`;
  const of = unit === 'prompts' ? ` of ${row.n}` : '';
  const p = row.pAdjusted === undefined ? '' : `, q = ${valueWords(row.pAdjusted)}`;
  return `${row.label}: ${valueWords(row.value)}${of}${interval}${p}`;
}

/** Everything that a chart of layers holds about one of them, in words. */
export function layerWords(series: readonly Series[], layer: number, measure: ControlMeasure): string {
  const parts = series.flatMap(({ rows, kind }) => {
    if (kind === 'level') return [];
    if (kind !== 'spans') return rows.filter(({ x }) => x === layer).slice(0, 1);
    const mid = (row: ControlRow) => Math.abs((row.x + row.last!) / 2 - layer);
    const nearest = rows.reduce((best, row) => (mid(row) < mid(best) ? row : best), rows[0]!);
    return nearest.x <= layer && nearest.last! >= layer ? [nearest] : [];
  });
  return parts.map((row) => rowWords(row, measure)).join(' · ');
}

export function controlTable({ rows, axis }: ControlResult, measure: ControlMeasure): FigureData {
  return {
    columns: [
      { key: 'series', label: 'series' },
      { key: 'label', label: 'what was run' },
      { key: 'x', label: axis.kind === 'layer' ? 'layer' : axis.label },
      { key: 'last_layer', label: 'last layer' },
      { key: 'value', label: measure.unit, digits: measure.unit === 'prompts' ? 0 : 4 },
      { key: 'low', label: '95 % low', digits: 4 },
      { key: 'high', label: '95 % high', digits: 4 },
      { key: 'n', label: 'N' },
      { key: 'p', label: 'p', digits: 4 },
      { key: 'p_adjusted', label: 'q', digits: 4 },
    ],
    rows: rows
      .filter((row) => row.measure === measure.key)
      .map((row) => [
        row.series,
        row.label,
        row.series === UNCHANGED ? null : row.x,
        row.last ?? null,
        row.value,
        row.low,
        row.high,
        row.n,
        row.p ?? null,
        row.pAdjusted ?? null,
      ]),
  };
}

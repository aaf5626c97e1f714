/** What the generic chart makes of rows: kinds of series, domains, words, table. */
import { describe, expect, it } from 'vitest';
import type { ControlMeasure, ControlResult, ControlRow } from '@/protocol/controls.ts';
import { controlTable, domainOf, layerWords, rowWords, seriesOf } from './chart-data.ts';

const row = (series: string, x: number, value: number, more: Partial<ControlRow> = {}): ControlRow => ({
  measure: 'refused',
  series,
  label: `${series} ${x}`,
  x,
  value,
  low: value - 1,
  high: value + 1,
  n: 20,
  ...more,
});
const counts: ControlMeasure = {
  key: 'refused',
  label: 'refused',
  unit: 'prompts',
  reference: 3,
  interval: 'i',
  test: 't',
};

describe('series', () => {
  it('tell lines, ranges of one width, ranges of many, points and levels apart; the unchanged model is no series', () => {
    const rows = [
      row('unchanged', 0, 3),
      ...[0, 1, 2].map((x) => row('line', x, x)),
      ...[4, 0, 2].map((x) => row('spans', x, x, { last: x + 1 })),
      ...[0, 2].map((x) => row('points', x, x)),
      row('level', 0, 9),
      row('cells', 0, 1, { last: 1 }),
      row('cells', 0, 1, { last: 3, label: 'wide' }),
      row('other measure', 0, 1, { measure: 'kl' }),
    ];
    const series = seriesOf(rows, 'refused');
    expect(series.map(({ name, kind }) => [name, kind])).toEqual([
      ['line', 'line'],
      ['spans', 'spans'],
      ['points', 'points'],
      ['level', 'level'],
      ['cells', 'cells'],
    ]);
    expect(series[1]!.rows.map(({ x }) => x)).toEqual([0, 2, 4]);
    expect(new Set(series.map(({ dash }) => dash)).size).toBe(5);
  });
});

describe('domains', () => {
  it('of counts are all prompts; of other quantities they hold every interval and the reference', () => {
    const rows = [row('a', 0, 4), row('a', 1, 2)];
    expect(domainOf(rows, counts)).toEqual([0, 20]);
    const [low, high] = domainOf([row('a', 0, 4.3, { measure: 'kl', low: 4.1, high: 4.8 })], {
      ...counts,
      key: 'kl',
      unit: 'nats',
      reference: 0,
    });
    expect(low).toBeLessThanOrEqual(0);
    expect(high).toBeGreaterThanOrEqual(4.8);
    const flat = [row('a', 0, 2, { measure: 'kl', low: null, high: null })];
    expect(domainOf(flat, { ...counts, key: 'kl', unit: 'nats', reference: null })).toEqual([1, 3]);
  });
});

describe('words and table', () => {
  it('say value, N, interval and adjusted p', () => {
    expect(rowWords(row('a', 1, 4, { pAdjusted: 0.0123 }), counts)).toBe('a 1: 4 of 20 [3, 5], q = 0.0123');
    expect(rowWords(row('a', 1, -0.25, { low: null, high: null }), { ...counts, unit: 'nats' })).toBe(
      'a 1: −0.25',
    );
  });

  it('of a layer: its point of every line, and the range that is nearest to it', () => {
    const rows = [
      row('line', 0, 1),
      row('line', 1, 2),
      row('spans', 0, 5, { last: 2 }),
      row('spans', 1, 6, { last: 3 }),
    ];
    expect(layerWords(seriesOf(rows, 'refused'), 1, counts)).toBe(
      'line 1: 2 of 20 [1, 3] · spans 0: 5 of 20 [4, 6]',
    );
  });

  it('the table holds every row of the measure, the unchanged one without a place', () => {
    const result: ControlResult = {
      name: 'c',
      axis: { kind: 'layer', label: 'layer', layerCount: 4 },
      measures: [counts],
      rows: [row('unchanged', 0, 3), row('spans', 1, 5, { last: 2, p: 0.01, pAdjusted: 0.02 })],
      findings: [],
    };
    const { columns, rows } = controlTable(result, counts);
    expect(columns.map(({ key }) => key)).toContain('p_adjusted');
    expect(rows).toEqual([
      ['unchanged', 'unchanged 0', null, null, 3, 2, 4, 20, null, null],
      ['spans', 'spans 1', 1, 2, 5, 4, 6, 20, 0.01, 0.02],
    ]);
  });
});

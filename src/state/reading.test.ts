import { describe, expect, it } from 'vitest';
import { type ReadingInput, readingOf } from './reading.ts';
import type { Scan } from './results.ts';

const point = (first: number, refused: number) => ({
  first,
  last: first + 5,
  refused,
  total: 64,
  low: refused - 8,
  high: refused + 8,
});
const scan = (...counts: number[]): Scan => ({
  baseline: { refused: 27, total: 64 },
  points: counts.map((refused, first) => point(first, refused)),
});
const nothing: ReadingInput = {
  measureWords: 'raw',
  proposal: null,
  scan: null,
  scanComplete: false,
  alpha: 1.1,
  range: [8, 13],
  overRejection: null,
  malicious: null,
  auroc: null,
};
const none = { kind: 'none' as const, rule: '' };

describe('the reading', () => {
  it('says nothing where nothing was computed', () => {
    expect(readingOf(nothing)).toEqual({ lead: null, rest: [] });
  });
  it('says that the gap singles out nothing, and names the band that does', () => {
    const { rest: words } = readingOf({
      ...nothing,
      proposal: none,
      scan: scan(27, 50, 21),
      scanComplete: true,
    });
    expect(words[0]).toBe(
      'The raw angle gap singles out no range; the band scan does: layers 1–6 (50 of 64).',
    );
  });
  it('turns the direction round below alpha 1', () => {
    const { rest: words } = readingOf({ ...nothing, alpha: 0.9, scan: scan(27, 4, 52), scanComplete: true });
    expect(words[0]).toBe('The band scan points to layers 1–6 (4 of 64).');
  });
  it('claims no band that is within chance of R0', () => {
    const { rest: words } = readingOf({
      ...nothing,
      proposal: none,
      scan: scan(27, 31, 24),
      scanComplete: true,
    });
    expect(words[0]).toContain('neither does the band scan');
  });
  it('waits for the whole scan', () => {
    expect(readingOf({ ...nothing, scan: scan(27, 60), scanComplete: false }).rest).toEqual([]);
  });
  it('calls a change within chance by that name', () => {
    const now = { counts: { refused: 29, answered: 35, garbled: 0 }, decided: 64, total: 64 };
    const change = {
      difference: 2,
      low: -3,
      high: 7,
      pValue: 0.6,
      gained: 5,
      lost: 3,
      total: 64,
      clusterCount: 40,
    };
    expect(readingOf({ ...nothing, overRejection: { now, change, complete: true } }).lead).toContain(
      'within chance',
    );
  });
  const tallyOf = (refused: number) => ({
    counts: { refused, answered: 64 - refused, garbled: 0 },
    decided: 64,
    total: 64,
  });
  it('puts first what alpha does, with its test', () => {
    const change = {
      difference: 17,
      low: 11,
      high: 24,
      pValue: 1e-5,
      gained: 18,
      lost: 1,
      total: 64,
      clusterCount: 40,
    };
    const words = readingOf({
      ...nothing,
      proposal: none,
      overRejection: { now: tallyOf(47), change, complete: true },
    });
    expect(words.lead).toBe(
      'Over-rejections rise from 30 to 47 of 64 at alpha 1.1 on layers 8–13 (p\u00a0<\u00a00.001).',
    );
  });
  it('says at alpha 1 that nothing is scaled', () => {
    const overRejection = { now: tallyOf(30), change: null, complete: true };
    expect(readingOf({ ...nothing, alpha: 1, overRejection }).lead).toContain('30 of 64');
  });
  it('names the layer from which a probe tells the pools apart for good, or its best one', () => {
    expect(readingOf({ ...nothing, auroc: [0.5, 0.97, 0.9, 0.96, 0.99] }).rest[0]).toContain(
      'from layer 3 on',
    );
    expect(readingOf({ ...nothing, auroc: [0.5, 0.8, 0.7] }).rest[0]).toContain('0.80, at layer 1');
    expect(readingOf({ ...nothing, auroc: [0.99, 0.96] }).rest[0]).toContain('in every layer');
  });
  it('warns of garbled answers', () => {
    const now = { counts: { refused: 29, answered: 5, garbled: 30 }, decided: 64, total: 64 };
    expect(readingOf({ ...nothing, overRejection: { now, change: null, complete: true } }).rest).toEqual([
      '30 of 64 answers are garbled: a broken model is not a safe one.',
    ]);
  });
});

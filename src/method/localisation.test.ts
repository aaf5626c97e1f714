/** The band scan's reading, on the counts that PyTorch gave for the bundled pair and for the planted control. */
import { describe, expect, it } from 'vitest';
import type { BandScanResult } from '@/protocol/experiments.ts';
import { bandPoint, bandPositions, summariseBandScan } from './localisation.ts';
import { wilsonInterval } from './statistics.ts';

const FIRSTS = [0, 4, 8, 12, 16, 20, 24];
/** Counts of 64 (public/models/*\/README.md). Paired: as many changed as the two counts force. */
const scanOf = (baseline: number, counts: number[], paired: boolean): BandScanResult => ({
  baseline: { refused: baseline, total: 64 },
  points: counts.map((refused, at) => ({
    first: FIRSTS[at]!,
    last: FIRSTS[at]! + 5,
    refused,
    total: 64,
    ...wilsonInterval(refused, 64),
    ...(paired && { gained: Math.max(0, refused - baseline), lost: Math.max(0, baseline - refused) }),
  })),
});

describe('band positions', () => {
  it('slide by one layer over all layers', () => {
    const positions = bandPositions(30, 6);
    expect(positions).toHaveLength(25);
    expect(positions[0]).toEqual({ first: 0, last: 5 });
    expect(positions.at(-1)).toEqual({ first: 24, last: 29 });
    expect(bandPositions(4, 6)).toEqual([]);
    expect(bandPositions(4, 0)).toEqual([]);
  });
});

it('a point counts what was gained and lost against alpha = 1', () => {
  const point = bandPoint({ first: 2, last: 3 }, [true, true, false, false], [true, false, true, true]);
  expect(point).toMatchObject({ refused: 3, total: 4, gained: 2, lost: 1 });
});

describe('summary', () => {
  it('names 8-13 for the aligned model at alpha 1.1, and the opposite band too', () => {
    const summary = summariseBandScan(scanOf(27, [7, 21, 40, 30, 21, 27, 27], true), 1.1)!;
    expect(summary.safetyLike?.bands[0]).toMatchObject({ first: 8, last: 13 });
    expect(summary.smallest.bands[0]).toMatchObject({ first: 0 });
    expect(summary.sentence).toContain('layers 8-13 scaled (40 of 64');
    expect(summary.sentence).toContain('Layers 8-13 scaled: that is how the paper says');
  });

  it('turns around for alpha below 1: the fewest refusals are the safety-like ones', () => {
    const summary = summariseBandScan(scanOf(27, [52, 23, 12, 19, 32, 26, 26], true), 0.9)!;
    expect(summary.safetyLike?.bands).toMatchObject([{ first: 8, last: 13 }]);
    expect(summary.largest.bands).toMatchObject([{ first: 0, last: 5 }]);
  });

  it('finds the planted band 8-13, even from two unpaired counts', () => {
    const summary = summariseBandScan(scanOf(8, [0, 1, 26, 14, 1, 7, 5], false), 1.1)!;
    expect(summary.safetyLike).toMatchObject({
      bands: [{ first: 8, last: 13 }],
      change: 18,
      standsOut: true,
    });
  });

  it('names both bands that reach the floor', () => {
    const summary = summariseBandScan(scanOf(8, [38, 3, 0, 0, 9, 8, 10], true), 0.9)!;
    expect(summary.safetyLike?.bands.map((band) => band.first)).toEqual([8, 12]);
    expect(summary.sentence).toContain('layers 8-13 or layers 12-17');
  });

  it('says that no band stands out when counts differ by a few', () => {
    const summary = summariseBandScan(scanOf(27, [26, 25, 30, 28, 27, 27, 29], true), 1.1)!;
    expect(summary.safetyLike).toBeNull();
    expect(summary.sentence).toContain('no band stands out');
    expect(summary.largest.standsOut || summary.smallest.standsOut).toBe(false);
  });

  it('finds no safety-like band when the count only moves the other way, nor at alpha 1, nor without points', () => {
    const falling = summariseBandScan(scanOf(40, [10, 38, 39, 40, 40, 40, 40], true), 1.1)!;
    expect(falling.safetyLike).toBeNull();
    expect(falling.sentence).toContain('no band raises the count');
    expect(falling.sentence).toContain('No band acts as the paper says');
    expect(summariseBandScan(scanOf(27, [27, 27, 27, 27, 27, 27, 27], true), 1)!.safetyLike).toBeNull();
    expect(summariseBandScan({ baseline: { refused: 1, total: 2 }, points: [] }, 1.1)).toBeNull();
  });
});

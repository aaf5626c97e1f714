/** The range rule finds a planted rise and refuses to find one that is not there. */
import { describe, expect, it } from 'vitest';
import { proposeRange, RANGE_THRESHOLDS } from './range-proposal.ts';

const withBand = (ofMeansDeg: number[], halfWidthDeg: number) => ({
  ofMeansDeg,
  lowDeg: ofMeansDeg.map((value) => value - halfWidthDeg),
});
/** Flat, then a rise over layers first..last to `height`, then a slow slope. */
const planted = (layers: number, first: number, last: number, height: number) =>
  Array.from({ length: layers }, (_, layer) => {
    const rise = Math.min(1, Math.max(0, (layer - first + 1) / (last - first + 1)));
    return height * rise + 0.05 * Math.max(0, layer - last) + 0.3 * Math.sin(layer);
  });

describe('proposed range', () => {
  it.each([
    [30, 8, 13, 30],
    [32, 11, 15, 14],
    [18, 6, 11, 45],
  ])('of %i layers with a gap planted at %i..%i is that band', (layers, first, last, height) => {
    const proposal = proposeRange(withBand(planted(layers, first, last, height), 1));
    if (proposal.kind !== 'range') throw new Error(proposal.reason);
    // The first layer of a slow rise may lie below the onset share.
    expect(Math.abs(proposal.first - first)).toBeLessThanOrEqual(1);
    expect(Math.abs(proposal.last - last)).toBeLessThanOrEqual(1);
    expect(proposal.marks.filter((mark) => mark.layer !== undefined)).toHaveLength(2);
  });

  it("is none for a gap within 3 degrees, the bundled pair's kind of picture", () => {
    const small = Array.from({ length: 30 }, (_, layer) => 3 * Math.sin(layer / 4));
    const proposal = proposeRange(withBand(small, 0.5));
    expect(proposal.kind).toBe('none');
    expect(proposal.reason).toContain('singles out no range');
    expect(proposal.marks.some((mark) => mark.valueDeg === RANGE_THRESHOLDS.minGapDeg)).toBe(true);
  });

  it('is none for a gap inside its own noise band, for one open from the first layer on, and for no layers', () => {
    expect(proposeRange(withBand(planted(30, 8, 13, 12), 20))).toMatchObject({ kind: 'none' });
    expect(proposeRange(withBand(new Array<number>(30).fill(25), 1)).reason).toContain('begins nowhere');
    expect(proposeRange({ ofMeansDeg: [], lowDeg: [] }).kind).toBe('none');
  });

  it('never takes a negative gap for one, and passes over a pause half-way up', () => {
    expect(proposeRange(withBand(new Array<number>(12).fill(-20), 1)).kind).toBe('none');
    const pause = [0, 0, 0, 4, 8, 8, 8, 16, 24, 30, 30, 30];
    expect(proposeRange(withBand(pause, 1))).toMatchObject({ kind: 'range', first: 4, last: 9 });
  });

  it('ends at the last layer when the gap never flattens', () => {
    expect(proposeRange(withBand([0, 0, 0, 0, 10, 20, 30, 40], 1))).toMatchObject({ first: 4, last: 7 });
  });

  it('states its thresholds in the rule', () => {
    const { rule } = proposeRange(withBand([0, 1], 1), { ...RANGE_THRESHOLDS, minGapDeg: 7 });
    expect(rule).toContain('7.0°');
    expect(rule).toContain('15 %');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spreadLabels, steadyDomain, valueAxis } from './value-axis.ts';

it('the domain does not move while the data stay inside', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
      expect(steadyDomain(values, [0, 1], 0.25)).toEqual([0, 1]);
    }),
  );
});

it('the domain widens in whole steps and then holds every value', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1 }), (values) => {
      const [low, high] = steadyDomain(values, [0, 1], 0.25);
      for (const v of values) {
        expect(v).toBeGreaterThanOrEqual(low - 1e-6);
        expect(v).toBeLessThanOrEqual(high + 1e-6);
      }
      expect(Number.isInteger(low / 0.25) && Number.isInteger(high / 0.25)).toBe(true);
    }),
  );
});

it('missing values do not spoil the domain', () => {
  expect(steadyDomain([Number.NaN, 0.5], [0, 1], 0.25)).toEqual([0, 1]);
});

it('high values are up and the ends of the domain are the ends of the plot', () => {
  const axis = valueAxis([-2, 6], 10, 110);
  expect(axis.y(6)).toBe(10);
  expect(axis.y(-2)).toBe(110);
});

it('labels keep their order, their distance and the plot', () => {
  const three = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(three, (wanted) => {
      const got = spreadLabels(wanted, 14, 0, 100);
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
      for (let i = 0; i < order.length; i++) {
        expect(got[order[i]!]).toBeGreaterThanOrEqual(-1e-9);
        expect(got[order[i]!]).toBeLessThanOrEqual(100 + 1e-9);
        if (i > 0) expect(got[order[i]!]! - got[order[i - 1]!]!).toBeGreaterThanOrEqual(14 - 1e-9);
      }
    }),
  );
});

it('labels that are far apart stay where they belong', () => {
  expect(spreadLabels([80, 10, 45], 14, 0, 100)).toEqual([80, 10, 45]);
});

import { expect, it } from 'vitest';
import {
  formatCosine,
  formatDegrees,
  formatP,
  formatPercent,
  formatRange,
  formatSigned,
} from './number-words.ts';

it('a p value is never written as zero', () => {
  expect(formatP(0)).toBe('p < 0.001');
  expect(formatP(0.0321)).toBe('p = 0.032');
  expect(formatP(0.5)).toBe('p = 0.50');
});
it('signs are true minus signs and zero has both', () => {
  expect([formatSigned(39), formatSigned(-4), formatSigned(0)]).toEqual(['+39', '−4', '±0']);
  expect(formatDegrees(-1.26)).toBe('−1.3°');
});
it('a missing number is a dash, not NaN', () => {
  expect(formatCosine(Number.NaN)).toBe('–');
  expect(formatPercent(0, 0)).toBe('–');
});
it('a range of one layer is a layer', () => {
  expect(formatRange({ first: 8, last: 13 })).toBe('layers 8 to 13');
  expect(formatRange({ first: 8, last: 8 })).toBe('layer 8');
});

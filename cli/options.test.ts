import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { alphaList, layerRange, layerRanges, matrixSet, oneAlpha, wholeNumber } from './options.ts';
import { sweepPoints } from './sweep-plan.ts';

describe('alphas', () => {
  it('are a list as typed, or equal steps that hit both ends and exactly 1', () => {
    expect(alphaList('0.9,1,1.1')).toEqual([0.9, 1, 1.1]);
    expect(alphaList('0.8:1.2:0.05')).toEqual([0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2]);
    expect(alphaList('1:1:0.1')).toEqual([1]);
  });

  it('have an even grid for any step: every value is from + k step to ten decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 40 }), (hundredths, steps) => {
        const step = hundredths / 100;
        const list = alphaList(`0.5:${(0.5 + steps * step).toFixed(2)}:${step}`);
        expect(list).toHaveLength(steps + 1);
        for (const [k, alpha] of list.entries()) expect(alpha).toBe(Number((0.5 + k * step).toFixed(10)));
      }),
    );
  });

  it.each([
    '',
    'a',
    '1,',
    '1,,2',
    '1:2',
    '1:2:0',
    '1:2:-1',
    '2:1:0.1',
    '1:2:0.1:3',
    '0:1e9:0.001',
    'Infinity',
  ])('refuses %j', (text) => expect(() => alphaList(text)).toThrow());

  it('alone is a finite number', () => {
    expect(oneAlpha('1.1')).toBe(1.1);
    for (const bad of ['', ' ', 'x', 'NaN', '1,2']) expect(() => oneAlpha(bad)).toThrow();
  });
});

describe('ranges, matrices and counts', () => {
  it('are inclusive and 0-based; a single layer is a range of one', () => {
    expect(layerRange('8-13')).toEqual({ first: 8, last: 13 });
    expect(layerRanges('0,3-5')).toEqual([
      { first: 0, last: 0 },
      { first: 3, last: 5 },
    ]);
    for (const bad of ['', '5-3', '-1', '1-', 'a-b', '1.5-2', '1 2']) expect(() => layerRange(bad)).toThrow();
  });

  it('name presets or single matrices, in the fixed order', () => {
    expect(matrixSet('all')).toEqual([...MATRIX_NAMES]);
    expect(matrixSet('published')).not.toContain('o');
    expect(matrixSet('down, q')).toEqual(['q', 'down']);
    for (const bad of ['', 'q,z', 'ALL']) expect(() => matrixSet(bad)).toThrow();
  });

  it('must be whole and within bounds', () => {
    expect(wholeNumber(2, 10)('7')).toBe(7);
    for (const bad of ['1', '11', '2.5', '1e1', '', '0x5']) expect(() => wholeNumber(2, 10)(bad)).toThrow();
  });
});

describe('sweepPoints', () => {
  it('visits every range with every alpha once, and leaves alpha 1 to the baseline', () => {
    const range = { first: 0, last: 1 };
    const points = sweepPoints([range, { first: 2, last: 2 }, range], [0.9, 1, 1.1, 0.9], ['q']);
    expect(points.map(({ first, alpha }) => [first, alpha])).toEqual([
      [0, 0.9],
      [0, 1.1],
      [2, 0.9],
      [2, 1.1],
    ]);
  });
});

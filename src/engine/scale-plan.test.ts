/** Laws of scaling: paper eq. 1 on the engine's side. */
import { describe, expect, it } from 'vitest';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { scalePlan } from './scale-plan.ts';

const rule = (first: number, last: number, alpha: number) => ({ first, last, alpha, matrices: MATRIX_NAMES });

describe('a scale plan', () => {
  it('leaves every layer unscaled without rules, and with alpha 1', () => {
    for (const rules of [[], [rule(0, 5, 1)]]) {
      const plan = scalePlan(rules, 6);
      expect(plan.layers).toEqual(new Array(6).fill(null));
      expect(plan.firstScaled).toBe(6);
    }
  });

  it('includes both ends of a range', () => {
    const plan = scalePlan([rule(2, 3, 1.5)], 6);
    expect(plan.layers.map((layer) => layer?.[0] ?? 1)).toEqual([1, 1, 1.5, 1.5, 1, 1]);
    expect(plan.firstScaled).toBe(2);
  });

  it('multiplies rules on the same matrix, so that a rule and its inverse are the identity', () => {
    expect(scalePlan([rule(1, 2, 2), rule(1, 2, 0.5)], 4).firstScaled).toBe(4);
    expect(scalePlan([rule(1, 2, 2), rule(2, 3, 1.5)], 4).layers[2]![3]).toBe(3);
  });

  it('touches only the named matrices', () => {
    const plan = scalePlan([{ first: 0, last: 0, alpha: 2, matrices: ['o', 'down'] }], 1);
    expect([...plan.layers[0]!]).toEqual([1, 1, 1, 2, 1, 1, 2]);
  });

  it.each([
    [rule(-1, 2, 1.1), /-1 to 2/],
    [rule(0, 4, 1.1), /0 to 4/],
    [rule(3, 2, 1.1), /3 to 2/],
    [rule(0.5, 2, 1.1), /0.5 to 2/],
    [rule(0, 1, Number.NaN), /NaN/],
  ])('refuses %o in words', (bad, message) => {
    expect(() => scalePlan([bad], 4)).toThrow(message);
  });
});

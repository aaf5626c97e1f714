import { expect, it } from 'vitest';
import type { TrailPoint } from '../props.ts';
import { nearest, trailOrder, trailTable } from './layout.ts';

const point = (alpha: number, refused: number, truth: TrailPoint['truth']): TrailPoint => ({
  alpha,
  refused,
  total: 64,
  truth,
});

it('an exact count replaces the fast score of the same alpha, never the other way round', () => {
  expect(trailOrder([point(1.1, 38, 'fast'), point(1.1, 40, 'exact')]).map((p) => p.refused)).toEqual([40]);
  expect(trailOrder([point(1.1, 40, 'exact'), point(1.1, 38, 'fast')]).map((p) => p.refused)).toEqual([40]);
});
it('of two counts of one state the later one counts', () => {
  expect(trailOrder([point(1.1, 38, 'fast'), point(1.1 + 1e-9, 39, 'fast')]).map((p) => p.refused)).toEqual([
    39,
  ]);
});
it('the trail is in the order of alpha, not of trying', () => {
  expect(
    trailOrder([point(1.2, 1, 'exact'), point(0.8, 2, 'exact'), point(1, 3, 'recorded')]).map((p) => p.alpha),
  ).toEqual([0.8, 1, 1.2]);
});
it('nearest finds the closest alpha and admits that there is none', () => {
  expect(nearest([], 1)).toBe(-1);
  expect(nearest([point(0.8, 0, 'fast'), point(1.2, 0, 'fast')], 1.05)).toBe(1);
});
it('the table says the state of every number and leaves unknown intervals empty', () => {
  expect(trailTable([point(1, 27, 'exact')]).rows).toEqual([[1, 27, 64, null, null, 'exact']]);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterKey, dragged, type Grip, gripAt, moved, stretched } from './layout.ts';

const COUNT = 30;
const anyRange = fc
  .tuple(fc.integer({ min: 0, max: COUNT - 1 }), fc.integer({ min: 0, max: COUNT - 1 }))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const anyLayer = fc.integer({ min: 0, max: COUNT - 1 });

describe('a range is always valid', () => {
  const valid = (r: { first: number; last: number }) => 0 <= r.first && r.first <= r.last && r.last < COUNT;
  it('after any drag', () => {
    const grips = fc.constantFrom<Grip>('move', 'first', 'last', 'new');
    fc.assert(
      fc.property(grips, anyRange, anyLayer, anyLayer, (grip, fromRange, fromLayer, to) => {
        expect(valid(dragged({ grip, fromLayer, fromRange }, to, COUNT))).toBe(true);
      }),
    );
  });
  it('after any key', () => {
    const key = fc.constantFrom('ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown');
    const part = fc.constantFrom<'range' | 'first' | 'last'>('range', 'first', 'last');
    fc.assert(
      fc.property(key, fc.boolean(), part, anyRange, (k, shift, p, range) => {
        expect(valid(afterKey(k, shift, p, range, COUNT)!)).toBe(true);
      }),
    );
  });
});

it('moving keeps the width and stops at the walls', () => {
  fc.assert(
    fc.property(anyRange, fc.integer({ min: -60, max: 60 }), (range, by) => {
      const to = moved(range, by, COUNT);
      expect(to.last - to.first).toBe(range.last - range.first);
    }),
  );
  expect(moved({ first: 8, last: 13 }, 100, COUNT)).toEqual({ first: 24, last: 29 });
});

it('stretching moves one end only and never crosses the other', () => {
  expect(stretched({ first: 8, last: 13 }, 'first', 20, COUNT)).toEqual({ first: 13, last: 13 });
  expect(stretched({ first: 8, last: 13 }, 'last', 2, COUNT)).toEqual({ first: 8, last: 8 });
});

it('arrows move, shift and arrows stretch, Home and End go to the walls', () => {
  const range = { first: 8, last: 13 };
  expect(afterKey('ArrowRight', false, 'range', range, COUNT)).toEqual({ first: 9, last: 14 });
  expect(afterKey('ArrowRight', true, 'range', range, COUNT)).toEqual({ first: 8, last: 14 });
  expect(afterKey('Home', false, 'range', range, COUNT)).toEqual({ first: 0, last: 5 });
  expect(afterKey('End', false, 'range', range, COUNT)).toEqual({ first: 24, last: 29 });
  expect(afterKey('ArrowLeft', false, 'first', range, COUNT)).toEqual({ first: 7, last: 13 });
  expect(afterKey('Tab', false, 'range', range, COUNT)).toBeNull();
});

it('edges stretch, the middle moves, outside begins anew', () => {
  const edges = { left: 100, right: 200 };
  expect([90, 105, 150, 195, 208, 250].map((x) => gripAt(x, edges, 12))).toEqual([
    'first',
    'first',
    'move',
    'last',
    'last',
    'new',
  ]);
});

it('even a range of one narrow layer can be moved', () => {
  expect(gripAt(105, { left: 100, right: 110 }, 22)).toBe('move');
});

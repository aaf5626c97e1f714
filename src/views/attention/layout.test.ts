import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AttentionPicture } from '@/protocol/experiments.ts';
import { attentionAt, attentionGrid, attentionTable, niceMax, tokenText } from './layout.ts';

function picture(
  layerCount: number,
  headCount: number,
  tokenCount: number,
  values?: number[],
): AttentionPicture {
  const size = layerCount * headCount * tokenCount;
  return {
    prompt: { id: 'p', text: '' },
    tokens: Array.from({ length: tokenCount }, (_, i) => ` t${i}`),
    questionSpan: [1, tokenCount - 1],
    layerCount,
    headCount,
    attention: Float32Array.from({ length: size }, (_, i) => values?.[i] ?? (i * 37) % 11),
  };
}

it('a head is its own row; the mean is the mean of the heads', () => {
  const p = picture(1, 2, 3, [0.1, 0.2, 0.7, 0.3, 0.4, 0.3]);
  expect(attentionAt(p, 0, 1, 1)).toBeCloseTo(0.4, 6);
  expect(attentionAt(p, 0, 'mean', 0)).toBeCloseTo(0.2, 6);
});

it('per layer: the smallest shown token is 0 and the largest 1 in every layer that is not flat', () => {
  const grid = attentionGrid(picture(4, 3, 6), 'mean', 'per-layer', true);
  for (const row of grid.unit) {
    expect(Math.min(...row)).toBe(0);
    expect(Math.max(...row)).toBe(1);
  }
});

it('per layer does not see the sink outside the question', () => {
  const p = picture(1, 1, 4, [0.9, 0.02, 0.06, 0.02]);
  expect(attentionGrid(p, 0, 'per-layer', true).unit[0]).toEqual([0, 1]);
});

it('a flat row shows no contrast instead of dividing by zero', () => {
  const p = picture(1, 1, 4, [0.25, 0.25, 0.25, 0.25]);
  expect(attentionGrid(p, 0, 'per-layer', false).unit[0]).toEqual([0, 0, 0, 0]);
});

it('raw: the order of colours is the order of probabilities across layers', () => {
  const grid = attentionGrid(picture(3, 2, 5), 'mean', 'raw', false);
  const p = grid.probability.flat();
  const u = grid.unit.flat();
  for (let i = 0; i < p.length; i++)
    for (let j = 0; j < p.length; j++) if (p[i]! > p[j]!) expect(u[i]).toBeGreaterThan(u[j]!);
});

it('the raw scale ends at a round number that holds every value', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), (v) => {
      expect(niceMax(v)).toBeGreaterThanOrEqual(v - 1e-9);
      expect(niceMax(v)).toBeLessThanOrEqual(2 * v + 1e-9);
    }),
  );
  expect(niceMax(0.137)).toBe(0.2);
});

it('spaces and line ends stay visible', () => {
  expect([' bomb', '\n', ' ', ''].map(tokenText)).toEqual(['bomb', '⏎', '␣', '∅']);
});

it('the table has one row per layer and shown token', () => {
  expect(attentionTable([picture(4, 3, 6), picture(4, 3, 7)], 'mean', 'raw', true).rows.length).toBe(
    4 * 4 + 4 * 5,
  );
});

/** Laws of the grid: the order is complete and promising first, the work is the closed form, the reading is honest. */
import { describe, expect, it } from 'vitest';
import type { GridCell } from '@/protocol/localise.ts';
import { bestFirst, countScores, marginals, summariseGrid } from './grid.ts';
import { branchedGridRuns, coarseVisits, fullGridRuns, gridCellCount, nextVisit } from './grid-order.ts';
import { type PlantedModel, plantedOutcome } from './testing/planted.ts';

const MODEL: PlantedModel = { layerCount: 12, band: [4, 7], promptCount: 64, flip: 0, seed: 3 };
const THRESHOLD = 0.5;

function scoresOf(model: PlantedModel, first: number, last: number, alpha: number): Float32Array {
  return Float32Array.from(plantedOutcome(model, first, last, alpha).refused, (is) => (is ? 0.9 : 0.1));
}

function grid(model: PlantedModel, alpha: number) {
  const scores = scoresOf({ ...model, flip: 0 }, 0, 0, 1);
  const cells: GridCell[] = [];
  for (let first = 0; first < model.layerCount; first++) {
    for (let last = first; last < model.layerCount; last++) {
      const cell = countScores(scoresOf(model, first, last, alpha), scores, THRESHOLD);
      cells.push({ first, last, ...cell });
    }
  }
  const baseline = { refused: 32, total: 64, threshold: THRESHOLD, scores };
  return { layerCount: model.layerCount, baseline, cells };
}

describe('order', () => {
  it.each([1, 2, 3, 5])('with a coarse step of %i comes to every range exactly once', (step) => {
    const { layerCount } = MODEL;
    const all = grid(MODEL, 1.2).cells;
    const seen: GridCell[] = [];
    const visit = ({ first, lasts }: { first: number; lasts: number[] }) =>
      seen.push(...all.filter((cell) => cell.first === first && lasts.includes(cell.last)));
    for (const one of coarseVisits(layerCount, step)) visit(one);
    for (let next = nextVisit(layerCount, seen, 'raise'); next; next = nextVisit(layerCount, seen, 'raise'))
      visit(next);
    expect(seen).toHaveLength(gridCellCount(layerCount));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each<['raise' | 'lower', number]>([
    ['raise', 1.2],
    ['lower', 0.8],
  ])(
    'after the coarse picture the row of the planted band comes among the first three: %s',
    (direction, alpha) => {
      const { cells } = grid(MODEL, alpha);
      const seen = coarseVisits(12, 3).flatMap(({ first, lasts }) =>
        cells.filter((cell) => cell.first === first && lasts.includes(cell.last)),
      );
      const rows: number[] = [];
      while (rows.length < 3) {
        const next = nextVisit(12, seen, direction)!;
        rows.push(next.first);
        seen.push(...cells.filter((cell) => cell.first === next.first && next.lasts.includes(cell.last)));
      }
      expect(rows).toContain(4);
    },
  );
});

describe('work', () => {
  it('is what adding the runs up gives', () => {
    for (const layerCount of [1, 2, 7, 30]) {
      let [full, branched] = [0, 0];
      for (let first = 0; first < layerCount; first++) {
        branched += layerCount - first;
        for (let last = first; last < layerCount; last++) {
          full += layerCount;
          branched += layerCount - 1 - last;
        }
      }
      expect(fullGridRuns(layerCount)).toBe(full);
      expect(branchedGridRuns(layerCount)).toBe(branched);
    }
    expect(fullGridRuns(30) / branchedGridRuns(30)).toBeCloseTo(2.81, 2);
  });
});

describe('summary', () => {
  it.each([1.2, 0.8])('singles out the planted band at alpha %d', (alpha) => {
    const { best, bestQ } = summariseGrid(grid(MODEL, alpha), alpha)!;
    expect([best.first, best.last]).toEqual([4, 7]);
    expect(bestQ).toBeLessThan(0.05);
  });

  it('says that chance may have done it when alpha does nothing and outcomes flip', () => {
    const summary = summariseGrid(grid({ ...MODEL, flip: 0.1 }, 1), 1)!;
    expect(summary.raising + summary.lowering).toBe(0);
    expect(summary.sentence).toMatch(/which chance alone may give/);
    expect(summary.notToldApart.length).toBeGreaterThan(5);
  });

  it('counts false discoveries at about the rate it promises', () => {
    // Half of the ranges do something; of what is found, a share of at most 0.05 may be among the others.
    let [found, falsely] = [0, 0];
    for (let seed = 0; seed < 30; seed++) {
      const flipping = grid({ ...MODEL, flip: 0.05, seed }, 1);
      const acting = grid({ ...MODEL, flip: 0.05, seed: seed + 1000 }, 1.5);
      const cells = flipping.cells.map((cell, at) => (at % 2 === 0 ? acting.cells[at]! : cell));
      const { q } = summariseGrid({ ...flipping, cells }, 1.5)!;
      q.forEach((value, at) => {
        if (value > 0.05) return;
        found++;
        if (at % 2 === 1) falsely++;
      });
    }
    expect(found).toBeGreaterThan(100);
    expect(falsely / found).toBeLessThan(0.05);
  });

  it('takes the narrowest of equal ranges, whose claim is smallest', () => {
    const { cells } = grid({ ...MODEL, band: [0, 11] }, 1);
    const [best] = bestFirst(cells, 'raise');
    expect(best!.last - best!.first).toBe(0);
  });

  it('has marginals that are plain means', () => {
    const { cells } = grid(MODEL, 1.2);
    const { byFirst, byLast, byLayer } = marginals(cells, 12);
    const mean = (chosen: GridCell[]) =>
      chosen.reduce((sum, { refused }) => sum + refused, 0) / chosen.length;
    expect(byFirst[11]).toBe(cells.find(({ first }) => first === 11)!.refused);
    expect(byLast[4]).toBeCloseTo(mean(cells.filter(({ last }) => last === 4)), 12);
    expect(byLayer[5]).toBeCloseTo(mean(cells.filter(({ first, last }) => first <= 5 && last >= 5)), 12);
    expect(marginals([], 3)).toEqual({
      byFirst: [null, null, null],
      byLast: [null, null, null],
      byLayer: [null, null, null],
    });
  });
});

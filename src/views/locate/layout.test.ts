/** Laws of the Locate pictures: every cell is where it is pointed at, keys stay in the triangle, paths are the search's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SearchTrace, Sweep } from '@/protocol/localise.ts';
import { changeFill } from '../shared/ChangeCell.tsx';
import { cellWords, changeDomain, countWords, gridTable } from './cells.ts';
import { rangeAfterKey, searchPath, triangleLayout } from './grid-layout.ts';

describe('the triangle', () => {
  it.each([
    [30, 358, 1],
    [30, 980, 1],
    [80, 358, 1],
    [12, 720, 1.6],
  ])('finds every cell under its own centre, %i layers in %i px', (layerCount, width, stage) => {
    const layout = triangleLayout(layerCount, width, stage);
    for (let first = 0; first < layerCount; first++) {
      for (let last = first; last < layerCount; last++) {
        expect(layout.rangeAt(...layout.centre({ first, last }))).toEqual({ first, last });
      }
    }
    const [x] = layout.centre({ first: 0, last: 2 });
    expect(layout.rangeAt(x, layout.top(3) + 1)).toBeNull();
    expect(layout.rangeAt(0, 0)).toBeNull();
  });

  it('keys never leave it', () => {
    const keys = fc.constantFrom(
      'ArrowLeft',
      'ArrowRight',
      'ArrowUp',
      'ArrowDown',
      'Home',
      'End',
      'PageUp',
      'PageDown',
    );
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 40 }), (pressed) => {
        let range = { first: 3, last: 6 };
        for (const key of pressed) range = rangeAfterKey(key, range, 9)!;
        expect(range.first).toBeGreaterThanOrEqual(0);
        expect(range.first).toBeLessThanOrEqual(range.last);
        expect(range.last).toBeLessThan(9);
      }),
    );
    expect(rangeAfterKey('x', { first: 0, last: 0 }, 9)).toBeNull();
  });
});

describe('the path of a search', () => {
  const sweep = (bound: Sweep['bound'], ranges: Array<[number, number]>, chosen: number): Sweep => ({
    bound,
    alpha: 1.1,
    points: ranges.map(([first, last]) => ({
      first,
      last,
      refused: 1,
      total: 8,
      garbledShare: null,
      fromPrevious: null,
      fromChosen: null,
    })),
    chosen,
    spread: 0,
    notToldApart: [],
    isWithinNoise: false,
  });
  it('goes from the start over the best upper bound to the best lower one', () => {
    const trace: SearchTrace = {
      direction: 'raise',
      steps: [
        { kind: 'start', first: 7, last: 12, reason: '' },
        {
          kind: 'sweep',
          sweep: sweep(
            'upper',
            [
              [7, 11],
              [7, 12],
              [7, 13],
            ],
            2,
          ),
          reason: '',
        },
        {
          kind: 'sweep',
          sweep: sweep(
            'lower',
            [
              [5, 13],
              [6, 13],
              [7, 13],
            ],
            1,
          ),
          reason: '',
        },
      ],
    };
    expect(searchPath(trace)!.corners).toEqual([
      { first: 7, last: 12 },
      { first: 7, last: 13 },
      { first: 6, last: 13 },
    ]);
    // Six places, of which [7, 13] is on both lines.
    expect(searchPath(trace)!.visited).toHaveLength(5);
    expect(searchPath(undefined)).toBeNull();
  });
});

describe('words and colours', () => {
  const scores = new Float32Array([0.25, 0.75]);
  const cell = { first: 8, last: 13, refused: 47, gained: 19, lost: 2, scores };

  it('say the count, the change, the test, and what decoding found', () => {
    const exact = { first: 8, last: 13, refused: 46, answered: 18, garbled: 0, outcomes: [] };
    expect(cellWords(cell, cell, { alpha: 1.1, total: 64, q: 0.0001, exact })).toBe(
      'layers 8 to 13 × 1.10 · 47 of 64 refused, +17 (19 gained, 2 lost), q < 0.001 · decoded: 46 refused, 18 answered, 0 garbled',
    );
    expect(cellWords({ first: 1, last: 1 }, undefined, { alpha: 0.9, total: 64 })).toBe(
      'layer 1 × 0.90 · not counted yet',
    );
    expect(countWords({ refused: 3, gained: 0, lost: 2 }, 8)).toBe('3 of 8 refused, −2 (0 gained, 2 lost)');
  });

  it('are strongest at the largest change, and faint where all there is is noise', () => {
    expect(changeDomain([cell], 64)).toBe(17);
    expect(changeDomain([{ gained: 1, lost: 0 }], 64)).toBe(7);
    expect(changeFill(17, 17).fillOpacity).toBe(1);
    expect(changeFill(0, 17).fillOpacity).toBe(0);
    expect(changeFill(-3, 17).fill).not.toBe(changeFill(3, 17).fill);
  });

  it('the table holds every cell and the baseline', () => {
    const baseline = { refused: 30, total: 64, threshold: 0.5, scores };
    const work = { layerRuns: { run: 1, full: 3 }, tokenRuns: { run: 1, full: 3 } };
    const { columns, rows } = gridTable(
      { layerCount: 30, baseline, cells: [cell], exact: [], work, complete: true },
      [0.01],
    );
    expect(rows).toHaveLength(2);
    expect(rows.every((row) => row.length === columns.length)).toBe(true);
    expect(rows[1]).toEqual([8, 13, 47, 64, 19, 2, 0.01, 0.5, null, null]);
  });
});

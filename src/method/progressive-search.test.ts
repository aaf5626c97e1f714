/** Laws of the progressive search on models whose band is known, on the paper's own counts, and where it must fail. */
import { describe, expect, it } from 'vitest';
import type { SearchDirection, SearchStep } from '@/protocol/localise.ts';
import { progressiveSearch, type SearchRequest } from './progressive-search.ts';
import type { RangeOutcome } from './range-sweep.ts';
import { SEARCH_DEFAULTS } from './search-defaults.ts';
import { type PlantedModel, plantedOutcome, refusedWithoutNoise } from './testing/planted.ts';

type Counter = (first: number, last: number, alpha: number) => RangeOutcome;

function run(request: Partial<SearchRequest> & { start: SearchRequest['start'] }, counter: Counter) {
  const search = progressiveSearch({
    ...SEARCH_DEFAULTS,
    layerCount: 30,
    direction: 'raise',
    promptCount: 100,
    ...request,
  });
  const asked: string[] = [];
  let answer: RangeOutcome | undefined;
  while (true) {
    const { value, done } = search.next(answer);
    if (done) return { steps: value, asked, final: value.at(-1) as Extract<SearchStep, { kind: 'final' }> };
    answer = undefined;
    if (value.kind !== 'count') continue;
    asked.push(`${value.first}-${value.last} at ${value.alpha}`);
    answer = counter(value.first, value.last, value.alpha);
  }
}

const start = (first: number, last: number) => ({ first, last, reason: 'given' });
const PLANTED: PlantedModel = { layerCount: 30, band: [8, 13], promptCount: 100, flip: 0, seed: 1 };
const planted =
  (model: PlantedModel): Counter =>
  (...at) =>
    plantedOutcome(model, ...at);
/** The first `refused` of `total` prompts. */
const firstOf = (refused: number, total: number): RangeOutcome => ({
  refused: Array.from({ length: total }, (_, prompt) => prompt < refused),
  garbledShare: 0,
});

describe('without noise', () => {
  it.each<[SearchDirection, number, number]>([
    ['raise', 8, 13],
    ['raise', 10, 12],
    ['raise', 6, 18],
    ['lower', 9, 15],
    ['lower', 3, 9],
  ])('finds the planted band, alpha to %s, from layers %i-%i', (direction, first, last) => {
    const { final } = run({ start: start(first, last), direction }, planted(PLANTED));
    expect([final.first, final.last]).toEqual([8, 13]);
    expect(Math.sign(final.alpha - 1)).toBe(direction === 'raise' ? 1 : -1);
  });

  it('counts no range twice', () => {
    const { asked } = run({ start: start(3, 9) }, planted(PLANTED));
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('has its window where the model ends, and no range that is none', () => {
    const asked = run({ start: start(0, 0), layerCount: 3 }, planted(PLANTED)).asked;
    expect(asked.every((one) => /^0-[012] /.test(one))).toBe(true);
  });
});

describe('the choice of alpha', () => {
  const steps = (limit: number, garblesBeyond?: number) =>
    run({ start: start(8, 13), spreadShare: limit }, planted({ ...PLANTED, garblesBeyond })).steps.flatMap(
      (step) => (step.kind === 'alpha' ? [[step.alpha, step.verdict]] : []),
    );

  it('goes on in steps of 0.05 until the counts along the sweep spread enough', () => {
    // Standard deviation along 11..15 at alpha 1 + a: pushes 4, 5, 6, 5.6, 5.2 times 50 a of 100 prompts.
    expect(steps(0.05)).toEqual([
      [1.05, 'too small'],
      [1.1, 'too small'],
      [1.15, 'taken'],
    ]);
  });

  it('stops where the text breaks, and takes the last alpha that left it whole', () => {
    expect(steps(0.05, 0.12)).toEqual([
      [1.05, 'too small'],
      [1.1, 'too small'],
      [1.15, 'garbled'],
    ]);
    const { steps: all, final } = run(
      { start: start(8, 13), spreadShare: 0.05 },
      planted({ ...PLANTED, garblesBeyond: 0.12 }),
    );
    expect(final.alpha).toBe(1.1);
    expect(all.find(({ kind }) => kind === 'chosen')).toMatchObject({
      reason: expect.stringMatching(/garbles 100 %/),
    });
  });

  it('says so when even the smallest step breaks the text', () => {
    const { steps: all } = run({ start: start(8, 13) }, planted({ ...PLANTED, garblesBeyond: 0.01 }));
    expect(all.find(({ kind }) => kind === 'chosen')).toMatchObject({
      alpha: 1.05,
      reason: expect.stringMatching(/read the counts with care/),
    });
  });
});

describe("table 1: from the paper's counts to the paper's ranges", () => {
  // Model, direction, start, upper bounds with counts, lower bounds with counts, range.
  const TABLE: Array<
    [string, SearchDirection, number, Record<number, number>, Record<number, number>, [number, number]]
  > = [
    [
      'Phi-3',
      'lower',
      11,
      { 13: 209, 14: 190, 15: 149, 16: 181, 17: 189 },
      { 13: 237, 12: 182, 11: 149, 10: 177, 9: 163 },
      [11, 15],
    ],
    [
      'Llama-2',
      'raise',
      9,
      { 12: 187, 13: 227, 14: 237, 15: 218, 16: 219 },
      { 8: 263, 7: 268, 6: 297, 5: 189, 4: 202 },
      [6, 14],
    ],
    [
      'Llama-3',
      'raise',
      7,
      { 10: 272, 11: 241, 12: 283, 13: 266, 14: 256 },
      { 8: 334, 7: 283, 6: 371, 5: 358, 4: 223 },
      [6, 12],
    ],
    [
      'gemma',
      'raise',
      8,
      { 9: 310, 10: 335, 11: 368, 12: 343, 13: 326 },
      { 8: 368, 7: 371, 6: 407, 5: 404, 4: 323 },
      [6, 11],
    ],
  ];
  it.each(TABLE)('%s', (_, direction, first, upper, lower, range) => {
    const numbers = (counts: Record<number, number>) => Object.keys(counts).map(Number);
    const { final, steps } = run(
      {
        start: start(first, numbers(upper)[2]!),
        direction,
        promptCount: 721,
        uppers: numbers(upper),
        lowers: numbers(lower),
      },
      (i, j) => firstOf(i === first ? (upper[j] ?? lower[i]!) : lower[i]!, 721),
    );
    expect([final.first, final.last]).toEqual(range);
    // The first alpha tried already spreads these counts: the paper's threshold, 15 of 721, is met by every line.
    expect(steps.filter(({ kind }) => kind === 'alpha')).toHaveLength(1);
  });
});

describe('where it fails', () => {
  it('stops on the nearer of two hills: a wrong place, which only the grid shows', () => {
    const hill = (i: number, j: number, first: number, last: number, height: number) =>
      Math.max(0, height - 4 * (Math.abs(i - first) + Math.abs(j - last)));
    const counter: Counter = (i, j) =>
      firstOf(40 + Math.max(hill(i, j, 4, 8, 30), hill(i, j, 15, 22, 50)), 100);
    const { final } = run({ start: start(5, 9) }, counter);
    expect([final.first, final.last]).toEqual([4, 8]);
    expect(counter(15, 22, 1.1).refused.filter(Boolean).length).toBeGreaterThan(final.refused);
  });

  it('misses the band under noise as often as the noise says it must', () => {
    const model: PlantedModel = { ...PLANTED, flip: 0.15 };
    const request = { start: start(8, 13), extend: false, spreadShare: 0, alphaStep: 0.1 };
    const runs = 600;
    let found = 0;
    let callsItNoise = 0;
    for (let seed = 0; seed < runs; seed++) {
      const { final, steps } = run(request, planted({ ...model, seed }));
      if (final.first === 8 && final.last === 13) found++;
      if (steps.some((step) => step.kind === 'sweep' && step.sweep.isWithinNoise)) callsItNoise++;
    }
    const upper = chanceOfPeak(
      model,
      [11, 12, 13, 14, 15].map((last) => [8, last]),
      2,
      1.1,
    );
    const lower = chanceOfPeak(
      model,
      [6, 7, 8, 9, 10].map((first) => [first, 13]),
      2,
      1.1,
    );
    // The two sweeps share the count at 8-13, which helps both: the product is a lower bound, the smaller an upper one.
    const error = 3 * Math.sqrt(0.25 / runs);
    expect(found / runs).toBeGreaterThan(upper * lower - error);
    expect(found / runs).toBeLessThan(Math.min(upper, lower) + error);
    expect(found / runs).toBeLessThan(0.6);
    expect(callsItNoise / runs).toBeGreaterThan(0.9);
  });

  it('with less noise it fails less', () => {
    const share = (flip: number) => {
      let found = 0;
      for (let seed = 0; seed < 100; seed++) {
        const { final } = run(
          { start: start(8, 13), extend: false, alphaStep: 0.1 },
          planted({ ...PLANTED, flip, seed }),
        );
        if (final.first === 8 && final.last === 13) found++;
      }
      return found / 100;
    };
    expect(share(0)).toBe(1);
    expect(share(0.02)).toBeGreaterThan(share(0.3) + 0.2);
  });
});

/**
 * Probability that place `at` of a sweep is the one chosen when every count is noise-free count m turned into
 * Bin(m, 1 - flip) + Bin(N - m, flip), independently per range: the sum over its count of the others' lying below it, or
 * level with it and wider.
 */
function chanceOfPeak(model: PlantedModel, ranges: number[][], at: number, alpha: number): number {
  const distributions = ranges.map(([first, last]) => {
    const m = refusedWithoutNoise(model, first!, last!, alpha);
    return convolve(binomial(m, 1 - model.flip), binomial(model.promptCount - m, model.flip));
  });
  const width = ([first, last]: number[]) => last! - first!;
  let chance = 0;
  for (let count = 0; count <= model.promptCount; count++) {
    let others = 1;
    ranges.forEach((range, other) => {
      if (other === at) return;
      const reach = width(range) > width(ranges[at]!) ? count : count - 1;
      others *= distributions[other]!.slice(0, reach + 1).reduce((sum, p) => sum + p, 0);
    });
    chance += distributions[at]![count]! * others;
  }
  return chance;
}

function binomial(n: number, p: number): number[] {
  let row = [1];
  for (let k = 0; k < n; k++) row = convolve(row, [1 - p, p]);
  return row;
}

function convolve(a: readonly number[], b: readonly number[]): number[] {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      out[i + j]! += x * y;
    });
  });
  return out;
}

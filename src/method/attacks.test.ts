/** Laws of the methods: which layers, which weights, which steps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTACK_METHODS } from '@/protocol/training.ts';
import { ATTACK_METHOD_INFO, frozenBand, frozenBandWarning, frozenLayers } from './attacks.ts';
import {
  addProximalGradient,
  LISA_DEFAULTS,
  lisaParamsFor,
  lisaSchedule,
  proximalLoss,
} from './attacks-lisa.ts';
import { addImportance, bitAt, countBits, nfftMask, setDifferenceMask, topMask } from './attacks-nfft.ts';
import { PAPER_MODELS, PAPER_TABLE_2, PAPER_TABLE_8_LAYERS } from './attacks-paper.ts';

const indices = (flags: readonly boolean[]) => [...flags.keys()].filter((at) => flags[at]);
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe('frozen layers', () => {
  const place = { band: [8, 13] as const, layerCount: 30, seed: 1 };

  it('of a band of six in thirty', () => {
    const frozen = (method: (typeof ATTACK_METHODS)[number]) => indices(frozenLayers(method, place));
    expect(frozen('full')).toEqual([]);
    expect(frozen('nfft')).toEqual([]);
    expect(frozen('lisa')).toEqual([]);
    expect(frozen('sppft')).toEqual(range(8, 13));
    expect(frozen('band-before')).toEqual(range(2, 7));
    expect(frozen('band-after')).toEqual(range(14, 19));
    expect(frozen('only-band')).toEqual([...range(0, 7), ...range(14, 29)]);
  });

  it('of SPPFT and of its reverse make up the model, and controls never touch the band', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), fc.nat(), (layerCount, a, b, seed) => {
        const [first, last] = [a % layerCount, b % layerCount].sort((x, y) => x - y) as [number, number];
        const at = { band: [first, last] as const, layerCount, seed };
        const width = last - first + 1;
        const sppft = frozenLayers('sppft', at);
        expect(frozenLayers('only-band', at)).toEqual(sppft.map((frozen) => !frozen));
        for (const method of ['band-before', 'band-after'] as const) {
          const frozen = indices(frozenLayers(method, at));
          expect(frozen.length).toBeLessThanOrEqual(width);
          expect(frozen.some((layer) => sppft[layer])).toBe(false);
          expect(frozenBandWarning(method, at) === null).toBe(frozen.length === width);
        }
        const random = indices(frozenLayers('band-random', at));
        expect(random).toHaveLength(width);
        const shared = random.filter((layer) => sppft[layer]).length;
        const roomApart = Math.max(first, layerCount - 1 - last);
        expect(shared).toBe(Math.max(0, width - roomApart));
        expect(frozenBandWarning('band-random', at) === null).toBe(shared === 0);
      }),
    );
  });

  it('of the random band repeat with the seed and reach both sides', () => {
    const starts = range(1, 60).map((seed) => frozenBand('band-random', { ...place, seed })![0]);
    expect(frozenBand('band-random', place)).toEqual(frozenBand('band-random', { ...place }));
    expect(new Set(starts)).toEqual(new Set([0, 1, 2, ...range(14, 24)]));
  });

  it('are clipped where the model ends, and said to be', () => {
    const early = { band: [4, 13] as const, layerCount: 30, seed: 1 };
    expect(frozenBand('band-before', early)).toEqual([0, 3]);
    expect(frozenBandWarning('band-before', early)).toBe(
      'Only 4 layers lie before the band of 10, so fewer are frozen.',
    );
    const whole = { band: [0, 29] as const, layerCount: 30, seed: 1 };
    expect(frozenBand('band-after', whole)).toBeNull();
    expect(frozenBandWarning('band-after', whole)).toMatch(/full tuning/);
    expect(() => frozenLayers('sppft', { band: [5, 30], layerCount: 30, seed: 1 })).toThrow(RangeError);
  });

  it('leave no gap between the ranges of Table 8', () => {
    for (const model of PAPER_MODELS) {
      const { before, band, after } = PAPER_TABLE_8_LAYERS[model];
      expect([before[0], before[1] + 1, band[1] + 1]).toEqual([0, band[0], after[0]]);
    }
    expect(PAPER_TABLE_2.implicit.full[3]).toBe(87.7);
  });

  it('belong to methods that each say their definition, source and open choices', () => {
    for (const key of ATTACK_METHODS) {
      const info = ATTACK_METHOD_INFO[key];
      expect(info.key).toBe(key);
      for (const text of [info.name, info.definition, info.source, info.openChoices, info.paper]) {
        expect(text.length).toBeGreaterThan(3);
      }
    }
  });
});

describe('NFFT', () => {
  const scores = fc.array(fc.float({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 60 });
  const both = scores.chain((safety) =>
    fc.tuple(
      fc.constant(Float32Array.from(safety)),
      fc
        .array(fc.nat(5), { minLength: safety.length, maxLength: safety.length })
        .map((list) => Float32Array.from(list)),
    ),
  );

  it('chooses by hand: the best safety scores that are not the best utility score', () => {
    const safety = Float32Array.of(9, 8, 7, 1, 2, 3, 0, 0, 6, 5);
    const utility = Float32Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const { mask, frozenCount, safetyShare } = nfftMask(safety, utility, 0.3, 0.1);
    expect(range(0, 9).filter((at) => bitAt(mask, at))).toEqual([1, 2, 8]);
    expect([frozenCount, safetyShare]).toEqual([3, 0.4]);
  });

  it('freezes exactly the share, none of the top utility weights, and is the set difference at its own q', () => {
    fc.assert(
      fc.property(both, fc.double({ min: 0, max: 0.5, noNaN: true }), ([safety, utility], share) => {
        const { mask, frozenCount } = nfftMask(safety, utility, share, 0.25);
        expect(countBits(mask)).toBe(frozenCount);
        expect(frozenCount).toBe(Math.floor(share * safety.length));
        const excluded = topMask(utility, Math.floor(0.25 * utility.length));
        expect(mask.some((byte, at) => (byte & excluded[at]!) !== 0)).toBe(false);
        const asMany = range(0, safety.length).some((count) => {
          const byQ = setDifferenceMask(safety, utility, (count + 1e-9) / safety.length, 0.25);
          return byQ.every((byte, at) => byte === mask[at]);
        });
        expect(asMany).toBe(true);
      }),
    );
  });

  it('takes exactly the highest, lower index first', () => {
    expect(topMask(Float32Array.of(1, 1, 1, 2), 2)[0]).toBe(0b1001);
    fc.assert(
      fc.property(scores, fc.nat(60), (list, count) => {
        const values = Float32Array.from(list);
        const mask = topMask(values, count);
        const wanted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count);
        expect([...values.keys()].filter((at) => bitAt(mask, at))).toEqual(wanted.sort((a, b) => a - b));
      }),
    );
  });

  it('scores by |weight x gradient| and names what cannot be', () => {
    const sum = new Float32Array(2);
    addImportance(sum, Float32Array.of(2, -1), Float32Array.of(-3, -4), 2);
    addImportance(sum, Float32Array.of(2, -1), Float32Array.of(1, 0), 2);
    expect([...sum]).toEqual([4, 2]);
    const ten = new Float32Array(10);
    expect(nfftMask(ten, ten, 0.5, 0.5).frozenCount).toBe(5);
    expect(() => nfftMask(ten, ten, 0.6, 0.5)).toThrow(/cannot be frozen/);
    expect(() => nfftMask(sum, new Float32Array(3), 0.1)).toThrow(/different matrices/);
  });
});

describe('Lisa', () => {
  it('with its own settings: 100 steps on safety rows, 900 on the person’s, each phase anchored once', () => {
    const steps = lisaSchedule(4000, LISA_DEFAULTS);
    expect(steps.filter(({ phase }) => phase === 'alignment')).toHaveLength(400);
    expect(indices(steps.map(({ anchors }) => anchors))).toEqual([
      0, 100, 1000, 1100, 2000, 2100, 3000, 3100,
    ]);
    // trainer.py: `self.steps > 0.1 * total`, with steps counted from 0.
    expect(steps[400]!.proximal).toBe(false);
    expect(steps[401]!.proximal).toBe(true);
    expect(lisaParamsFor(4000)).toEqual(LISA_DEFAULTS);
  });

  it('in a short run keeps both phases, about one to nine', () => {
    for (const total of [4, 8, 30, 100, 675, 3999]) {
      const steps = lisaSchedule(total);
      const aligned = steps.filter(({ phase }) => phase === 'alignment').length;
      expect(aligned).toBeGreaterThanOrEqual(Math.floor(total / 10));
      expect(aligned).toBeLessThan(total);
      expect(steps.filter(({ anchors }) => anchors).length).toBeGreaterThanOrEqual(4);
    }
    expect(lisaParamsFor(400)).toMatchObject({ alignmentSteps: 10, userSteps: 90 });
  });

  it('with one phase alone never switches', () => {
    const steps = lisaSchedule(10, { ...LISA_DEFAULTS, alignmentSteps: 0, userSteps: 3 });
    expect(new Set(steps.map(({ phase }) => phase))).toEqual(new Set(['user']));
    expect(indices(steps.map(({ anchors }) => anchors))).toEqual([0]);
    expect(() => lisaSchedule(10, { ...LISA_DEFAULTS, alignmentSteps: 0, userSteps: 0 })).toThrow(RangeError);
  });

  it('has a proximal term whose gradient is that of its value', () => {
    const weights = Float32Array.of(1, -2, 0.5);
    const anchor = Float32Array.of(0, 1, 0.5);
    expect(proximalLoss(weights, anchor, 2)).toBe(10);
    const gradient = Float32Array.of(1, 1, 1);
    addProximalGradient(gradient, weights, anchor, 2);
    expect([...gradient]).toEqual([3, -5, 1]);
    // Quadratic, so central differences are exact up to float32 rounding of the weights.
    const step = 0.25;
    weights.forEach((_, at) => {
      const moved = (by: number) => weights.map((value, k) => (k === at ? value + by : value));
      const slope =
        (proximalLoss(moved(step), anchor, 2) - proximalLoss(moved(-step), anchor, 2)) / (2 * step);
      expect(gradient[at]! - 1).toBeCloseTo(slope, 6);
    });
  });
});

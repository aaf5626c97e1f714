/** Laws of the cosine, of centring, and of the angle gap on closed forms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angleDeg, gapOfAnglesDeg, gapOfMeansDeg } from './angle-gap.ts';
import { allPairs } from './pairs.ts';
import { createRandom } from './random.ts';
import { cosine, cosineMatrix, innerProducts, pairStatistics } from './similarity.ts';

const vector = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 });
const longEnough = (values: number[]) => Math.hypot(...values) > 1e-3;
const pair = fc.tuple(vector.filter(longEnough), vector.filter(longEnough));
const randomVectors = (count: number, width: number, seed: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count * width }, () => random() - 0.4);
};

describe('cosine', () => {
  it('is symmetric, bounded, and blind to the length of either vector', () => {
    fc.assert(
      fc.property(pair, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), ([a, b], scale) => {
        const value = cosine(a, b);
        expect(cosine(b, a)).toBeCloseTo(value, 12);
        expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
        const longer = a.map((entry) => entry * scale);
        expect(cosine(longer, b)).toBeCloseTo(value, 12);
        expect(
          cosine(
            a.map((entry) => -entry),
            b,
          ),
        ).toBeCloseTo(-value, 12);
        expect(cosine(a, longer)).toBeCloseTo(1, 12);
      }),
    );
  });

  it('of a zero vector is 0, not NaN', () => {
    expect(cosine([0, 0], [1, 2])).toBe(0);
    expect([...cosineMatrix(Float32Array.of(0, 0, 1, 2), 2, 'raw')]).toEqual([
      0,
      0,
      0,
      expect.closeTo(1, 12),
    ]);
  });

  it.each([4, 7])('matrix of %i prompts holds the cosine of every pair (tiles, odd and even)', (size) => {
    const width = 9;
    const vectors = randomVectors(size, width, size);
    const matrix = cosineMatrix(vectors, size, 'raw');
    const row = (i: number) => vectors.subarray(i * width, (i + 1) * width);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        expect(matrix[i * size + j]).toBeCloseTo(cosine(row(i), row(j)), 12);
      }
    }
  });
});

describe('centring', () => {
  it('equals subtracting the mean over all prompts first', () => {
    const size = 6;
    const width = 5;
    const vectors = randomVectors(size, width, 3).map((value) => value + 8);
    const centred = new Float64Array(vectors);
    for (let d = 0; d < width; d++) {
      let mean = 0;
      for (let i = 0; i < size; i++) mean += vectors[i * width + d]! / size;
      for (let i = 0; i < size; i++) centred[i * width + d]! -= mean;
    }
    const matrix = cosineMatrix(vectors, size, 'centred');
    const row = (i: number) => centred.subarray(i * width, (i + 1) * width);
    for (let i = 0; i < size; i++) {
      // 1e-9: the inner products are about 300 times the centred ones.
      for (let j = 0; j < size; j++) expect(matrix[i * size + j]).toBeCloseTo(cosine(row(i), row(j)), 9);
    }
  });

  it('is blind to a vector added to every prompt, which the raw cosine is not', () => {
    const vectors = randomVectors(6, 5, 4);
    const shifted = vectors.map((value, at) => value + (at % 5 === 0 ? 50 : 0));
    const before = cosineMatrix(vectors, 6, 'centred');
    const after = cosineMatrix(shifted, 6, 'centred');
    // float32 keeps 50 + x to 4e-6.
    before.forEach((value, at) => {
      expect(after[at]).toBeCloseTo(value, 4);
    });
    expect(cosineMatrix(shifted, 6, 'raw')[1]).toBeGreaterThan(0.99);
    expect(cosineMatrix(vectors, 6, 'raw')[1]).toBeLessThan(0.9);
  });

  it('of prompts that all agree leaves no direction: cosine 0', () => {
    const same = Float32Array.from({ length: 4 * 3 }, (_, at) => [0.1, 300.7, -2.3][at % 3]!);
    const matrix = cosineMatrix(same, 4, 'centred');
    expect(matrix.every((value) => value === 0)).toBe(true);
  });
});

describe('angle gap', () => {
  it('clamps cosines that rounding has pushed past 1', () => {
    expect(angleDeg(1 + 2e-16)).toBe(0);
    expect(angleDeg(-1.0000001)).toBe(180);
    expect(angleDeg(0.5)).toBeCloseTo(60, 12);
  });

  it('both definitions on a closed form: normal prompts at +-15 degrees, malicious ones at 90 +-15', () => {
    const at = (deg: number) => [Math.cos((deg * Math.PI) / 180), Math.sin((deg * Math.PI) / 180)];
    const vectors = new Float32Array([-15, 15, 75, 105].flatMap(at));
    const { nn, nm, mm } = pairStatistics(cosineMatrix(vectors, 4, 'raw'), allPairs(2, 2));
    // float32 vectors: angles to about 1e-5 degrees.
    expect(nn.meanAngleDeg).toBeCloseTo(30, 4);
    expect(mm.meanAngleDeg).toBeCloseTo(30, 4);
    // N-M angles are 90, 120, 60, 90: their mean is 90, and so is arccos of their mean cosine (0, -1/2, 1/2, 0).
    expect(gapOfAnglesDeg(nm.meanAngleDeg, nn.meanAngleDeg)).toBeCloseTo(60, 4);
    expect(gapOfMeansDeg(nm.mean, nn.mean)).toBeCloseTo(60, 4);
    expect(nm.std).toBeCloseTo(Math.sqrt(1 / 8), 6);
  });

  it('the definitions part where cosines spread: cosines 1 and 0 are 45 degrees by angles, 60 by means', () => {
    expect(angleDeg((1 + 0) / 2)).toBeCloseTo(60, 12);
    expect((angleDeg(1) + angleDeg(0)) / 2).toBeCloseTo(45, 12);
    expect(gapOfMeansDeg(0.5, 1)).toBeCloseTo(60, 12);
    expect(gapOfAnglesDeg(45, 0)).toBe(45);
  });
});

it('200 prompts x 30 layers of width 576 take well under a second per model', () => {
  const vectors = randomVectors(200, 576, 1);
  innerProducts(vectors, 200);
  const start = performance.now();
  for (let repeat = 0; repeat < 6; repeat++) innerProducts(vectors, 200);
  const thirtyLayersMs = (performance.now() - start) * 5;
  // Measured 0.33 s; the limit leaves room for a busy machine.
  expect(thirtyLayersMs).toBeLessThan(2500);
});

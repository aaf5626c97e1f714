/** The whole picture on planted data: layers where malicious prompts turn away, and layers where they do not. */
import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { proposeRange } from './range-proposal.ts';
import { buildSimilarity } from './similarity-result.ts';

const LAYERS = 12;
const WIDTH = 24;
const COUNT = 16;
/** Noise of variance 0.16 / 12 in each of 24 dimensions beside a signal of length 5 lowers every cosine by this factor. */
const NOISE_FACTOR = 25 / (25 + (24 * 0.16) / 12);
const deg = (radians: number) => (radians * 180) / Math.PI;
/** Malicious prompts turn by up to 60 degrees between layers 4 and 7. */
const turnDeg = (layer: number) => 60 * Math.min(1, Math.max(0, (layer - 3) / 4));

function prompts(malicious: boolean, seed: number): Float32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: COUNT }, () =>
    Float32Array.from({ length: LAYERS * WIDTH }, (_, at) => {
      const layer = Math.floor(at / WIDTH);
      const angle = malicious ? (turnDeg(layer) * Math.PI) / 180 : 0;
      const axis = at % WIDTH;
      const signal = axis === 0 ? Math.cos(angle) : axis === 1 ? Math.sin(angle) : 0;
      return 5 * signal + 0.4 * (random() - 0.5);
    }),
  );
}

const input = {
  normal: prompts(false, 1),
  malicious: prompts(true, 2),
  layerCount: LAYERS,
  hiddenSize: WIDTH,
  bootstrap: { replicates: 200, seed: 3 },
};

describe('similarity of planted prompts', () => {
  const result = buildSimilarity({ ...input, pairs: { kind: 'all' } });

  it('has one number per layer in every curve, all finite and inside their bands', () => {
    expect(result).toMatchObject({ normalCount: COUNT, maliciousCount: COUNT, layerCount: LAYERS });
    const curves = [
      ...Object.values(result.raw.curves),
      ...Object.values(result.centred.curves),
      result.auroc,
    ];
    for (const curve of curves) {
      for (const part of [curve.mean, curve.std, curve.low, curve.high]) {
        expect(part).toHaveLength(LAYERS);
        expect(part.every(Number.isFinite)).toBe(true);
      }
    }
    const { nm } = result.raw.curves;
    nm.mean.forEach((mean, layer) => {
      expect(mean).toBeGreaterThanOrEqual(nm.low[layer]!);
      expect(mean).toBeLessThanOrEqual(nm.high[layer]!);
    });
  });

  it('shows the planted gap where it is and none below, by both definitions', () => {
    for (let layer = 0; layer < LAYERS; layer++) {
      const cosNm = NOISE_FACTOR * Math.cos((turnDeg(layer) * Math.PI) / 180);
      const expectedDeg = deg(Math.acos(cosNm)) - deg(Math.acos(NOISE_FACTOR));
      // The sampling error of 16 prompts per pool is about 0.6 degrees (spread over other seeds); four of them.
      expect(Math.abs(result.raw.gap.ofMeansDeg[layer]! - expectedDeg)).toBeLessThan(2.5);
      expect(Math.abs(result.raw.gap.ofAnglesDeg[layer]! - expectedDeg)).toBeLessThan(2.5);
      expect(result.raw.gap.lowDeg[layer]!).toBeLessThanOrEqual(result.raw.gap.ofMeansDeg[layer]!);
      expect(result.raw.gap.highDeg[layer]!).toBeGreaterThanOrEqual(result.raw.gap.ofMeansDeg[layer]!);
    }
    expect(result.auroc.mean[LAYERS - 1]).toBe(1);
    expect(result.auroc.mean[0]!).toBeLessThan(0.8);
  });

  it('lets the range rule find the planted rise', () => {
    expect(proposeRange(result.raw.gap)).toMatchObject({ kind: 'range', first: 4, last: 7 });
  });

  it('by draws stays within the sampling error of all pairs', () => {
    const drawn = buildSimilarity({ ...input, pairs: { kind: 'draws', draws: 400, seed: 1 } });
    drawn.raw.curves.nm.mean.forEach((mean, layer) => {
      const error = result.raw.curves.nm.std[layer]! / Math.sqrt(400);
      expect(Math.abs(mean - result.raw.curves.nm.mean[layer]!)).toBeLessThan(5 * error);
    });
  });

  it('needs two prompts per pool', () => {
    expect(() =>
      buildSimilarity({ ...input, normal: input.normal.slice(0, 1), pairs: { kind: 'all' } }),
    ).toThrow(RangeError);
  });
});

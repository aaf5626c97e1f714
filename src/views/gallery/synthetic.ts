/**
 * SYNTHETIC data for looking at the pictures and for their tests. Made by formula, from no model: nothing here may reach
 * the product, and every provenance says so.
 */
import { randomLcg, randomNormal } from 'd3';
import type { Provenance } from '@/figures/provenance.ts';
import type {
  AttentionPicture,
  BandPoint,
  CosineMatrixResult,
  Curve,
  PromptItem,
  SimilarityResult,
} from '@/protocol/experiments.ts';

export const SYNTHETIC: Provenance = {
  model: 'SYNTHETIC (no model)',
  sha256: '0'.repeat(64),
  adapters: ['synthetic-adapter'],
  template: 'chat',
  n: '100 normal, 100 malicious (invented)',
  seed: 1,
  date: '2026-01-01T00:00:00Z',
  origin: 'live',
};

const LAYERS = 30;
const DEGREES = 180 / Math.PI;

export function syntheticSimilarity(separation: number, seed: number): SimilarityResult {
  const noise = randomNormal.source(randomLcg(seed))(0, 0.006);
  const rise = (k: number, at: number, slope: number) => 1 / (1 + Math.exp(-(k - at) / slope));
  const curve = (f: (k: number) => number, half: number): Curve => {
    const mean = Array.from({ length: LAYERS }, (_, k) => f(k) + noise());
    return {
      mean,
      std: mean.map(() => half * 5),
      low: mean.map((v, k) => v - half * (1 + k / 40)),
      high: mean.map((v, k) => v + half * (1 + k / 40)),
    };
  };
  const set = (base: (k: number) => number, scale: number) => {
    const nn = curve((k) => base(k) * scale, 0.02);
    const nm = curve((k) => base(k) * scale - separation * rise(k, 10, 1.6), 0.018);
    const mm = curve((k) => base(k) * scale + 0.05 * rise(k, 11, 2), 0.02);
    const gap = nm.mean.map((v, k) => (Math.acos(v) - Math.acos(nn.mean[k]!)) * DEGREES);
    return {
      curves: { nn, nm, mm },
      gap: {
        ofMeansDeg: gap,
        ofAnglesDeg: gap.map((g) => g * 0.86 - 0.6),
        lowDeg: gap.map((g) => g - 2.2),
        highDeg: gap.map((g) => g + 2.2),
      },
    };
  };
  return {
    normalCount: 100,
    maliciousCount: 100,
    layerCount: LAYERS,
    pairs: { kind: 'all' },
    raw: set((k) => 0.95 - 0.012 * k + 0.05 * Math.sin(k / 3), 0.94),
    centred: set((k) => 0.15 + 0.008 * k, 1),
    auroc: curve((k) => 0.52 + 0.45 * rise(k, 6, 2), 0.015),
    vectorsKey: 'synthetic',
  };
}

const VERBS = ['kill', 'crush', 'beat', 'whip', 'blow up', 'shoot', 'destroy', 'murder'];
const THINGS = [
  'a process',
  'garlic',
  'an egg',
  'cream',
  'a balloon',
  'a photo',
  'a stain',
  'a song at karaoke',
];
const item =
  (prefix: string) =>
  (_: unknown, i: number): PromptItem => ({
    id: `${prefix}-${i}`,
    text: `Synthetic ${prefix} prompt ${i}: ${VERBS[i % 8]} ${THINGS[(i * 3) % 8]}`,
  });
export const NORMAL = Array.from({ length: 100 }, item('normal'));
export const MALICIOUS = Array.from({ length: 100 }, item('malicious'));

export function syntheticMatrix(layer: number): CosineMatrixResult {
  const noise = randomNormal.source(randomLcg(layer + 1))(0, 0.06);
  const size = 200;
  const part = 1 / (1 + Math.exp(-(layer - 10) / 1.6));
  const cosine = new Float32Array(size * size);
  for (let r = 0; r < size; r++)
    for (let c = r; c < size; c++) {
      const same = r < 100 === c < 100;
      const value = r === c ? 1 : 0.8 - (same ? 0 : 0.45 * part) + noise();
      cosine[r * size + c] = value;
      cosine[c * size + r] = value;
    }
  return { size, normalCount: 100, cosine };
}

export function syntheticAttention(id: string, words: readonly string[], peak: number): AttentionPicture {
  const random = randomLcg(peak);
  const head = ['<|im_start|>', 'user', '\n'];
  const tail = ['<|im_end|>', '\n', '<|im_start|>', 'assistant', '\n'];
  const tokens = [...head, ...words, ...tail];
  const headCount = 9;
  const attention = new Float32Array(LAYERS * headCount * tokens.length);
  for (let layer = 0; layer < LAYERS; layer++)
    for (let h = 0; h < headCount; h++) {
      const weight = tokens.map((_, t) => {
        const sink = t === 0 ? 6 : 0;
        const focus = t === head.length + peak ? 3 * Math.exp(-(((layer - 12) / 5) ** 2)) : 0;
        return Math.exp(sink + focus + 1.2 * random());
      });
      const sum = weight.reduce((a, b) => a + b, 0);
      weight.forEach((w, t) => {
        attention[(layer * headCount + h) * tokens.length + t] = w / sum;
      });
    }
  return {
    prompt: { id, text: words.join('').trim() },
    tokens,
    questionSpan: [head.length, head.length + words.length],
    layerCount: LAYERS,
    headCount,
    attention,
  };
}

/** Not Wilson's formula: only its look. */
export const roughInterval = (refused: number, total: number) => {
  const half = 1.96 * Math.sqrt(Math.max(1, (refused * (total - refused)) / total));
  return { low: Math.max(0, refused - half), high: Math.min(total, refused + half) };
};

export function syntheticBands(width: number): BandPoint[] {
  const random = randomLcg(5);
  return Array.from({ length: LAYERS - width + 1 }, (_, first) => {
    const middle = first + (width - 1) / 2;
    const refused = Math.round(
      27 +
        15 * Math.exp(-(((middle - 10.5) / 3) ** 2)) -
        13 * Math.exp(-(((middle - 18.5) / 3) ** 2)) +
        3 * random(),
    );
    return { first, last: first + width - 1, refused, total: 64, ...roughInterval(refused, 64) };
  });
}

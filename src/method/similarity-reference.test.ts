/** Cosines, spreads and both angle gaps against tests/fixtures/protocol.json (float64, from the stored float32 vectors). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PairKind } from '@/protocol/experiments.ts';
import { readSafetensors } from '../../tests/helpers/read-safetensors.ts';
import { gapOfAnglesDeg, gapOfMeansDeg } from './angle-gap.ts';
import { allPairs, listedPairs, type PairSet } from './pairs.ts';
import { proposeRange } from './range-proposal.ts';
import { innerProducts, normalised, pairStatistics } from './similarity.ts';
import { buildSimilarity } from './similarity-result.ts';

interface Summary {
  mean: number[];
  std_population: number[];
  mean_angle_degrees: number[];
}
interface PairReference {
  NN: Summary;
  MM: Summary;
  NM: Summary;
  angle_gap_A: number[];
  angle_gap_B: number[];
}
interface Run {
  normal: number[];
  malicious: number[];
  pairs: Record<'NN' | 'MM' | 'NM', Array<[number, number]>>;
  drawn_pairs: PairReference;
  all_pairs: PairReference;
}

const fixture = (name: string) => new URL(`../../tests/fixtures/${name}`, import.meta.url);
const protocol = JSON.parse(readFileSync(fixture('protocol.json'), 'utf8')) as { runs: Record<string, Run> };
const KINDS: Array<[PairKind, 'NN' | 'NM' | 'MM']> = [
  ['nn', 'NN'],
  ['nm', 'NM'],
  ['mm', 'MM'],
];

/** Both sides are float64 sums of the same float32 vectors in another order. */
const COSINE_TOLERANCE = 1e-12;
/** A cosine off by 1e-15 near 1 is an angle off by up to 2.6e-6 degrees. */
const ANGLE_TOLERANCE_DEG = 5e-6;

describe.each([
  ['tiny_llama', 'protocol.safetensors', 'tiny_llama'],
  ['smollm2_alpaca', 'smollm2/forward.safetensors', 'alpaca'],
  ['smollm2_chat', 'smollm2/forward.safetensors', 'chat'],
] as const)('%s reproduces the reference', (runName, file, tensorPrefix) => {
  const run = protocol.runs[runName]!;
  const tensors = readSafetensors(fixture(file));
  const hidden = tensors[`${tensorPrefix}.hidden`]!;
  const finalNorm = tensors[`${tensorPrefix}.final_norm`]!;
  const [promptCount, stateCount, width] = hidden.shape as [number, number, number];

  /** State s of every prompt, [n, D]; the last state is the one after the final norm. The order is normal, malicious. */
  const stateVectors = (state: number): Float32Array => {
    const vectors = new Float32Array(promptCount * width);
    [...run.normal, ...run.malicious].forEach((prompt, place) => {
      const source = state < stateCount ? hidden.data : finalNorm.data;
      const start = (state < stateCount ? prompt * stateCount + state : prompt) * width;
      vectors.set(source.subarray(start, start + width) as Float32Array, place * width);
    });
    return vectors;
  };

  const check = (pairs: PairSet, reference: PairReference) => {
    expect(reference.NN.mean).toHaveLength(stateCount + 1);
    for (let state = 0; state <= stateCount; state++) {
      const cosines = normalised(innerProducts(stateVectors(state), promptCount), promptCount);
      const statistics = pairStatistics(cosines, pairs);
      for (const [kind, name] of KINDS) {
        const expected = reference[name];
        expect(Math.abs(statistics[kind].mean - expected.mean[state]!)).toBeLessThan(COSINE_TOLERANCE);
        expect(Math.abs(statistics[kind].std - expected.std_population[state]!)).toBeLessThan(
          COSINE_TOLERANCE,
        );
        expect(Math.abs(statistics[kind].meanAngleDeg - expected.mean_angle_degrees[state]!)).toBeLessThan(
          ANGLE_TOLERANCE_DEG,
        );
      }
      const { nn, nm } = statistics;
      const ofMeans = gapOfMeansDeg(nm.mean, nn.mean);
      const ofAngles = gapOfAnglesDeg(nm.meanAngleDeg, nn.meanAngleDeg);
      expect(Math.abs(ofMeans - reference.angle_gap_A[state]!)).toBeLessThan(ANGLE_TOLERANCE_DEG);
      expect(Math.abs(ofAngles - reference.angle_gap_B[state]!)).toBeLessThan(ANGLE_TOLERANCE_DEG);
    }
  };

  it('on the 200 drawn pairs of each kind', () => {
    expect(run.normal).toEqual([...run.normal.keys()]);
    const { NN, MM, NM } = run.pairs;
    check(listedPairs(run.normal.length, run.malicious.length, [...NN, ...MM, ...NM]), run.drawn_pairs);
  });

  it('on all pairs', () => {
    check(allPairs(run.normal.length, run.malicious.length), run.all_pairs);
  });

  it('and its gap singles out no range: it stays within 5 degrees', () => {
    const [normal, malicious] = [run.normal, run.malicious].map((pool) =>
      pool.map((prompt) => {
        const start = (prompt * stateCount + 1) * width;
        return hidden.data.subarray(start, start + (stateCount - 1) * width) as Float32Array;
      }),
    ) as [Float32Array[], Float32Array[]];
    const { raw } = buildSimilarity({
      normal,
      malicious,
      layerCount: stateCount - 1,
      hiddenSize: width,
      pairs: { kind: 'all' },
      bootstrap: { replicates: 100, seed: 1 },
    });
    raw.gap.ofMeansDeg.forEach((gapDeg, layer) => {
      expect(Math.abs(gapDeg - run.all_pairs.angle_gap_A[layer + 1]!)).toBeLessThan(ANGLE_TOLERANCE_DEG);
    });
    expect(proposeRange(raw.gap).kind).toBe('none');
  });
});

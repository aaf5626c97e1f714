/** Law: the grid by branching is the grid by full passes, and takes the work that counting on paper gives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { branchedGridRuns, fullGridRuns } from '@/method/grid-order.ts';
import { MATRIX_NAMES, type MatrixName } from '@/model/spec.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { openTinyLlama } from './testing/tiny-llama.ts';

const LAYERS = 6;
/** Ragged, in two batches by length, with a shared beginning of three. */
const SHARED = [
  [7, 8, 9, 20, 21],
  [7, 8, 9, 30, 31, 32, 33, 34],
  [7, 8, 9, 40],
  [7, 8, 9, ...Array.from({ length: 40 }, (_, t) => 50 + t)],
];
const APART = [
  [3, 4, 5],
  [9, 8],
  [20, 21, 22, 23],
];
/** Asked for by the issue; what is measured is near 1e-6. */
const TOLERANCE = 1e-4;

let engine: LayerEngine;
beforeAll(async () => {
  engine = await openTinyLlama(await createNodeBackend({ threads: 1 }));
});
afterAll(() => engine?.close());

async function gridByBranching(
  sequences: number[][],
  setting: ModelSetting,
  alpha: number,
  matrices: readonly MatrixName[],
) {
  const logits = new Map<string, Float32Array>();
  const work = { layerRuns: { run: 0, full: 0 }, tokenRuns: { run: 0, full: 0 } };
  for (let first = 0; first < LAYERS; first++) {
    const lasts = Array.from({ length: LAYERS - first }, (_, at) => first + at);
    const one = await engine.rangeLogits(
      sequences,
      setting,
      { first, lasts, alpha, matrices },
      { onItem: (last, index, row) => logits.set(`${first}-${last} ${index}`, row.slice()) },
    );
    for (const unit of ['layerRuns', 'tokenRuns'] as const) {
      work[unit].run += one[unit].run;
      work[unit].full += one[unit].full;
    }
  }
  return { logits, work };
}

async function largestDifference(
  sequences: number[][],
  setting: ModelSetting,
  alpha: number,
  matrices: readonly MatrixName[] = MATRIX_NAMES,
): Promise<{ difference: number; effect: number }> {
  const { logits } = await gridByBranching(sequences, setting, alpha, matrices);
  const plain = await engine.logits(sequences, setting);
  let [difference, effect] = [0, 0];
  for (let first = 0; first < LAYERS; first++) {
    for (let last = first; last < LAYERS; last++) {
      const scale = [...setting.scale, { first, last, alpha, matrices }];
      for (const [index, ids] of sequences.entries()) {
        // Alone, so that neither batching nor prefixes nor caches can be wrong on both sides.
        const [full] = await engine.logits([ids], { ...setting, scale });
        const branched = logits.get(`${first}-${last} ${index}`)!;
        full!.forEach((value, at) => {
          difference = Math.max(difference, Math.abs(value - branched[at]!));
          effect = Math.max(effect, Math.abs(value - plain[index]![at]!));
        });
      }
    }
  }
  return { difference, effect };
}

describe('all ranges by branching equal full passes', () => {
  it.each<[string, number[][], ModelSetting, number, readonly MatrixName[]]>([
    ['with a shared prefix', SHARED, { adapters: [], scale: [] }, 1.3, MATRIX_NAMES],
    ['alpha below 1, some matrices', SHARED, { adapters: [], scale: [] }, 0.7, ['q', 'down']],
    ['without a shared prefix', APART, { adapters: [], scale: [] }, 1.2, MATRIX_NAMES],
    ['with an adapter', SHARED, { adapters: ['final'], scale: [] }, 1.2, MATRIX_NAMES],
    [
      'on top of rules of the setting, below and above',
      SHARED,
      {
        adapters: ['final'],
        scale: [
          { first: 1, last: 2, alpha: 0.9, matrices: MATRIX_NAMES },
          { first: 4, last: 4, alpha: 1.1, matrices: ['v'] },
        ],
      },
      1.2,
      MATRIX_NAMES,
    ],
  ])('%s', async (_, sequences, setting, alpha, matrices) => {
    const { difference, effect } = await largestDifference(sequences, setting, alpha, matrices);
    expect(difference).toBeLessThan(TOLERANCE);
    // The comparison could not fail if scaling did nothing.
    expect(effect).toBeGreaterThan(100 * TOLERANCE);
  });

  it('leaves the unscaled model as it was, and what it had cached', async () => {
    const plain = { adapters: [], scale: [] };
    const before = await engine.logits(SHARED, plain);
    await gridByBranching(SHARED, plain, 1.5, MATRIX_NAMES);
    expect(await engine.logits(SHARED, plain)).toEqual(before);
  });
});

describe('work', () => {
  it('is the closed form once the unscaled states are known, in layers; fewer still in token positions', async () => {
    const plain = { adapters: [], scale: [] };
    await engine.logits(SHARED, plain);
    const { work } = await gridByBranching(SHARED, plain, 1.2, MATRIX_NAMES);
    expect(work.layerRuns).toEqual({
      run: branchedGridRuns(LAYERS) * SHARED.length,
      full: fullGridRuns(LAYERS) * SHARED.length,
    });
    const tokens = SHARED.reduce((sum, { length }) => sum + length, 0);
    expect(work.tokenRuns.full).toBe(fullGridRuns(LAYERS) * tokens);
    // Suffixes of 1, 2, 5 and 40 tokens, and the prefix of 3 once.
    expect(work.tokenRuns.run).toBe(branchedGridRuns(LAYERS) * (1 + 2 + 5 + 40 + 3));
  });

  it('starts at the deepest known state when nothing is cached yet, and says so', async () => {
    const sequences = SHARED.map((ids) => [...ids, 99]);
    const fan = { first: 4, lasts: [4], alpha: 1.2, matrices: MATRIX_NAMES };
    const { layerRuns } = await engine.rangeLogits(sequences, { adapters: [], scale: [] }, fan, {
      onItem: () => undefined,
    });
    expect(layerRuns).toEqual({ run: 6 * sequences.length, full: 6 * sequences.length });
  });
});

describe('calls that cannot be', () => {
  const plain = { adapters: [], scale: [] };
  const ask = (first: number, lasts: number[], ids: number[][] = SHARED) =>
    engine.rangeLogits(
      ids,
      plain,
      { first, lasts, alpha: 1.1, matrices: MATRIX_NAMES },
      { onItem: () => undefined },
    );
  it('are refused in words, and no ranges or no prompts are no work', async () => {
    await expect(ask(3, [2])).rejects.toThrow(/Layers 3 to 2 are not a range/);
    await expect(ask(3, [3, 6])).rejects.toThrow(/layers 0 to 5/);
    await expect(ask(0, [0], [[]])).rejects.toThrow(/without tokens/);
    expect((await ask(0, [])).layerRuns).toEqual({ run: 0, full: 0 });
    expect((await ask(0, [0], [])).layerRuns).toEqual({ run: 0, full: 0 });
  });
});

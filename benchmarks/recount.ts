/**
 * One recount after moving alpha on layers 8..13: the product's way against the plain way, in the same runtime, in turns, on
 * the same prompts; their logits are compared too, so that a fast wrong answer would show. Runs in Node and in a worker.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { OrtModule } from '@/backends/cpu-backend.ts';
import type { Engine, ModelSetting } from '@/engine/engine.ts';
import { ropeTables } from '@/kernels/rope-tables.ts';
import { MATRIX_NAMES, type ModelSpec, type WeightReader } from '@/model/spec.ts';
import { plainModel } from './plain-graph.ts';

export interface RecountFigures {
  promptCount: number;
  /** Medians over the rounds. */
  plainMs: number;
  recountMs: number;
  /** From the call to the first partial count. */
  firstPartialMs: number;
  /** Largest difference of a logit between the two ways. */
  maxAbsLogit: number;
  rounds: number;
}

export interface RecountInput {
  engine: Engine;
  ort: OrtModule;
  sessionOptions: InferenceSession.SessionOptions;
  spec: ModelSpec;
  weights: WeightReader;
  sequences: readonly Int32Array[];
  rounds: number;
  /** Prompts in the first batch of the product's way: the first partial count. */
  firstBatchSize: number;
}

const RANGE = { first: 8, last: 13 };

export async function measureRecount(input: RecountInput): Promise<RecountFigures> {
  const { engine, spec, sequences, rounds } = input;
  const plain = await plainRunner(input);
  await engine.logits(sequences, { adapters: [], scale: [] }, { firstBatchSize: input.firstBatchSize });
  const plainMs: number[] = [];
  const recountMs: number[] = [];
  const firstPartialMs: number[] = [];
  let maxAbsLogit = 0;
  // Round 0 warms both up: kernels are compiled, memory is there.
  for (let round = 0; round <= rounds; round++) {
    const alpha = 1.05 + 0.01 * round;
    const setting: ModelSetting = { adapters: [], scale: [{ ...RANGE, alpha, matrices: MATRIX_NAMES }] };
    const plainStart = performance.now();
    const expected = await plain(alpha);
    const recountStart = performance.now();
    let firstPartial = 0;
    const actual = await engine.logits(sequences, setting, {
      firstBatchSize: input.firstBatchSize,
      onItem: () => {
        firstPartial ||= performance.now();
      },
    });
    const end = performance.now();
    actual.forEach((row, n) => {
      for (let id = 0; id < spec.vocabSize; id++) {
        maxAbsLogit = Math.max(maxAbsLogit, Math.abs(row[id]! - expected[n * spec.vocabSize + id]!));
      }
    });
    if (round === 0) continue;
    plainMs.push(recountStart - plainStart);
    recountMs.push(end - recountStart);
    firstPartialMs.push(firstPartial - recountStart);
  }
  return {
    promptCount: sequences.length,
    plainMs: median(plainMs),
    recountMs: median(recountMs),
    firstPartialMs: median(firstPartialMs),
    maxAbsLogit,
    rounds,
  };
}

/** alpha on layers 8..13 -> logits [B, V], from the first token of every prompt. */
async function plainRunner(input: RecountInput): Promise<(alpha: number) => Promise<Float32Array>> {
  const { ort, spec, weights, sequences } = input;
  const model = await plainModel(spec, weights);
  const session = await ort.InferenceSession.create(model.graph, {
    ...input.sessionOptions,
    externalData: model.weights,
  });
  const embedding = await weights.embedding();
  const batch = sequences.length;
  const length = Math.max(...sequences.map((ids) => ids.length));
  const { hiddenSize } = spec;
  const x = new Float32Array(batch * length * hiddenSize);
  const mask = new Float32Array(batch * length * length);
  sequences.forEach((ids, row) => {
    ids.forEach((id, t) => {
      x.set(embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize), (row * length + t) * hiddenSize);
    });
    for (let query = 0; query < length; query++) {
      mask.fill(-1e9, (row * length + query) * length + query + 1, (row * length + query + 1) * length);
    }
  });
  const rope = ropeTables(spec.rope, spec.headDim, length);
  const tensor = (data: Float32Array, dims: number[]): Tensor => new ort.Tensor('float32', data, dims);
  const positions = BigInt64Array.from({ length: batch * length }, (_, i) => BigInt(i % length));
  const fixed = {
    x: tensor(x, [batch, length, hiddenSize]),
    positions: new ort.Tensor('int64', positions, [batch, length]),
    cos: tensor(rope.cos, [length, spec.headDim / 2]),
    sin: tensor(rope.sin, [length, spec.headDim / 2]),
    mask: tensor(mask, [batch, 1, length, length]),
    last: new ort.Tensor(
      'int32',
      Int32Array.from(sequences, (ids, row) => row * length + ids.length - 1),
      [batch],
    ),
  };
  return async (alpha) => {
    const alphas = new Float32Array(spec.layerCount).fill(1).fill(alpha, RANGE.first, RANGE.last + 1);
    const { logits } = await session.run({ ...fixed, alpha: tensor(alphas, [spec.layerCount]) });
    return logits!.data as Float32Array;
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

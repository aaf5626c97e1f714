/** What other families need leaves llama's graphs as they are, byte by byte: recorded results rest on them. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { MATRIX_NAMES, type ModelSpec } from '@/model/spec.ts';
import { buildEmbeddingGradientKernel, buildLookupKernel } from './embedding-kernel.ts';
import { buildHeadKernel } from './head-kernel.ts';
import { buildBackwardKernel, buildLayerKernel } from './layer-kernel.ts';
import { buildLossKernel, buildSurpriseKernel } from './loss-kernel.ts';

const llama: ModelSpec = {
  architecture: 'llama',
  layerCount: 2,
  hiddenSize: 32,
  headCount: 4,
  kvHeadCount: 2,
  headDim: 8,
  ffnSize: 48,
  vocabSize: 64,
  normEps: 1e-5,
  rope: { theta: 10000, scaling: { kind: 'none' } },
  tiedEmbeddings: true,
  contextLength: 64,
};
const BOTH = [false, true];
const lora = MATRIX_NAMES;
const trained = { matrices: MATRIX_NAMES, scaling: 2 };

function* graphs(): Generator<Uint8Array> {
  for (let bits = 0; bits < 64; bits++) {
    const [prefix, past, keepKeys, attention, scaled, lastOnly] = Array.from(
      { length: 6 },
      (_, bit) => ((bits >> bit) & 1) === 1,
    ) as [boolean, boolean, boolean, boolean, boolean, boolean];
    const flags = { prefix, past, keepKeys, attention, scaled, lastOnly, packed: false };
    for (const adapters of [[], lora]) {
      for (const train of [undefined, trained, { ...trained, dropout: true }]) {
        yield buildLayerKernel(llama, { ...flags, lora: adapters, trained: train });
      }
    }
  }
  const parts = [
    { kind: 'frozen' },
    { kind: 'lora' },
    { kind: 'full', norms: true },
    { kind: 'full', norms: false },
    { kind: 'norms' },
  ] as const;
  for (const part of parts) {
    const variant = { lora, trained: part.kind === 'lora' ? trained : undefined };
    for (const keepsActivations of BOTH)
      yield buildBackwardKernel(llama, { ...variant, keepsActivations }, part);
  }
  yield buildHeadKernel(llama, true);
  yield buildHeadKernel(llama, false);
  for (const withGradient of BOTH)
    for (const headPieces of [[], [32, 32]])
      for (const trainsHead of BOTH)
        for (const trainsFinalNorm of BOTH)
          yield buildLossKernel(llama, { withGradient, headPieces, trainsHead, trainsFinalNorm });
  yield buildSurpriseKernel(llama);
  yield buildLookupKernel(llama, [32, 32]);
  for (const tied of [true, false]) yield buildEmbeddingGradientKernel(llama, 32, tied);
}

// Taken before the other families came (commit 8ecd509). Whoever changes llama's arithmetic on purpose takes a new one, and says in
// the commit why results recorded before still hold.
test('every graph of a llama is as it was', () => {
  const hash = createHash('sha256');
  for (const graph of graphs()) hash.update(graph);
  expect(hash.digest('hex')).toBe('cfa9005d0cfd5a42641e38185bed8e7e9e75bd55910d6ae25c29f8c25d08c687');
});

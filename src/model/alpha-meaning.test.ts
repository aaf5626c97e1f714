import { expect, test } from 'vitest';
import { alphaNotes, cancelledMatrices } from './alpha-meaning.ts';
import { MATRIX_NAMES, type ModelSpec } from './spec.ts';

const llama: ModelSpec = {
  architecture: 'llama',
  layerCount: 2,
  hiddenSize: 8,
  headCount: 2,
  kvHeadCount: 1,
  headDim: 4,
  ffnSize: 8,
  vocabSize: 16,
  normEps: 1e-6,
  rope: { theta: 1e4, scaling: { kind: 'none' } },
  tiedEmbeddings: true,
  contextLength: 32,
};
const sentences = (features: Partial<ModelSpec>, chosen: Parameters<typeof alphaNotes>[1]) =>
  alphaNotes({ ...llama, ...features }, chosen).map(({ sentence }) => sentence);

test('in a llama alpha means what it does in the paper', () => {
  expect(alphaNotes(llama, MATRIX_NAMES)).toEqual([]);
});

test('what is undone follows from the norms behind it, and gate is never undone', () => {
  expect(cancelledMatrices({ ...llama, qkNorm: true })).toEqual(['q', 'k']);
  expect(cancelledMatrices({ ...llama, postNorms: true })).toEqual(['v', 'o', 'up', 'down']);
  expect(cancelledMatrices({ ...llama, qkNorm: true, postNorms: true })).toEqual(
    MATRIX_NAMES.filter((name) => name !== 'gate'),
  );
  // alpha W x + b is no multiple of W x + b.
  expect(cancelledMatrices({ ...llama, qkNorm: true, biases: ['q', 'k'] })).toEqual([]);
});

test('the sentence says what is left of a choice', () => {
  expect(sentences({ qkNorm: true }, ['q', 'o'])).toEqual([
    'Alpha on q changes nothing here: queries and keys are normed behind this matrix.',
    'All of the effect comes from o.',
  ]);
  expect(sentences({ postNorms: true }, ['o', 'down']).at(-1)).toBe(
    'With this choice alpha has no effect; q, k and gate would have one.',
  );
  expect(sentences({ postNorms: true }, ['q', 'gate'])).toEqual([]);
});

test('biases are named, and a fused matrix where only some of its rows are scaled', () => {
  expect(sentences({ biases: ['q', 'k', 'v'] }, ['k', 'o'])).toEqual([
    'Alpha scales matrices alone: the biases of k stay as they are, which the models of the paper do not have.',
  ]);
  const fused = {
    fused: [
      ['q', 'k', 'v'],
      ['gate', 'up'],
    ] as const,
  };
  expect(sentences(fused, ['q', 'k', 'v', 'up'])).toEqual([
    "gate and up are one matrix in this model's files; alpha scales only the rows of up.",
  ]);
  expect(sentences(fused, MATRIX_NAMES)).toEqual([]);
});

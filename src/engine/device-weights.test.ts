/** Law: a model that a backend cannot hold is refused before a weight is read, with both sizes; one that just fits is not. */
import { expect, it } from 'vitest';
import type { Backend } from '@/backends/backend.ts';
import { FAKE_SPEC } from '@/experiments/testing/fake-engine.ts';
import type { WeightReader } from '@/model/spec.ts';
import { uploadWeights } from './device-weights.ts';

/** The largest matrix in bytes: every width of this model is smaller than its vocabulary. */
const LARGEST_BYTES = 4 * FAKE_SPEC.vocabSize * FAKE_SPEC.hiddenSize;

async function messageWith(maxTensorBytes: number): Promise<string> {
  const reader = new Proxy({} as WeightReader, {
    get: () => () => Promise.reject(new Error('a weight was read')),
  });
  const tried = uploadWeights({ maxTensorBytes } as Backend, FAKE_SPEC, reader);
  return tried.then(
    () => 'uploaded',
    (error: Error) => error.message,
  );
}

it('compares the largest tensor with what the backend takes', async () => {
  expect(LARGEST_BYTES).toBeGreaterThan(4 * FAKE_SPEC.ffnSize * FAKE_SPEC.hiddenSize);
  const sizes = [LARGEST_BYTES - 1, LARGEST_BYTES].map((bytes) => (bytes / 2 ** 20).toPrecision(3));
  expect(await messageWith(LARGEST_BYTES - 1)).toBe(
    `The graphics adapter takes tensors of at most ${sizes[0]} MiB; this model’s output matrix has ${sizes[1]} MiB.`,
  );
  expect(await messageWith(LARGEST_BYTES)).toBe('a weight was read');
  expect(await messageWith(Number.POSITIVE_INFINITY)).toBe('a weight was read');
});

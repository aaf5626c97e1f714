/**
 * Log-probabilities of given text: which rows of a batch predict scored tokens, and their sums per sequence. The pass through
 * the layers is layer-engine.ts.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { buildSurpriseKernel } from '@/kernels/loss-kernel.ts';
import { formKey } from '@/kernels/quantised-linear.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { type Batch, rowStarts } from './batches.ts';
import type { DeviceWeights } from './device-weights.ts';
import type { ScoredText } from './engine.ts';
import type { LayerLoop } from './layer-loop.ts';

/** Labels whose logits are on the device at once: about 50 MB each for a vocabulary of 50 000. */
const LABELS_AT_ONCE = 256;

export interface LabelledTokens {
  /** Rows of y, the token that follows each, and the batch's sequence it belongs to. */
  rows: number[];
  labels: number[];
  owners: number[];
  sequenceCount: number;
}

export function checkScored(sequences: readonly ScoredText[]): void {
  for (const { ids, from } of sequences) {
    if (Number.isInteger(from) && from >= 1 && from < ids.length) continue;
    throw new AppError(
      'bad-input',
      `A text of ${ids.length} tokens cannot be scored from token ${from} on.`,
      'Give it at least one token before and one token to score.',
    );
  }
}

/** The logits at t predict the token at t + 1. */
export function labelledTokens(
  sequences: readonly ScoredText[],
  batch: Batch,
  prefixLength: number,
): LabelledTokens {
  const result: LabelledTokens = { rows: [], labels: [], owners: [], sequenceCount: batch.indices.length };
  const starts = rowStarts(batch.suffixes.map(({ length }) => length));
  batch.indices.forEach((index, row) => {
    const { ids, from } = sequences[index]!;
    for (let t = from; t < ids.length; t++) {
      result.rows.push(starts[row]! + t - 1 - prefixLength);
      result.labels.push(ids[t]!);
      result.owners.push(row);
    }
  });
  return result;
}

/** @param y [tokens, D], what leaves the last layer; stays the caller's. One sum per sequence of the batch. */
export async function sumLogProbs(
  backend: Backend,
  loop: LayerLoop,
  { finalNorm, head }: Pick<DeviceWeights, 'finalNorm' | 'head'>,
  spec: ModelSpec,
  y: DeviceTensor,
  { rows, labels, owners, sequenceCount }: LabelledTokens,
): Promise<number[]> {
  const key = `surprise${formKey(head.form)}`;
  const kernel = await loop.kernel(key, () => buildSurpriseKernel(spec, head.form));
  const sums = new Array<number>(sequenceCount).fill(0);
  for (let start = 0; start < rows.length; start += LABELS_AT_ONCE) {
    const end = Math.min(rows.length, start + LABELS_AT_ONCE);
    const own = {
      rows: backend.upload(Int32Array.from(rows.slice(start, end)), [end - start]),
      labels: backend.upload(Int32Array.from(labels.slice(start, end)), [end - start, 1]),
    };
    const { surprise } = await backend.run(kernel, { ...own, x: y, finalNorm, ...head.inputs });
    (await backend.read(surprise!)).forEach((value, at) => {
      sums[owners[start + at]!]! -= value;
    });
    for (const tensor of [...Object.values(own), surprise!]) backend.release(tensor);
  }
  return sums;
}

/** What all layers of one batch share, and the keys that a batch leaves behind. Not here: running them (layer-loop.ts). */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { causalMask } from '@/kernels/mask.ts';
import type { ModelSpec } from '@/model/spec.ts';

/** Keys and values of one layer, [rows, groups, positions, headDim]. */
export interface KeyValue {
  key: DeviceTensor;
  value: DeviceTensor;
}

export interface BatchInputs {
  rowCount: number;
  newLength: number;
  /** First position of every row's new tokens; one number per row. */
  starts: readonly number[];
  mask: Float32Array;
  maskDims: readonly number[];
  /** Length of each row, where rows end somewhere; absent for a prefix, whose last token is no row's last. */
  lengths?: readonly number[];
}

/** Rows of `newLength` tokens, right-padded, that all start behind the same `prefixLength` shared positions. */
export function causalBatch(
  spec: ModelSpec,
  rowCount: number,
  newLength: number,
  prefixLength: number,
  lengths?: readonly number[],
): BatchInputs {
  const groupSize = spec.headCount / spec.kvHeadCount;
  return {
    rowCount,
    newLength,
    lengths,
    starts: new Array<number>(rowCount).fill(prefixLength),
    mask: causalMask(groupSize, newLength, prefixLength),
    maskDims: [1, 1, groupSize * newLength, prefixLength + newLength],
  };
}

/** Row of each sequence's last token in the flattened batch, whose rows are `rowLength` tokens long. */
export function lastRows(lengths: readonly number[], rowLength: number): number[] {
  return lengths.map((length, row) => row * rowLength + length - 1);
}

/** Gives keys back; layers that have none are skipped. */
export function releaseKeys(backend: Backend, keys: ReadonlyArray<KeyValue | undefined>): void {
  for (const pair of keys) {
    if (!pair) continue;
    backend.release(pair.key);
    backend.release(pair.value);
  }
}

/** What all layers of one batch share, and the keys that a batch leaves behind. Not here: running them (layer-loop.ts). */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { causalMask } from '@/kernels/mask.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { rowStarts } from './batches.ts';

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
  /** Additive, for layers whose queries see so many positions (null = all before them). */
  mask(window: number | null): Float32Array;
  maskDims: readonly number[];
  /**
   * Length of each row, where rows end somewhere; absent for a prefix, whose last token is no row's last. Where it is given, x
   * holds no pads: the tokens of one row stand behind those of the row before.
   */
  lengths?: readonly number[];
}

/**
 * Rows of at most `newLength` tokens (of exactly so many where no lengths are given) that all start behind the same
 * `prefixLength` shared positions.
 */
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
    mask: (window) => causalMask(groupSize, newLength, prefixLength, window),
    maskDims: [1, 1, groupSize * newLength, prefixLength + newLength],
  };
}

/** Row in x of each sequence's last token. */
export function lastRows(lengths: readonly number[]): number[] {
  return rowStarts(lengths)
    .slice(1)
    .map((end) => end - 1);
}

/** Between x without pads and rows padded to `newLength`, as the kernels take it; null where no row is shorter. */
export function packing({
  lengths,
  newLength,
}: BatchInputs): { padTo: Int32Array; packTo: Int32Array } | null {
  if (!lengths || lengths.every((length) => length === newLength)) return null;
  const starts = rowStarts(lengths);
  const padTo = new Int32Array(lengths.length * newLength);
  const packTo = new Int32Array(starts.at(-1)!);
  lengths.forEach((length, row) => {
    const from = row * newLength;
    padTo.fill(starts[row]!, from, from + newLength);
    for (let t = 0; t < length; t++) {
      padTo[from + t] = starts[row]! + t;
      packTo[starts[row]! + t] = from + t;
    }
  });
  return { padTo, packTo };
}

/** Gives keys back; layers that have none are skipped. */
export function releaseKeys(backend: Backend, keys: ReadonlyArray<KeyValue | undefined>): void {
  for (const pair of keys) {
    if (!pair) continue;
    backend.release(pair.key);
    backend.release(pair.value);
  }
}

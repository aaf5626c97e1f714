/** How sequences become batches: the prefix they share, their order, which run together. Pure, no tensors. */
import type { PassOptions, TokenIds } from './engine.ts';

export interface Batch {
  /** Indices into the caller's sequences. */
  indices: number[];
  /** Ids after the shared prefix, unpadded. */
  suffixes: Int32Array[];
  /** Length of the longest suffix: T. */
  paddedLength: number;
}

export interface BatchPlan {
  prefix: Int32Array;
  batches: Batch[];
}

/** More rows than this gain nothing: the matmuls are saturated, and a cancelled call waits for one layer of a batch. */
export const DEFAULT_BATCH_SIZE = 64;
/** Sequences are sorted by length within so many batches: little padding, and the wanted ones still come first. */
const SORT_WINDOW = 4;
/**
 * What one more batch costs, in token positions: its weights are packed (and on WASM copied) once more in every layer.
 * Measured on node and WASM with the bundled model at 15 to 30 positions.
 */
const BATCH_COST_POSITIONS = 24;
/** What a padded place costs of a token's whole cost: attention alone sees pads. Of the profile of one layer, on node. */
const PAD_COST_SHARE = 0.1;

/** @param prefixLimit share no more tokens than so many: those after them must run in the batch */
export function planBatches(
  sequences: readonly TokenIds[],
  options: PassOptions<never> = {},
  prefixLimit = Number.POSITIVE_INFINITY,
): BatchPlan {
  const prefix = sharedPrefix(sequences).slice(0, prefixLimit);
  const order = options.order ? [...options.order] : sequences.map((_, index) => index);
  const batchSize = Math.max(1, options.batchSize ?? DEFAULT_BATCH_SIZE);
  const firstSize = Math.min(options.firstBatchSize ?? 0, order.length);
  const groups: number[][] = firstSize > 0 ? [order.slice(0, firstSize)] : [];
  for (let start = firstSize; start < order.length; start += batchSize * SORT_WINDOW) {
    const window = order.slice(start, start + batchSize * SORT_WINDOW);
    window.sort((a, b) => sequences[a]!.length - sequences[b]!.length);
    const lengths = window.map((index) => sequences[index]!.length - prefix.length);
    for (const [from, to] of cutByLength(lengths, batchSize)) groups.push(window.slice(from, to));
  }
  const batches = groups.map((indices) => {
    const suffixes = indices.map((index) => Int32Array.from(sequences[index]!).subarray(prefix.length));
    return { indices, suffixes, paddedLength: Math.max(...suffixes.map((suffix) => suffix.length)) };
  });
  return { prefix, batches };
}

/**
 * Longest common beginning, at least one token short of the shortest sequence: the last token must run in the batch.
 * A single sequence shares nothing.
 */
export function sharedPrefix(sequences: readonly TokenIds[]): Int32Array {
  const first = sequences[0];
  if (!first || sequences.length < 2) return new Int32Array(0);
  let length = Math.min(...sequences.map((sequence) => sequence.length)) - 1;
  for (const sequence of sequences) {
    let same = 0;
    while (same < length && sequence[same] === first[same]) same++;
    length = same;
  }
  return Int32Array.from(first).slice(0, Math.max(0, length));
}

/**
 * Cuts sequences, sorted by length, into batches so that padding and the cost of batches are least together.
 * @returns half-open index ranges in order
 */
export function cutByLength(
  lengths: readonly number[],
  batchSize: number,
): Array<[from: number, to: number]> {
  /** Tokens of the first n sequences; what they cost, cut best; where their last batch begins. */
  const tokens = rowStarts(lengths);
  const cost = [0];
  const cut = [0];
  for (let n = 1; n <= lengths.length; n++) {
    cost[n] = Number.POSITIVE_INFINITY;
    for (let from = n - 1; from >= Math.max(0, n - batchSize); from--) {
      const padded = (n - from) * lengths[n - 1]!;
      const total = cost[from]! + BATCH_COST_POSITIONS + tokens[n]! - tokens[from]! + PAD_COST_SHARE * padded;
      if (total < cost[n]!) {
        cost[n] = total;
        cut[n] = from;
      }
    }
  }
  const ranges: Array<[number, number]> = [];
  for (let to = lengths.length; to > 0; to = cut[to]!) ranges.unshift([cut[to]!, to]);
  return ranges;
}

/** Row of each sequence's first token where sequences stand behind one another, then the number of tokens. */
export function rowStarts(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push(starts.at(-1)! + length);
  return starts;
}

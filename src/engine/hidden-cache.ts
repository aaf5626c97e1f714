/**
 * What enters each layer of a batch when nothing is scaled. Scaling layers i..j leaves everything below i as it is, so a
 * scaled pass starts at i. Bounded by bytes; the least recently used batch goes first.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { AdapterStack } from './adapter-stack.ts';
import type { Batch } from './batches.ts';
import { referenceOf } from './derived-stack.ts';

/** Enough for 200 prompts of a dozen tokens through 30 layers of width 576, twice. */
const DEFAULT_CAPACITY_BYTES = 400 * 2 ** 20;

/** What the unscaled states of a batch depend on: up to where a derived stack parts from it, its reference. */
export function batchKey(adapters: AdapterStack, prefixIds: Int32Array, batch: Batch): string {
  return `${referenceOf(adapters).key}:${prefixIds.join(',')}:${batch.suffixes.map((ids) => ids.join(',')).join(';')}`;
}

export class HiddenCache {
  readonly #batches = new Map<string, Map<number, DeviceTensor>>();
  #bytes = 0;

  constructor(
    private readonly backend: Backend,
    private readonly capacityBytes = DEFAULT_CAPACITY_BYTES,
  ) {}

  /** The deepest stored tensor that enters a layer at or below `layer`. */
  deepest(key: string, layer: number): { layer: number; x: DeviceTensor } | null {
    const entering = this.#batches.get(key);
    if (!entering) return null;
    this.#batches.delete(key);
    this.#batches.set(key, entering);
    for (let candidate = layer; candidate > 0; candidate--) {
      const x = entering.get(candidate);
      if (x) return { layer: candidate, x };
    }
    return null;
  }

  /** Takes the tensor over; false when there is no room, and the caller keeps the duty to release it. */
  put(key: string, layer: number, x: DeviceTensor): boolean {
    const bytes = sizeBytes(x);
    if (bytes > this.capacityBytes) return false;
    let entering = this.#batches.get(key);
    if (!entering) this.#batches.set(key, (entering = new Map()));
    if (entering.has(layer)) return false;
    while (this.#bytes + bytes > this.capacityBytes) {
      const oldest = this.#batches.keys().next().value!;
      // The batch that is being filled is the newest: when it alone is over the limit, it stays partial.
      if (oldest === key) return false;
      this.#drop(oldest);
    }
    entering.set(layer, x);
    this.#bytes += bytes;
    return true;
  }

  clear(): void {
    for (const key of [...this.#batches.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    for (const x of this.#batches.get(key)!.values()) {
      this.#bytes -= sizeBytes(x);
      this.backend.release(x);
    }
    this.#batches.delete(key);
  }
}

function sizeBytes(x: DeviceTensor): number {
  return x.dims.reduce((product, size) => product * size, 4);
}

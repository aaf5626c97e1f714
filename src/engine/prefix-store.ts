/**
 * Keys and values of the beginning that all prompts share (the template's head): computed for a batch of one, reused by
 * every row. Unscaled ones are kept between calls together with what enters each layer, so that a scaled call starts at
 * its first scaled layer; what scaling changes is computed once per call.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { type AdapterStack, endsInUse } from './adapter-stack.ts';
import { causalBatch, type KeyValue, releaseKeys } from './batch-inputs.ts';
import { referenceOf } from './derived-stack.ts';
import { type DeviceWeights, embedBatch } from './device-weights.ts';
import type { LayerLoop } from './layer-loop.ts';
import { type ScalePlan, scalePlan } from './scale-plan.ts';

/** Prefixes kept: a handful of pools under a few adapters. */
const CAPACITY = 12;

/** Kept by the store: nobody else releases them. */
export interface StoredPrefix {
  /** Enters layer k; [P, D]. */
  entering: DeviceTensor[];
  keys: KeyValue[];
}

/** One call's prefix: absent keys mean that nothing is shared. */
export interface PrefixUse {
  keys: readonly KeyValue[] | undefined;
  length: number;
  release(): void;
}

export class PrefixStore {
  readonly #stored = new Map<string, StoredPrefix>();

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly weights: DeviceWeights,
    private readonly loop: LayerLoop,
  ) {}

  async use(
    prefix: Int32Array,
    adapters: AdapterStack,
    plan: ScalePlan,
    signal?: AbortSignal,
  ): Promise<PrefixUse> {
    if (prefix.length === 0) return { keys: undefined, length: 0, release: () => undefined };
    const base = await this.unscaled(prefix, adapters, signal);
    const { firstScaled } = plan;
    const { layerCount } = this.spec;
    if (firstScaled >= layerCount)
      return { keys: base.keys, length: prefix.length, release: () => undefined };
    const { y, present } = await this.loop.run({
      x: base.entering[firstScaled]!,
      first: firstScaled,
      end: layerCount,
      batch: causalBatch(this.spec, 1, prefix.length, 0),
      plan,
      adapters,
      keepKeys: true,
      signal,
      borrowed: true,
    });
    this.backend.release(y);
    const scaled = present.slice(firstScaled);
    return {
      keys: [...base.keys.slice(0, firstScaled), ...scaled],
      length: prefix.length,
      release: () => releaseKeys(this.backend, scaled),
    };
  }

  clear(): void {
    for (const stored of this.#stored.values()) this.#releaseStored(stored);
    this.#stored.clear();
  }

  /** Keys of the beginning in the bare model (of a derived stack, its reference), and what enters each layer. */
  async unscaled(prefix: Int32Array, adapters: AdapterStack, signal?: AbortSignal): Promise<StoredPrefix> {
    const reference = referenceOf(adapters);
    const key = `${reference.key}:${prefix.join(',')}`;
    const known = this.#stored.get(key);
    if (known) {
      this.#stored.delete(key);
      this.#stored.set(key, known);
      return known;
    }
    const { layerCount } = this.spec;
    const ends = endsInUse(this.weights, reference);
    const entering: DeviceTensor[] = [];
    const run = this.loop.run({
      x: embedBatch(this.backend, ends, this.spec, [prefix]),
      first: 0,
      end: layerCount,
      batch: causalBatch(this.spec, 1, prefix.length, 0),
      plan: scalePlan([], layerCount),
      adapters: reference,
      keepKeys: true,
      signal,
      onEnter: (layer, tensor) => {
        entering[layer] = tensor;
        return true;
      },
    });
    const { present } = await run.catch((error) => {
      for (const tensor of entering) this.backend.release(tensor);
      throw error;
    });
    const stored = { entering, keys: present };
    this.#stored.set(key, stored);
    this.#evict();
    return stored;
  }

  /** The oldest go first. A call never holds a stored prefix across another call's eviction: calls do not overlap. */
  #evict(): void {
    while (this.#stored.size > CAPACITY) {
      const [oldest, stored] = this.#stored.entries().next().value!;
      this.#releaseStored(stored);
      this.#stored.delete(oldest);
    }
  }

  #releaseStored(stored: StoredPrefix): void {
    for (const tensor of stored.entering) this.backend.release(tensor);
    releaseKeys(this.backend, stored.keys);
  }
}

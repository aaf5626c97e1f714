/**
 * What all layers of one batch take besides their weights: shapes, positions, masks and rotary tables. Layers with a window
 * have another mask, and may have other tables. Not here: running layers (layer-loop.ts).
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { ropeTables } from '@/kernels/rope-tables.ts';
import { type ModelSpec, type RopeSpec, windowOf } from '@/model/spec.ts';
import { type BatchInputs, packing } from './batch-inputs.ts';

export interface SharedInputs {
  /** Rows of x stand without pads (LayerVariant.packed). */
  packed: boolean;
  /** Kernel inputs of one layer; not the caller's to release. */
  of(layer: number): Record<string, DeviceTensor>;
  release(): void;
}

interface RopeTensors {
  length: number;
  cos: DeviceTensor;
  sin: DeviceTensor;
}

/** Keeps the rotary tables from batch to batch. */
export class SharedInputsMaker {
  readonly #ropes = new Map<RopeSpec, RopeTensors>();

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
  ) {}

  of(batch: BatchInputs): SharedInputs {
    const { backend, spec } = this;
    const { rowCount, newLength, starts, maskDims } = batch;
    const positions = starts.flatMap((start) => Array.from({ length: newLength }, (_, t) => start + t));
    const lastPosition = Math.max(...starts) + newLength;
    const ragged = packing(batch);
    const upload = (index: Int32Array) => backend.upload(index, [index.length]);
    const common = {
      ...(ragged && { padTo: upload(ragged.padTo), packTo: upload(ragged.packTo) }),
      headShape: backend.shape([rowCount, newLength, -1, spec.headDim]),
      batchShape: backend.shape([rowCount, 1, 1, 1]),
      positions: backend.shape(positions, [rowCount, newLength]),
    };
    const masks = new Map<number | null, DeviceTensor>();
    const maskOf = (window: number | null): DeviceTensor => {
      // A window that reaches beyond the first position leaves nothing out.
      const key = window !== null && window < lastPosition ? window : null;
      let mask = masks.get(key);
      if (!mask) masks.set(key, (mask = backend.upload(batch.mask(key), maskDims)));
      return mask;
    };
    return {
      packed: ragged !== null,
      of: (layer) => {
        const window = windowOf(spec, layer);
        const rope = window === null ? spec.rope : (spec.windowRope ?? spec.rope);
        const { cos, sin } = this.#ropeTensors(rope, lastPosition);
        return { ...common, mask: maskOf(window), cos, sin };
      },
      // The rope tables stay; the shapes live in JavaScript.
      release: () => {
        const { padTo, packTo, positions: own } = common as Record<string, DeviceTensor | undefined>;
        for (const tensor of [padTo, packTo, own, ...masks.values()]) if (tensor) backend.release(tensor);
      },
    };
  }

  /** Grows by doubling, so that decoding does not rebuild the tables at every step. */
  #ropeTensors(rope: RopeSpec, positionCount: number): RopeTensors {
    const known = this.#ropes.get(rope);
    if (known && known.length >= positionCount) return known;
    let length = known?.length ?? 128;
    while (length < positionCount) length *= 2;
    const { cos, sin } = ropeTables(rope, this.spec.headDim, length);
    const dims = [length, this.spec.headDim / 2];
    const tensors = { length, cos: this.backend.upload(cos, dims), sin: this.backend.upload(sin, dims) };
    this.#ropes.set(rope, tensors);
    return tensors;
  }
}

/**
 * The loop over layers: one compiled kernel per variant, one run per layer. Every pass of the engine is this loop with
 * other ends and other hooks. Not here: which sequences, which caches.
 */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import { buildGatherKernel, buildHeadKernel } from '@/kernels/head-kernel.ts';
import {
  buildBackwardKernel,
  buildLayerKernel,
  type LayerVariant,
  type TrainedPart,
  variantKey,
} from '@/kernels/layer-kernel.ts';
import { ropeTables } from '@/kernels/rope-tables.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { AdapterStack, LayerAdapter } from './adapter-stack.ts';
import type { DeviceWeights } from './device-weights.ts';
import { nextMacrotask } from './macrotask.ts';
import type { ScalePlan } from './scale-plan.ts';

/** Keys and values of one layer, [rows, groups, positions, headDim]. */
export interface KeyValue {
  key: DeviceTensor;
  value: DeviceTensor;
}

/** What all layers of one batch share. */
export interface BatchInputs {
  rowCount: number;
  newLength: number;
  /** First position of every row's new tokens; one number per row. */
  starts: readonly number[];
  mask: Float32Array;
  maskDims: readonly number[];
}

export interface LoopRequest {
  /** Enters layer `first`. Released by the loop, unless kept by `onEnter`. */
  x: DeviceTensor;
  first: number;
  /** Exclusive. */
  end: number;
  batch: BatchInputs;
  plan: ScalePlan;
  adapters: AdapterStack;
  prefix?: readonly KeyValue[];
  past?: readonly KeyValue[];
  keepKeys?: boolean;
  signal?: AbortSignal;
  /** Called before each layer runs, and for `end` with what leaves the last one; true = the caller keeps the tensor. */
  onEnter?: (layer: number, x: DeviceTensor) => boolean | Promise<boolean>;
  onAttention?: (layer: number, attention: DeviceTensor) => Promise<void>;
}

export class LayerLoop {
  readonly #kernels = new Map<string, Promise<Kernel>>();
  readonly #alphas = new WeakMap<Float32Array, DeviceTensor>();
  #rope: { length: number; cos: DeviceTensor; sin: DeviceTensor } | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly weights: DeviceWeights,
  ) {}

  /** What leaves layer end - 1, and the keys where asked for. */
  async run(request: LoopRequest): Promise<{ y: DeviceTensor; present: KeyValue[] }> {
    const { backend } = this;
    const { batch, first, end, plan, adapters, prefix, past } = request;
    const shared = this.sharedInputs(batch);
    const present: KeyValue[] = [];
    let x = request.x;
    for (let layer = first; layer < end; layer++) {
      await nextMacrotask();
      request.signal?.throwIfAborted();
      const kept = (await request.onEnter?.(layer, x)) ?? false;
      const alpha = plan.layers[layer] ?? null;
      const adapter = adapters.layers[layer]!;
      const kernel = await this.#layerKernel({
        prefix: prefix !== undefined,
        past: past !== undefined,
        keepKeys: request.keepKeys ?? false,
        attention: request.onAttention !== undefined,
        scaled: alpha !== null,
        lora: adapter.matrices,
        trained: adapter.trained,
      });
      const inputs: Record<string, DeviceTensor> = {
        ...shared,
        ...this.weights.layers[layer]!,
        ...adapter.inputs,
        x,
      };
      if (alpha) inputs.alpha = this.#alphaTensor(alpha);
      if (prefix) Object.assign(inputs, { prefixKey: prefix[layer]!.key, prefixValue: prefix[layer]!.value });
      if (past) Object.assign(inputs, { pastKey: past[layer]!.key, pastValue: past[layer]!.value });
      const outputs = await backend.run(kernel, inputs);
      if (outputs.presentKey) present[layer] = { key: outputs.presentKey, value: outputs.presentValue! };
      if (outputs.attention) {
        await request.onAttention!(layer, outputs.attention);
        backend.release(outputs.attention);
      }
      if (!kept) backend.release(x);
      x = outputs.y!;
    }
    await request.onEnter?.(end, x);
    this.releaseShared(shared);
    return { y: x, present };
  }

  /** Rows of x [N, D] at the given indices, e.g. the last token of each sequence. */
  async gather(x: DeviceTensor, rows: readonly number[]): Promise<DeviceTensor> {
    const kernel = await this.kernel('gather', () => buildGatherKernel(this.spec));
    const index = this.backend.upload(Int32Array.from(rows), [rows.length]);
    const { picked } = await this.backend.run(kernel, { x, rows: index });
    this.backend.release(index);
    return picked!;
  }

  /** Final norm [B, D], and logits [B, V] where asked for. */
  async head(x: DeviceTensor, withLogits: boolean): Promise<{ normed: DeviceTensor; logits?: DeviceTensor }> {
    const kernel = await this.kernel(`head${withLogits}`, () => buildHeadKernel(this.spec, withLogits));
    const { finalNorm, head } = this.weights;
    const { normed, logits } = await this.backend.run(kernel, { x, finalNorm, head });
    return { normed: normed!, logits };
  }

  /**
   * Gradients of one layer, its forward recomputed from what entered it: dx, and grad.<input> of what trains.
   * `shared` comes from sharedInputs and may serve all layers.
   */
  async runBackward(
    layer: number,
    adapter: LayerAdapter,
    part: TrainedPart,
    shared: Record<string, DeviceTensor>,
    tensors: { x: DeviceTensor; dy: DeviceTensor },
  ): Promise<Record<string, DeviceTensor>> {
    const key = `backward:${JSON.stringify([adapter.matrices, adapter.trained, part])}`;
    const kernel = await this.kernel(key, () =>
      buildBackwardKernel(this.spec, adapter.matrices, adapter.trained, part),
    );
    return this.backend.run(kernel, {
      ...shared,
      ...this.weights.layers[layer]!,
      ...adapter.inputs,
      ...tensors,
    });
  }

  releaseShared(shared: Record<string, DeviceTensor>): void {
    // The rope tables stay; the shapes live in JavaScript.
    for (const name of ['mask', 'positions'] as const) this.backend.release(shared[name]!);
  }

  /** What every layer of a batch takes besides x and its weights. */
  sharedInputs(batch: BatchInputs): Record<string, DeviceTensor> {
    const { rowCount, newLength, starts } = batch;
    const positions = starts.flatMap((start) => Array.from({ length: newLength }, (_, t) => start + t));
    const rope = this.#ropeTensors(Math.max(...starts) + newLength);
    return {
      headShape: this.backend.shape([rowCount, newLength, -1, this.spec.headDim]),
      batchShape: this.backend.shape([rowCount, 1, 1, 1]),
      positions: this.backend.shape(positions, [rowCount, newLength]),
      mask: this.backend.upload(batch.mask, batch.maskDims),
      cos: rope.cos,
      sin: rope.sin,
    };
  }

  /** Grows by doubling, so that decoding does not rebuild the tables at every step. */
  #ropeTensors(positionCount: number) {
    if (!this.#rope || this.#rope.length < positionCount) {
      let length = this.#rope?.length ?? 128;
      while (length < positionCount) length *= 2;
      const { cos, sin } = ropeTables(this.spec.rope, this.spec.headDim, length);
      const dims = [length, this.spec.headDim / 2];
      this.#rope = { length, cos: this.backend.upload(cos, dims), sin: this.backend.upload(sin, dims) };
    }
    return this.#rope;
  }

  #alphaTensor(alpha: Float32Array): DeviceTensor {
    let tensor = this.#alphas.get(alpha);
    if (!tensor) this.#alphas.set(alpha, (tensor = this.backend.upload(alpha, [alpha.length])));
    return tensor;
  }

  #layerKernel(variant: LayerVariant): Promise<Kernel> {
    return this.kernel(variantKey(variant), () => buildLayerKernel(this.spec, variant));
  }

  /** Compiled once per key. */
  kernel(key: string, build: () => Uint8Array): Promise<Kernel> {
    let kernel = this.#kernels.get(key);
    if (!kernel) this.#kernels.set(key, (kernel = this.backend.compile(build())));
    return kernel;
  }
}

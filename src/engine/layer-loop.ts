/**
 * The loop over layers: one compiled kernel per variant, one run per layer. Every pass of the engine is this loop with
 * other ends and other hooks. Not here: which sequences, which caches.
 */
import type { Backend, DeviceTensor, Kernel } from '@/backends/backend.ts';
import { buildDirectionKernel } from '@/kernels/direction-kernel.ts';
import { buildGatherKernel, buildHeadKernel } from '@/kernels/head-kernel.ts';
import {
  buildBackwardKernel,
  buildLayerKernel,
  type LayerVariant,
  type TrainedPart,
  variantKey,
} from '@/kernels/layer-kernel.ts';
import { decodeMask } from '@/kernels/mask.ts';
import { formKey } from '@/kernels/quantised-linear.ts';
import { type ModelSpec, windowOf } from '@/model/spec.ts';
import { type AdapterStack, endsInUse, type LayerAdapter } from './adapter-stack.ts';
import { type BatchInputs, type KeyValue, lastRows, releaseKeys } from './batch-inputs.ts';
import type { DeviceWeights } from './device-weights.ts';
import { editDirection } from './direction-edit.ts';
import { nextMacrotask } from './macrotask.ts';
import type { QuantisedLayer } from './quantised-weights.ts';
import type { ScalePlan } from './scale-plan.ts';
import { type SharedInputs, SharedInputsMaker } from './shared-inputs.ts';
import type { UploadedLayer } from './upload-layer.ts';

export interface LoopRequest {
  /** Enters layer `first`. The loop releases it, unless it is `borrowed` or kept by `onEnter`. */
  x: DeviceTensor;
  /** x belongs to a cache. */
  borrowed?: boolean;
  first: number;
  /** Exclusive. */
  end: number;
  batch: BatchInputs;
  plan: ScalePlan;
  adapters: AdapterStack;
  prefix?: readonly KeyValue[];
  past?: readonly KeyValue[];
  keepKeys?: boolean;
  /** The last layer answers for the last token of each row alone, and y is [rows, D]; the batch says where rows end. */
  lastOnly?: boolean;
  signal?: AbortSignal;
  /** Called before each layer runs, and for `end` with what leaves the last one; true = the caller keeps the tensor. */
  onEnter?: (layer: number, x: DeviceTensor) => boolean | Promise<boolean>;
  onAttention?: (layer: number, attention: DeviceTensor) => Promise<void>;
  /** Training: whether a layer hands out what its backward kernel would compute again; the caller owns what comes. */
  keepsActivations?: (layer: number) => boolean;
  onActivations?: (layer: number, kept: Record<string, DeviceTensor>) => void;
  /** More inputs of a layer, made for this run: the loop releases them. */
  extraInputs?: (layer: number) => Record<string, DeviceTensor>;
}

export class LayerLoop {
  readonly #kernels = new Map<string, Promise<Kernel>>();
  readonly #shared: SharedInputsMaker;

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly weights: DeviceWeights,
  ) {
    this.#shared = new SharedInputsMaker(backend, spec);
  }

  /** What leaves layer end - 1, and the keys where asked for. On cancelling, everything it made is released. */
  async run(request: LoopRequest): Promise<{ y: DeviceTensor; present: KeyValue[] }> {
    const shared = this.sharedInputs(request.batch);
    const present: KeyValue[] = [];
    let x = request.x;
    let owned = !request.borrowed;
    try {
      for (let layer = request.first; layer < request.end; layer++) {
        await nextMacrotask();
        request.signal?.throwIfAborted();
        const kept = await request.onEnter?.(layer, x);
        if (kept) owned = false;
        const outputs = await this.#runOrSkip(request, shared, layer, x);
        if (owned) this.backend.release(x);
        x = outputs.y!;
        owned = true;
        if (outputs.presentKey) present[layer] = { key: outputs.presentKey, value: outputs.presentValue! };
        for (const edit of request.plan.edits?.[layer] ?? []) {
          const lastOnly = isLastOnly(request, layer);
          const kernel = await this.kernel('direction', () => buildDirectionKernel(this.spec));
          const edited = await editDirection(this.backend, kernel, x, edit, request.batch, lastOnly);
          this.backend.release(x);
          x = edited;
        }
        if (outputs.attention) {
          await request.onAttention!(layer, outputs.attention);
          this.backend.release(outputs.attention);
        }
        if (request.keepsActivations?.(layer)) request.onActivations!(layer, keptOf(outputs));
      }
      // Layers that were left out have no keys, but keep their place.
      if (request.keepKeys) present.length = request.end;
      await request.onEnter?.(request.end, x);
      return { y: x, present };
    } catch (error) {
      if (owned) this.backend.release(x);
      releaseKeys(this.backend, present);
      throw error;
    } finally {
      shared.release();
      await this.weights.stream?.drop();
    }
  }

  /** A layer that is left out hands on what enters it: a copy, since every layer's output is its own tensor. */
  async #runOrSkip(
    request: LoopRequest,
    shared: SharedInputs,
    layer: number,
    x: DeviceTensor,
  ): Promise<Record<string, DeviceTensor>> {
    if (!request.plan.skipped?.has(layer)) return this.#runLayer(request, shared, layer, x);
    const rows = isLastOnly(request, layer)
      ? lastRows(request.batch.lengths!)
      : [...Array(x.dims[0]!).keys()];
    return { y: await this.gather(x, rows) };
  }

  async #runLayer(
    request: LoopRequest,
    shared: SharedInputs,
    layer: number,
    x: DeviceTensor,
  ): Promise<Record<string, DeviceTensor>> {
    const { layers, quantised, stream } = this.weights;
    if (!stream) {
      const resident = { inputs: layers[layer]!, quantised: quantised[layer]! };
      return this.#runUploaded(request, shared, layer, x, resident);
    }
    const next = layer + 1 < request.end ? layer + 1 : undefined;
    return stream.use(layer, next, (uploaded) => this.#runUploaded(request, shared, layer, x, uploaded));
  }

  async #runUploaded(
    request: LoopRequest,
    shared: SharedInputs,
    layer: number,
    x: DeviceTensor,
    uploaded: UploadedLayer,
  ): Promise<Record<string, DeviceTensor>> {
    const { prefix, past } = request;
    const alpha = request.plan.layers[layer] ?? null;
    const adapter = request.adapters.layers[layer]!;
    const lastOnly = isLastOnly(request, layer);
    const kernel = await this.#layerKernel({
      prefix: prefix !== undefined,
      past: past !== undefined,
      keepKeys: request.keepKeys ?? false,
      attention: request.onAttention !== undefined,
      scaled: alpha !== null,
      lastOnly,
      packed: shared.packed,
      lora: adapter.matrices,
      quantised: stillQuantised(uploaded.quantised, adapter),
      trained: adapter.trained,
      keepsActivations: request.keepsActivations?.(layer),
    });
    const inputs: Record<string, DeviceTensor> = {
      ...shared.of(layer),
      ...uploaded.inputs,
      ...adapter.inputs,
      x,
    };
    /** Made for this run alone. */
    const own: Record<string, DeviceTensor> = {
      ...(lastOnly ? this.#lastInputs(request.batch, layer) : {}),
      ...request.extraInputs?.(layer),
    };
    if (alpha) own.alpha = this.backend.upload(alpha, [alpha.length]);
    Object.assign(inputs, own);
    if (prefix) Object.assign(inputs, { prefixKey: prefix[layer]!.key, prefixValue: prefix[layer]!.value });
    if (past) Object.assign(inputs, { pastKey: past[layer]!.key, pastValue: past[layer]!.value });
    const outputs = await this.backend.run(kernel, inputs);
    for (const tensor of Object.values(own)) this.backend.release(tensor);
    return outputs;
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
  async head(
    x: DeviceTensor,
    withLogits: boolean,
    adapters: Pick<AdapterStack, 'ends'>,
  ): Promise<{ normed: DeviceTensor; logits?: DeviceTensor }> {
    const { finalNorm, head } = endsInUse(this.weights, adapters);
    const key = `head${withLogits}${formKey(head.form)}`;
    const kernel = await this.kernel(key, () => buildHeadKernel(this.spec, withLogits, head.form));
    const { normed, logits } = await this.backend.run(kernel, { x, finalNorm, ...head.inputs });
    return { normed: normed!, logits };
  }

  /**
   * Gradients of one layer: dx, and grad.<input> of what trains. `inputs`: those of sharedInputs, which may serve all layers,
   * x, dy, dropout masks, and what the forward pass kept; where it kept nothing it is recomputed from x.
   */
  async runBackward(
    layer: number,
    adapter: LayerAdapter,
    part: TrainedPart,
    { keepsActivations, inputs }: { keepsActivations: boolean; inputs: Record<string, DeviceTensor> },
  ): Promise<Record<string, DeviceTensor>> {
    const variant = { lora: adapter.matrices, trained: adapter.trained, keepsActivations };
    const kernel = await this.kernel(`backward:${JSON.stringify([variant, part])}`, () =>
      buildBackwardKernel(this.spec, variant, part),
    );
    return this.backend.run(kernel, { ...this.weights.layers[layer]!, ...adapter.inputs, ...inputs });
  }

  /** What every layer of a batch takes besides x and its weights; the caller releases it. */
  sharedInputs(batch: BatchInputs): SharedInputs {
    return this.#shared.of(batch);
  }

  /** What the last layer takes when only the last tokens go on. */
  #lastInputs(
    { rowCount, newLength, starts, lengths }: BatchInputs,
    layer: number,
  ): Record<string, DeviceTensor> {
    const groupSize = this.spec.headCount / this.spec.kvHeadCount;
    // All rows start behind the same prefix.
    const prefixLength = starts[0]!;
    const mask = decodeMask(groupSize, lengths!, prefixLength, newLength, 0, windowOf(this.spec, layer));
    return {
      rows: this.backend.upload(Int32Array.from(lastRows(lengths!)), [rowCount]),
      queryShape: this.backend.shape([rowCount, 1, -1, this.spec.headDim]),
      queryPositions: this.backend.shape(
        lengths!.map((length) => prefixLength + length - 1),
        [rowCount, 1],
      ),
      mask: this.backend.upload(mask, [rowCount, 1, groupSize, prefixLength + newLength]),
    };
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

/** Without those that an adapter of whole weights, or noise, stands in for. */
function stillQuantised(forms: QuantisedLayer, { inputs }: LayerAdapter): QuantisedLayer {
  return Object.fromEntries(Object.entries(forms).filter(([matrix]) => !(matrix in inputs)));
}

/** Whether this layer is the one that answers for last tokens alone. */
function isLastOnly({ lastOnly, end }: LoopRequest, layer: number): boolean {
  return lastOnly === true && layer === end - 1;
}

function keptOf(outputs: Record<string, DeviceTensor>): Record<string, DeviceTensor> {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith('kept.')));
}

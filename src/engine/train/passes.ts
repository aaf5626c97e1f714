/**
 * Forward, loss and backward of one batch over the layer loop: forward keeps what enters each layer and, where there is room,
 * what the layer computed on the way; backward goes down to the lowest layer that trains. Knows no optimiser; what trains in
 * a layer it is told.
 */
import type { DeviceTensor } from '@/backends/backend.ts';
import { keptBytes } from '@/kernels/kept-activations.ts';
import type { TrainedPart } from '@/kernels/layer-kernel.ts';
import { adapterUnits, type MatrixName, matrixDims, unitName } from '@/model/spec.ts';
import type { LayerAdapter } from '../adapter-stack.ts';
import { causalBatch } from '../batch-inputs.ts';
import type { LoopRequest } from '../layer-loop.ts';
import { nextMacrotask } from '../macrotask.ts';
import { scalePlan } from '../scale-plan.ts';
import type { DropoutMasks } from './dropout.ts';
import { EndPasses, type TrainedEnds } from './end-passes.ts';
import type { TrainingBatch } from './examples.ts';
import type { LayerTensors } from './parameters.ts';
import type { TrainerContext } from './trainer.ts';

/** The trainer's side: what each layer computes with now, and what of it trains. */
export interface TrainedLayers {
  /** Lowest layer that the gradient has to go through (lowestPassed). */
  lowest: number;
  ends(): TrainedEnds;
  /** With what drops inputs of the adapter that trains, where it has that. */
  adapter(layer: number, dropout: boolean): LayerAdapter;
  part(layer: number): TrainedPart;
  /** Room for what the layers' forward passes keep for their backward passes; what does not fit is computed again. */
  keptBytes: number;
}

export class TrainingPass {
  readonly #ends: EndPasses;

  constructor(
    private readonly context: TrainerContext,
    private readonly view: TrainedLayers,
  ) {
    this.#ends = new EndPasses(context, view.ends);
  }

  /** Mean loss of the batch's labels, without gradients and without dropout. */
  async loss(batch: TrainingBatch, signal?: AbortSignal): Promise<number> {
    const { y } = await this.#loop(batch, { signal });
    try {
      return (await this.#ends.loss(batch, y, batch.labels.length, false)).loss;
    } finally {
      this.context.backend.release(y);
    }
  }

  /**
   * Loss and gradients, each label weighing 1 / tokenCount; those of the ends stand behind the last layer's. The caller owns
   * the gradients; when it is cut short, nothing is left behind.
   */
  async backward(
    batch: TrainingBatch,
    tokenCount: number,
    masks: DropoutMasks | null,
    signal?: AbortSignal,
  ): Promise<{ loss: number; gradients: LayerTensors }> {
    const { loop, spec } = this.context;
    const { lowest } = this.view;
    const firstKept = spec.layerCount - this.#keptLayers(batch);
    /** What the backward pass of each layer takes: what entered it, and what it kept. */
    const forward: Array<Record<string, DeviceTensor>> = [];
    const gradients: LayerTensors = new Array(spec.layerCount + 1).fill(null);
    /** The residual stream upwards, then its gradient downwards. */
    const passing: Record<string, DeviceTensor> = {};
    const shared = loop.sharedInputs(causalBatch(spec, batch.ids.length, batch.paddedLength, 0));
    try {
      const { y } = await this.#loop(batch, {
        signal,
        masks,
        keepsActivations: (layer) => layer >= firstKept,
        onActivations: (layer, kept) => Object.assign(forward[layer]!, kept),
        onEnter: (layer, x) => {
          // Below the lowest trained layer no gradient goes.
          if (layer < lowest || layer === spec.layerCount) return false;
          forward[layer] = { x };
          return true;
        },
      });
      passing.y = y;
      const { loss, dx, gradients: ofEnds } = await this.#ends.loss(batch, y, tokenCount, true);
      passing.dy = dx!;
      gradients[spec.layerCount] = Object.keys(this.view.ends().tensors).length > 0 ? ofEnds : null;
      this.#release(passing, 'y');
      for (let layer = spec.layerCount - 1; layer >= lowest; layer--) {
        await nextMacrotask();
        signal?.throwIfAborted();
        const dropout = this.#dropoutInputs(layer, batch, masks);
        const outputs = await loop
          .runBackward(layer, this.view.adapter(layer, masks !== null), this.view.part(layer), {
            keepsActivations: layer >= firstKept,
            inputs: { ...shared.of(layer), ...forward[layer], ...dropout, dy: passing.dy },
          })
          .finally(() => this.#release(dropout));
        this.#release(forward[layer]!);
        this.#release(passing);
        passing.dy = outputs.dx!;
        gradients[layer] = gradientsOf(outputs);
      }
      await this.#ends.embeddingGradients(batch, passing.dy, ofEnds);
      return { loss, gradients };
    } catch (error) {
      for (const tensors of gradients) if (tensors) this.#release(tensors);
      throw error;
    } finally {
      for (const tensors of [...forward, passing]) if (tensors) this.#release(tensors);
      shared.release();
    }
  }

  /** The layers, from the embedding to what leaves the last one. */
  async #loop(
    batch: TrainingBatch,
    { masks = null, ...hooks }: Partial<LoopRequest> & { masks?: DropoutMasks | null },
  ) {
    const { spec, loop } = this.context;
    return loop.run({
      ...hooks,
      x: await this.#ends.embed(batch),
      first: 0,
      end: spec.layerCount,
      batch: causalBatch(spec, batch.ids.length, batch.paddedLength, 0),
      plan: scalePlan([], spec.layerCount),
      adapters: {
        key: '',
        layers: Array.from({ length: spec.layerCount }, (_, layer) =>
          this.view.adapter(layer, masks !== null),
        ),
      },
      extraInputs: (layer) => this.#dropoutInputs(layer, batch, masks),
    });
  }

  /** Masks of the layer's own adapter; none for a layer without one. */
  #dropoutInputs(
    layer: number,
    batch: TrainingBatch,
    masks: DropoutMasks | null,
  ): Record<string, DeviceTensor> {
    if (!masks) return {};
    const { backend, spec } = this.context;
    const dims = matrixDims(spec);
    const rows = batch.ids.length * batch.paddedLength;
    const { trained } = this.view.adapter(layer, true);
    return Object.fromEntries(
      adapterUnits(spec, trained?.matrices ?? []).map((unit) => {
        const [matrix] = unit as [MatrixName];
        const width = dims[matrix][1];
        const mask = masks(layer, matrix, rows * width);
        return [`dropout.${unitName(unit)}`, backend.upload(mask, [rows, width])];
      }),
    );
  }

  /** How many of the topmost layers keep their activations for the way back: all that the allowance has room for. */
  #keptLayers(batch: TrainingBatch): number {
    const { spec } = this.context;
    const perLayer = keptBytes(spec, batch.ids.length, batch.paddedLength);
    return Math.min(spec.layerCount - this.view.lowest, Math.floor(this.view.keptBytes / perLayer));
  }

  /** Gives back what `tensors` holds, all or the named ones, and forgets it. */
  #release(tensors: Record<string, DeviceTensor>, ...names: string[]): void {
    for (const name of names.length > 0 ? names : Object.keys(tensors)) {
      this.context.backend.release(tensors[name]!);
      delete tensors[name];
    }
  }

  dispose(): void {
    this.#ends.dispose();
  }
}

/** grad.<input> by input name; null where nothing trains. */
function gradientsOf(outputs: Record<string, DeviceTensor>): Record<string, DeviceTensor> | null {
  const trained = Object.entries(outputs).filter(([name]) => name.startsWith('grad.'));
  if (trained.length === 0) return null;
  return Object.fromEntries(trained.map(([name, tensor]) => [name.slice('grad.'.length), tensor]));
}

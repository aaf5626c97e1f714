/**
 * Forward, loss and backward of one batch over the layer loop: forward keeps what enters each layer, backward goes down to the
 * lowest layer that trains. Knows no optimiser; what trains in a layer it is told.
 */
import type { DeviceTensor } from '@/backends/backend.ts';
import type { TrainedPart } from '@/kernels/layer-kernel.ts';
import { buildLossKernel } from '@/kernels/loss-kernel.ts';
import type { LayerAdapter } from '../adapter-stack.ts';
import { causalBatch } from '../batch-inputs.ts';
import { embedBatch } from '../device-weights.ts';
import { nextMacrotask } from '../macrotask.ts';
import { scalePlan } from '../scale-plan.ts';
import type { TrainingBatch } from './examples.ts';
import type { LayerTensors } from './parameters.ts';
import type { TrainerContext } from './trainer.ts';

/** The trainer's side: what each layer computes with now, and what of it trains. */
export interface TrainedLayers {
  /** Lowest layer that trains. */
  lowest: number;
  adapter(layer: number): LayerAdapter;
  part(layer: number): TrainedPart;
}

export class TrainingPass {
  readonly #vocabulary: DeviceTensor;

  constructor(
    private readonly context: TrainerContext,
    private readonly view: TrainedLayers,
  ) {
    const { vocabSize } = context.spec;
    const ids = Int32Array.from({ length: vocabSize }, (_, id) => id);
    this.#vocabulary = context.backend.upload(ids, [1, vocabSize]);
  }

  /** Mean loss of the batch's labels, without gradients. */
  async loss(batch: TrainingBatch, signal?: AbortSignal): Promise<number> {
    const { y } = await this.#forward(batch, signal, null);
    const { loss } = await this.#loss(batch, y, batch.labels.length, false);
    this.context.backend.release(y);
    return loss;
  }

  /** Loss and gradients, each label weighing 1 / tokenCount. The caller owns the gradients. */
  async backward(
    batch: TrainingBatch,
    tokenCount: number,
    signal?: AbortSignal,
  ): Promise<{ loss: number; gradients: LayerTensors }> {
    const { backend, loop, spec } = this.context;
    const entering: DeviceTensor[] = [];
    const { y } = await this.#forward(batch, signal, entering);
    const { loss, dx } = await this.#loss(batch, y, tokenCount, true);
    backend.release(y);
    let dy = dx!;
    const gradients: LayerTensors = new Array(spec.layerCount).fill(null);
    const shared = loop.sharedInputs(causalBatch(spec, batch.ids.length, batch.paddedLength, 0));
    for (let layer = spec.layerCount - 1; layer >= this.view.lowest; layer--) {
      await nextMacrotask();
      signal?.throwIfAborted();
      const outputs = await loop.runBackward(layer, this.view.adapter(layer), this.view.part(layer), shared, {
        x: entering[layer]!,
        dy,
      });
      backend.release(entering[layer]!);
      backend.release(dy);
      dy = outputs.dx!;
      const trained = Object.entries(outputs).filter(([name]) => name.startsWith('grad.'));
      if (trained.length > 0) {
        gradients[layer] = Object.fromEntries(trained.map(([name, tensor]) => [name.slice(5), tensor]));
      }
    }
    backend.release(dy);
    loop.releaseShared(shared);
    return { loss, gradients };
  }

  async #forward(batch: TrainingBatch, signal: AbortSignal | undefined, entering: DeviceTensor[] | null) {
    const { backend, spec, weights, loop } = this.context;
    const x = embedBatch(weights, spec, batch.ids, batch.paddedLength);
    return loop.run({
      x: backend.upload(x, [batch.ids.length * batch.paddedLength, spec.hiddenSize]),
      first: 0,
      end: spec.layerCount,
      batch: causalBatch(spec, batch.ids.length, batch.paddedLength, 0),
      plan: scalePlan([], spec.layerCount),
      adapters: {
        key: '',
        layers: Array.from({ length: spec.layerCount }, (_, layer) => this.view.adapter(layer)),
      },
      signal,
      onEnter: (layer, tensor) => {
        // Below the lowest trained layer no gradient goes.
        if (!entering || layer < this.view.lowest || layer === spec.layerCount) return false;
        entering[layer] = tensor;
        return true;
      },
    });
  }

  async #loss(batch: TrainingBatch, y: DeviceTensor, tokenCount: number, withGradient: boolean) {
    const { backend, spec, weights, loop } = this.context;
    const kernel = await loop.kernel(`loss${withGradient}`, () => buildLossKernel(spec, withGradient));
    const count = batch.labels.length;
    const rowCount = batch.ids.length * batch.paddedLength;
    const spread = new Int32Array(rowCount).fill(count);
    batch.rows.forEach((row, n) => {
      spread[row] = n;
    });
    const own = {
      rows: backend.upload(batch.rows, [count]),
      labels: backend.upload(batch.labels, [count, 1]),
      weight: backend.upload(new Float32Array(count).fill(1 / tokenCount), [count, 1]),
      spread: backend.upload(spread, [rowCount]),
    };
    const { finalNorm, head } = weights;
    const outputs = await backend.run(kernel, {
      ...own,
      x: y,
      finalNorm,
      head,
      vocabulary: this.#vocabulary,
    });
    const loss = (await backend.read(outputs.loss!))[0]!;
    for (const tensor of [...Object.values(own), outputs.loss!]) backend.release(tensor);
    return { loss, dx: outputs.dx };
  }

  dispose(): void {
    this.context.backend.release(this.#vocabulary);
  }
}

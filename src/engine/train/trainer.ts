/**
 * Training over the same layer loop: forward keeps what enters each layer, backward goes down to the lowest layer that
 * trains, a frozen layer on the way passes gradients through and gets none. Knows no data sets, no methods, no page.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import type { TrainedPart } from '@/kernels/layer-kernel.ts';
import { buildLossKernel } from '@/kernels/loss-kernel.ts';
import { causalMask } from '@/kernels/mask.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { AdapterStack, LayerAdapter } from '../adapter-stack.ts';
import { type DeviceWeights, embedBatch } from '../device-weights.ts';
import type { BatchInputs, LayerLoop } from '../layer-loop.ts';
import { nextMacrotask } from '../macrotask.ts';
import { scalePlan } from '../scale-plan.ts';
import { AdamW, type AdamWOptions } from './adamw.ts';
import type { TrainingBatch } from './examples.ts';
import {
  type LayerTensors,
  type NamedValues,
  type TrainablePart,
  toAdapter,
  trainableShapes,
  uploadLayers,
  weightTensors,
} from './parameters.ts';

export interface TrainerOptions {
  part: TrainablePart;
  /** Per layer. A layer that does not train is frozen. */
  trains: readonly boolean[];
  /** Start values of LoRA tensors per trained layer; a full run starts from the weights. */
  initial: ReadonlyArray<readonly NamedValues[] | null>;
  adamw: AdamWOptions;
  /** Largest norm of all gradients together; null = not clipped. */
  clipNorm: number | null;
}

export interface StepResult {
  /** Before the update, mean over all labelled tokens of the step. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  tokenCount: number;
}

/** What the trainer shares with the engine it belongs to. */
export interface TrainerContext {
  backend: Backend;
  spec: ModelSpec;
  weights: DeviceWeights;
  loop: LayerLoop;
  /** Frozen adapters underneath. */
  adapters: AdapterStack;
  /** Runs nothing else on the engine meanwhile. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

export class Trainer {
  readonly #optimizer: AdamW;
  readonly #parameters: LayerTensors;
  readonly #vocabulary: DeviceTensor;
  readonly #lowest: number;

  constructor(
    private readonly context: TrainerContext,
    private readonly options: TrainerOptions,
  ) {
    const { backend, spec, weights } = context;
    const { part, trains } = options;
    this.#lowest = trains.indexOf(true);
    if (this.#lowest < 0) {
      throw new AppError(
        'bad-input',
        'Every layer is frozen: there is nothing to train.',
        'Freeze fewer layers.',
      );
    }
    const shapes = trainableShapes(spec, part);
    this.#parameters =
      part.kind === 'lora' ? uploadLayers(backend, options.initial) : weightTensors(weights, shapes, trains);
    this.#optimizer = new AdamW(backend, options.adamw, shapes, trains);
    this.#vocabulary = backend.upload(
      Int32Array.from({ length: spec.vocabSize }, (_, id) => id),
      [1, spec.vocabSize],
    );
  }

  get updateCount(): number {
    return this.#optimizer.updateCount;
  }

  /** One update from several micro-batches: as if they were one batch, since every token weighs the same. */
  step(batches: readonly TrainingBatch[], learningRate: number, signal?: AbortSignal): Promise<StepResult> {
    return this.context.exclusive(async () => {
      const { loss, gradients, tokenCount } = await this.#gradients(batches, signal);
      const gradientNorm = Math.hypot(...(await this.#optimizer.norms(gradients)));
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        this.#release(gradients);
        throw new AppError(
          'bad-input',
          `The loss became ${loss} at step ${this.updateCount + 1}; the weights are as they were before this step.`,
          'Use a smaller learning rate, or clip the gradients.',
        );
      }
      const { clipNorm } = this.options;
      const scale = clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
      await this.#optimizer.update(this.#parameters, gradients, learningRate, scale);
      this.#release(gradients);
      this.#publishWeights();
      return { loss, gradientNorm, tokenCount };
    });
  }

  /** Mean loss of a batch, without gradients. */
  loss(batch: TrainingBatch, signal?: AbortSignal): Promise<number> {
    return this.context.exclusive(async () => {
      const { y } = await this.#forward(batch, signal, null);
      const { loss } = await this.#loss(batch, y, batch.labels.length, false);
      this.context.backend.release(y);
      return loss;
    });
  }

  /** Gradients by layer and input name, as copies; for tests and for importance scores. */
  gradients(
    batches: readonly TrainingBatch[],
    signal?: AbortSignal,
  ): Promise<Array<Map<string, Float32Array> | null>> {
    return this.context.exclusive(async () => {
      const { gradients } = await this.#gradients(batches, signal);
      const values = await this.#read(gradients);
      this.#release(gradients);
      return values;
    });
  }

  /** The trainable tensors, as copies. */
  parameters(): Promise<Array<Map<string, Float32Array> | null>> {
    return this.context.exclusive(() => this.#read(this.#parameters));
  }

  /** What has been trained, as an adapter. Only for LoRA. */
  async adapter(name: string): Promise<AdapterData> {
    const { part } = this.options;
    if (part.kind !== 'lora') {
      throw new AppError('bad-input', 'A full-parameter run has no adapter.', 'Train with LoRA to get one.');
    }
    return toAdapter(name, part, await this.parameters());
  }

  /** Parameters and both moments, to go on later exactly where this stopped. */
  async snapshot(): Promise<TrainerSnapshot> {
    return this.context.exclusive(async () => ({
      updateCount: this.updateCount,
      parameters: await this.#read(this.#parameters),
      first: await this.#read(this.#optimizer.first),
      second: await this.#read(this.#optimizer.second),
    }));
  }

  async restore(snapshot: TrainerSnapshot): Promise<void> {
    await this.context.exclusive(async () => {
      this.#write(this.#parameters, snapshot.parameters);
      this.#write(this.#optimizer.first, snapshot.first);
      this.#write(this.#optimizer.second, snapshot.second);
      this.#optimizer.updateCount = snapshot.updateCount;
      this.#publishWeights();
    });
  }

  async #gradients(batches: readonly TrainingBatch[], signal?: AbortSignal) {
    const tokenCount = batches.reduce((sum, batch) => sum + batch.labels.length, 0);
    if (tokenCount === 0) {
      throw new AppError('bad-input', 'No token of these rows is a label.', 'Give rows with an answer.');
    }
    let loss = 0;
    let total: LayerTensors | null = null;
    for (const batch of batches) {
      const part = await this.#backward(batch, tokenCount, signal);
      loss += part.loss;
      total = total ? await this.#optimizer.sum(total, part.gradients) : part.gradients;
    }
    return { loss, gradients: total!, tokenCount };
  }

  async #backward(batch: TrainingBatch, tokenCount: number, signal?: AbortSignal) {
    const { backend, loop, spec } = this.context;
    const entering: DeviceTensor[] = [];
    const { y } = await this.#forward(batch, signal, entering);
    const { loss, dx } = await this.#loss(batch, y, tokenCount, true);
    backend.release(y);
    let dy = dx!;
    const gradients: LayerTensors = new Array(spec.layerCount).fill(null);
    const shared = loop.sharedInputs(this.#inputs(batch));
    for (let layer = spec.layerCount - 1; layer >= this.#lowest; layer--) {
      await nextMacrotask();
      signal?.throwIfAborted();
      const outputs = await loop.runBackward(layer, this.#layerAdapter(layer), this.#part(layer), shared, {
        x: entering[layer]!,
        dy,
      });
      backend.release(entering[layer]!);
      backend.release(dy);
      dy = outputs.dx!;
      if (this.#parameters[layer]) {
        gradients[layer] = Object.fromEntries(
          Object.keys(this.#parameters[layer]!).map((name) => [name, outputs[`grad.${name}`]!]),
        );
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
      batch: this.#inputs(batch),
      plan: scalePlan([], spec.layerCount),
      adapters: {
        key: '',
        layers: Array.from({ length: spec.layerCount }, (_, layer) => this.#layerAdapter(layer)),
      },
      signal,
      onEnter: (layer, tensor) => {
        // Below the lowest trained layer no gradient goes.
        if (!entering || layer < this.#lowest || layer === spec.layerCount) return false;
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

  #layerAdapter(layer: number): LayerAdapter {
    const frozen = this.context.adapters.layers[layer]!;
    const { part } = this.options;
    const parameters = this.#parameters[layer];
    if (part.kind !== 'lora' || !parameters) return frozen;
    return {
      matrices: frozen.matrices,
      inputs: { ...frozen.inputs, ...parameters },
      trained: { matrices: [...part.matrices], scaling: part.scaling },
    };
  }

  #part(layer: number): TrainedPart {
    if (!this.options.trains[layer]) return { kind: 'frozen' };
    const { part } = this.options;
    return part.kind === 'lora' ? { kind: 'lora' } : { kind: 'full', norms: part.norms };
  }

  #inputs(batch: TrainingBatch): BatchInputs {
    const { spec } = this.context;
    const groupSize = spec.headCount / spec.kvHeadCount;
    const { paddedLength } = batch;
    return {
      rowCount: batch.ids.length,
      newLength: paddedLength,
      starts: batch.ids.map(() => 0),
      mask: causalMask(groupSize, paddedLength, 0),
      maskDims: [1, 1, groupSize * paddedLength, paddedLength],
    };
  }

  /** After a full-parameter update the engine's weights are the new ones. */
  #publishWeights(): void {
    if (this.options.part.kind !== 'full') return;
    this.#parameters.forEach((values, layer) => {
      if (values) Object.assign(this.context.weights.layers[layer]!, values);
    });
  }

  async #read(tensors: LayerTensors): Promise<Array<Map<string, Float32Array> | null>> {
    const result: Array<Map<string, Float32Array> | null> = [];
    for (const values of tensors) {
      if (!values) {
        result.push(null);
        continue;
      }
      const layer = new Map<string, Float32Array>();
      for (const [name, tensor] of Object.entries(values))
        layer.set(name, await this.context.backend.read(tensor));
      result.push(layer);
    }
    return result;
  }

  #write(tensors: LayerTensors, values: ReadonlyArray<ReadonlyMap<string, Float32Array> | null>): void {
    tensors.forEach((layer, index) => {
      if (!layer) return;
      for (const name of Object.keys(layer)) {
        const dims = layer[name]!.dims;
        this.context.backend.release(layer[name]!);
        layer[name] = this.context.backend.upload(values[index]!.get(name)!.slice(), dims);
      }
    });
  }

  #release(tensors: LayerTensors): void {
    for (const values of tensors)
      for (const tensor of Object.values(values ?? {})) this.context.backend.release(tensor);
  }
}

export interface TrainerSnapshot {
  updateCount: number;
  parameters: Array<Map<string, Float32Array> | null>;
  first: Array<Map<string, Float32Array> | null>;
  second: Array<Map<string, Float32Array> | null>;
}

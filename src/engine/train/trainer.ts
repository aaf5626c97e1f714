/**
 * Training on one model: parameters, gradients, AdamW, and what holds parameters back (frozen layers, masked weights, an
 * anchor). Knows no data sets, no methods, no page. Forward and backward: passes.ts.
 */
import type { DeviceTensor } from '@/backends/backend.ts';
import type { TrainedPart } from '@/kernels/layer-kernel.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import { MODEL_ENDS, type ModelEnd } from '@/model/spec.ts';
import type { LayerAdapter } from '../adapter-stack.ts';
import { AdamW } from './adamw.ts';
import { dropoutMasks } from './dropout.ts';
import { distinctEnds, joinEnds, pieceRows, startEnds, startValues } from './end-parameters.ts';
import type { TrainingBatch } from './examples.ts';
import {
  copyLayers,
  type LayerTensors,
  type LayerValues,
  lowestPassed,
  readLayers,
  type TrainedShapes,
  toAdapter,
  toReplacedWeights,
  trainedShapes,
  uploadLayers,
  weightTensors,
} from './parameters.ts';
import { TrainingPass } from './passes.ts';
import {
  DEFAULT_KEPT_BYTES,
  type StepResult,
  type TrainerContext,
  type TrainerOptions,
  type TrainerSnapshot,
} from './trainer-options.ts';

export type { StepResult, TrainerContext, TrainerOptions, TrainerSnapshot } from './trainer-options.ts';

export class Trainer {
  readonly #optimizer: AdamW;
  readonly #pass: TrainingPass;
  readonly #parameters: LayerTensors;
  readonly #shapes: TrainedShapes;
  /** The model's own tensors, with which a full run starts: never written to, never released here. */
  readonly #borrowed: ReadonlySet<DeviceTensor>;
  #masks: LayerTensors | null = null;
  #anchor: LayerTensors | null = null;
  /** Strength of the pull towards the anchor; 0 = none. */
  rho = 0;

  constructor(
    private readonly context: TrainerContext,
    private readonly options: TrainerOptions,
  ) {
    const { backend, spec } = context;
    const { part, trains, pieceElements } = options;
    const shapes = trainedShapes(spec, part, trains, pieceElements);
    if (shapes.every((group) => group === null)) {
      throw new AppError(
        'bad-input',
        'Every layer is frozen: there is nothing to train.',
        'Freeze fewer layers.',
      );
    }
    const start = part.kind === 'full' ? weightTensors(context, shapes) : null;
    this.#shapes = shapes;
    this.#borrowed = new Set(start?.flatMap((layer) => Object.values(layer ?? {})));
    this.#parameters = start ?? uploadLayers(backend, options.initial);
    this.#optimizer = new AdamW(backend, { ...options.adamw, normCentre: spec.normCentre }, shapes);
    const ends = () => ({
      tensors: this.#parameters[spec.layerCount] ?? {},
      pieces: pieceRows(spec, pieceElements),
    });
    this.#pass = new TrainingPass(context, {
      lowest: lowestPassed(shapes),
      ends,
      adapter: (layer, dropout) => this.#layerAdapter(layer, dropout),
      part: (layer) => this.#part(layer),
      keptBytes: options.keptBytes ?? DEFAULT_KEPT_BYTES,
    });
  }

  get updateCount(): number {
    return this.#optimizer.updateCount;
  }

  /** One update from several micro-batches: as if they were one batch, since every token weighs the same. */
  step(batches: readonly TrainingBatch[], learningRate: number, signal?: AbortSignal): Promise<StepResult> {
    return this.#exclusive(async () => {
      const { loss, gradients: raw, tokenCount } = await this.#gradients(batches, signal);
      const anchor = this.rho > 0 ? this.#anchor : null;
      const restraints = { anchor, rho: this.rho, masks: this.#masks };
      const gradients = await this.#optimizer.adjust(raw, this.#parameters, restraints);
      const gradientNorm = Math.hypot(...(await this.#optimizer.norms(gradients)));
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        this.#release(gradients);
        const what = Number.isFinite(loss) ? 'norm of the gradients' : 'loss';
        const value = Number.isFinite(loss) ? gradientNorm : loss;
        throw new AppError(
          'bad-input',
          `The ${what} became ${value} at step ${this.updateCount + 1}; the weights are as they were before this step.`,
          'Use a smaller learning rate, or clip the gradients.',
        );
      }
      const { clipNorm } = this.options;
      const scale = clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
      await this.#optimizer.update(
        this.#parameters,
        gradients,
        learningRate,
        scale,
        this.#masks,
        this.#borrowed,
      );
      this.#release(gradients);
      return { loss, gradientNorm, tokenCount };
    });
  }

  /** Mean loss of a batch, without gradients. */
  loss(batch: TrainingBatch, signal?: AbortSignal): Promise<number> {
    return this.#exclusive(() => this.#pass.loss(batch, signal));
  }

  /** Gradients by layer and input name, as copies, without restraints; for tests and for importance scores. */
  gradients(batches: readonly TrainingBatch[], signal?: AbortSignal): Promise<LayerValues> {
    return this.#exclusive(async () => {
      const { gradients } = await this.#gradients(batches, signal);
      const values = await readLayers(this.context.backend, gradients);
      this.#release(gradients);
      return values;
    });
  }

  /** The trainable tensors, as copies. */
  parameters(): Promise<LayerValues> {
    return this.#exclusive(() => readLayers(this.context.backend, this.#parameters));
  }

  /** What has been trained, for the engine: low-rank pairs, or whole weights that stand in for the model's. */
  async adapter(name: string): Promise<AdapterData> {
    const { part } = this.options;
    const values = await this.parameters();
    return part.kind === 'lora'
      ? toAdapter(name, this.context.spec, part, values)
      : toReplacedWeights(name, values, this.context.spec.layerCount);
  }

  /**
   * What layer `layer` computes with: weights, frozen adapters, and, for `now`, what trains as it stands; for `start`, a full
   * run's first weights. Copies, one layer at a time.
   */
  layerTensors(layer: number, when: 'now' | 'start' = 'now'): Promise<Map<string, Float32Array>> {
    return this.#exclusive(async () => {
      const { backend, weights, adapters } = this.context;
      const { inputs } = when === 'now' ? this.#layerAdapter(layer) : adapters.layers[layer]!;
      return (await readLayers(backend, [{ ...weights.layers[layer]!, ...inputs }]))[0]!;
    });
  }

  /** The same for embedding, final norm and head; a tied model's head is its embedding. */
  endValues(when: 'now' | 'start' = 'now'): Promise<Map<ModelEnd, Float32Array>> {
    return this.#exclusive(async () => {
      const { backend, spec, weights, adapters } = this.context;
      const tensors = this.#parameters[spec.layerCount];
      const trained = when === 'now' && tensors ? joinEnds((await readLayers(backend, [tensors]))[0]!) : {};
      const values = new Map<ModelEnd, Float32Array>();
      for (const end of distinctEnds(spec, MODEL_ENDS)) {
        values.set(end, trained[end] ?? (await startValues(backend, weights, adapters, end)));
      }
      return values;
    });
  }

  /** From now on weights change only where their mask is not 0. By layer and input name, for everything that trains. */
  setMasks(masks: ReadonlyArray<ReadonlyMap<string, Float32Array> | null>): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#masks) this.#release(this.#masks);
      this.#masks = this.#upload(masks);
    });
  }

  /** Steps are pulled with `rho` towards what the parameters are now, or towards `values`. */
  setAnchor(values?: LayerValues): Promise<void> {
    return this.#exclusive(async () => {
      const at = values ?? (await readLayers(this.context.backend, this.#parameters));
      if (this.#anchor) this.#release(this.#anchor);
      this.#anchor = this.#upload(at);
    });
  }

  /** Parameters, both moments and the anchor, to go on later exactly where this stopped. Masks and rho are the caller's. */
  async snapshot(): Promise<TrainerSnapshot> {
    const { backend } = this.context;
    return this.#exclusive(async () => ({
      updateCount: this.updateCount,
      parameters: await readLayers(backend, this.#parameters),
      first: await readLayers(backend, this.#optimizer.first),
      second: await readLayers(backend, this.#optimizer.second),
      anchor: this.#anchor ? await readLayers(backend, this.#anchor) : null,
    }));
  }

  async restore(snapshot: TrainerSnapshot): Promise<void> {
    await this.#exclusive(async () => {
      this.#write(this.#parameters, snapshot.parameters);
      this.#write(this.#optimizer.first, snapshot.first);
      this.#write(this.#optimizer.second, snapshot.second);
      this.#optimizer.updateCount = snapshot.updateCount;
    });
    if (snapshot.anchor) await this.setAnchor(snapshot.anchor);
  }

  /** Gives its memory back; the trainer is unusable afterwards. The model stays as it was before it. */
  dispose(): Promise<void> {
    return this.#exclusive(async () => {
      for (const tensors of [this.#parameters, this.#optimizer.first, this.#optimizer.second]) {
        this.#release(tensors);
      }
      for (const tensors of [this.#masks, this.#anchor]) if (tensors) this.#release(tensors);
      this.#pass.dispose();
    });
  }

  /** Nothing else runs on the engine meanwhile; before the first task the ends' start values are put in place. */
  #exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.context.exclusive(async () => {
      const { backend, spec, weights, adapters } = this.context;
      const shapes = this.#shapes[spec.layerCount];
      if (shapes) {
        this.#parameters[spec.layerCount] ??= await startEnds(backend, weights, adapters, shapes);
      }
      return task();
    });
  }

  async #gradients(batches: readonly TrainingBatch[], signal?: AbortSignal) {
    const tokenCount = batches.reduce((sum, batch) => sum + batch.labels.length, 0);
    if (tokenCount === 0) {
      throw new AppError('bad-input', 'No token of these rows is a label.', 'Give rows with an answer.');
    }
    const { dropout } = this.options;
    let loss = 0;
    let total: LayerTensors | null = null;
    for (const [index, batch] of batches.entries()) {
      const masks = dropout ? dropoutMasks(dropout, { update: this.updateCount, batch: index }) : null;
      const part = await this.#pass.backward(batch, tokenCount, masks, signal).catch((error) => {
        if (total) this.#release(total);
        throw error;
      });
      loss += part.loss;
      total = total ? await this.#optimizer.sum(total, part.gradients) : part.gradients;
    }
    return { loss, gradients: total!, tokenCount };
  }

  #layerAdapter(layer: number, dropout = false): LayerAdapter {
    const frozen = this.context.adapters.layers[layer]!;
    const { part } = this.options;
    const parameters = this.#parameters[layer];
    if (!parameters) return frozen;
    return {
      matrices: frozen.matrices,
      inputs: { ...frozen.inputs, ...parameters },
      trained:
        part.kind === 'lora' ? { matrices: [...part.matrices], scaling: part.scaling, dropout } : undefined,
    };
  }

  #part(layer: number): TrainedPart {
    const { part, trains } = this.options;
    if (!trains[layer]) return this.#shapes[layer] ? { kind: 'norms' } : { kind: 'frozen' };
    return part.kind === 'lora' ? { kind: 'lora' } : { kind: 'full', norms: part.norms };
  }

  /** Values shaped like the parameters. */
  #upload(values: ReadonlyArray<ReadonlyMap<string, Float32Array> | null>): LayerTensors {
    return copyLayers(this.context.backend, this.#parameters, values);
  }

  #write(tensors: LayerTensors, values: LayerValues): void {
    const fresh = this.#upload(values);
    tensors.forEach((layer, index) => {
      for (const [name, tensor] of Object.entries(layer ?? {})) {
        if (!this.#borrowed.has(tensor)) this.context.backend.release(tensor);
        layer![name] = fresh[index]![name]!;
      }
    });
  }

  #release(tensors: LayerTensors): void {
    for (const values of tensors) {
      for (const tensor of Object.values(values ?? {})) {
        if (!this.#borrowed.has(tensor)) this.context.backend.release(tensor);
      }
    }
  }
}

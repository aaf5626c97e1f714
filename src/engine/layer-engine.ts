/**
 * The engine: batches, prefixes, caches and the loop over layers put together into the passes that experiments ask for.
 * Calls are queued; each may be cancelled between two layers.
 */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { Mutex } from '@/backends/mutex.ts';
import type { AdapterData } from '@/model/adapter-spec.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { type AdapterStack, endsInUse, releaseStack, stackAdapters } from './adapter-stack.ts';
import { causalBatch, type KeyValue, lastRows } from './batch-inputs.ts';
import { type Batch, planBatches } from './batches.ts';
import { Decoder, readLogits } from './decoder.ts';
import { DerivedStacks, planOver } from './derived-stack.ts';
import { type DeviceWeights, embedBatch } from './device-weights.ts';
import type {
  Engine,
  EngineInfo,
  GenerateOptions,
  HiddenStates,
  ModelSetting,
  PassOptions,
  ScoredText,
  TokenIds,
} from './engine.ts';
import { holdsFloats, readFloatMatrix, widenWeights } from './float-weights.ts';
import { batchKey, HiddenCache } from './hidden-cache.ts';
import { LayerLoop, type LoopRequest } from './layer-loop.ts';
import { checkScored, labelledTokens, sumLogProbs } from './likelihood.ts';
import { PrefixStore, type PrefixUse } from './prefix-store.ts';
import { type FanWork, type RangeFan, type RangeFanOptions, runRangeFan } from './range-fan.ts';
import { readOut } from './readout.ts';
import type { ScalePlan } from './scale-plan.ts';
import { Trainer, type TrainerContext, type TrainerOptions } from './train/trainer.ts';

/** One call: which model runs, and what it shares. */
interface Call {
  plan: ScalePlan;
  adapters: AdapterStack;
  prefix: PrefixUse;
  prefixIds: Int32Array;
  signal?: AbortSignal;
}

export class LayerEngine implements Engine {
  readonly #mutex = new Mutex();
  readonly #adapters = new Map<string, AdapterData>();
  readonly #stacks = new Map<string, AdapterStack>();
  readonly #loop: LayerLoop;
  readonly #prefixes: PrefixStore;
  readonly #hidden: HiddenCache;
  readonly #decoder: Decoder;
  readonly #derived: DerivedStacks;
  /** Layer runs of the last call, counted in rows: done, and what one full pass per sequence would have taken. */
  readonly lastRun = { run: 0, full: 0 };

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly weights: DeviceWeights,
  ) {
    this.#loop = new LayerLoop(backend, spec, weights);
    this.#prefixes = new PrefixStore(backend, spec, weights, this.#loop);
    this.#hidden = new HiddenCache(backend);
    this.#decoder = new Decoder(backend, spec, weights, this.#loop);
    this.#derived = new DerivedStacks(backend, spec, (layer, matrix) =>
      readFloatMatrix(backend, weights, layer, matrix),
    );
  }

  get info(): EngineInfo {
    const { spec, backend, weights } = this;
    const { precision, stream } = weights;
    const residency = stream ? 'streamed' : 'memory';
    return { spec, backend: backend.info, adapters: [...this.#adapters.keys()], precision, residency };
  }

  addAdapter(adapter: AdapterData): void {
    if (this.#adapters.has(adapter.name)) {
      throw new AppError(
        'bad-input',
        `An adapter called "${adapter.name}" is loaded already.`,
        'Choose another name.',
      );
    }
    this.#adapters.set(adapter.name, adapter);
  }

  /** Forgets an adapter and everything computed with it. */
  async removeAdapter(name: string): Promise<void> {
    await this.#mutex.run(async () => {
      this.#adapters.delete(name);
      for (const [key, stack] of this.#stacks) {
        if (!key.split('+').includes(name)) continue;
        releaseStack(this.backend, stack);
        this.#stacks.delete(key);
      }
      this.#derived.clear();
      this.#hidden.clear();
      this.#prefixes.clear();
    });
  }

  adapter(name: string): AdapterData | undefined {
    return this.#adapters.get(name);
  }

  /** What was cached of the quantised model goes: it differs in the last bits. */
  holdFloats(): Promise<void> {
    return this.#mutex.run(async () => {
      if (holdsFloats(this.weights)) return;
      this.#hidden.clear();
      this.#prefixes.clear();
      this.#derived.clear();
      await widenWeights(this.backend, this.spec, this.weights);
    });
  }

  /** A trainer over the named frozen adapters. It leaves the engine's own weights as they are. */
  trainer(adapters: readonly string[], options: TrainerOptions): Trainer {
    const context: TrainerContext = {
      backend: this.backend,
      spec: this.spec,
      weights: this.weights,
      loop: this.#loop,
      adapters: this.#stack(adapters),
      exclusive: (task) => this.#mutex.run(task),
    };
    return new Trainer(context, options);
  }

  hiddenStates(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: PassOptions<HiddenStates> = {},
  ): Promise<HiddenStates[]> {
    const { hiddenSize, layerCount } = this.spec;
    return this.#each(sequences, setting, options, async (batch, call) => {
      const states = batch.indices.map(() => new Float32Array((layerCount + 1) * hiddenSize));
      const { y } = await this.#runLayers(call, batch, this.#embed(batch, call.adapters), 0, layerCount, {
        onEnter: async (layer, x) => {
          const rows = await this.#readLast(batch, x);
          states.forEach((state, row) => {
            state.set(rows.subarray(row * hiddenSize, (row + 1) * hiddenSize), layer * hiddenSize);
          });
          return false;
        },
      });
      const last = await this.#loop.gather(y, lastRows(suffixLengths(batch)));
      const { normed } = await this.#loop.head(last, false, call.adapters);
      const finalNorm = await this.backend.read(normed);
      for (const tensor of [y, last, normed]) this.backend.release(tensor);
      return states.map((hidden, row) => ({
        hidden,
        finalNorm: finalNorm.slice(row * hiddenSize, (row + 1) * hiddenSize),
      }));
    });
  }

  async attention(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: PassOptions<Float32Array> = {},
  ): Promise<Float32Array[]> {
    const { headCount, layerCount } = this.spec;
    const results: Float32Array[] = [];
    // One row at a time: a padded batch would put pads among the keys of the last query.
    for (const index of options.order ?? sequences.keys()) {
      const [result] = await this.#each(
        [sequences[index]!],
        setting,
        { signal: options.signal },
        async (batch, call) => {
          const picture = new Float32Array(layerCount * headCount * batch.paddedLength);
          const { y } = await this.#runLayers(call, batch, this.#embed(batch, call.adapters), 0, layerCount, {
            onAttention: async (layer, attention) => {
              picture.set(await this.backend.read(attention), layer * headCount * batch.paddedLength);
            },
          });
          this.backend.release(y);
          return [picture];
        },
      );
      results[index] = result!;
      options.onItem?.(index, result!);
    }
    return results;
  }

  logits(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: PassOptions<Float32Array> = {},
  ): Promise<Float32Array[]> {
    return this.#each(sequences, setting, options, async (batch, call) => {
      const last = await this.#lastStates(call, batch);
      return readLogits(this.backend, this.#loop, last, call.adapters);
    });
  }

  generate(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: GenerateOptions,
  ): Promise<Int32Array[]> {
    return this.#each(sequences, setting, options, async (batch, call) => {
      const { layerCount } = this.spec;
      const { y, present } = await this.#runLayers(
        call,
        batch,
        this.#embed(batch, call.adapters),
        0,
        layerCount,
        {
          keepKeys: true,
          lastOnly: true,
        },
      );
      return this.#decoder.run({
        past: present,
        logits: await readLogits(this.backend, this.#loop, y, call.adapters),
        lengths: suffixLengths(batch),
        paddedLength: batch.paddedLength,
        ...call,
        maxNewTokens: options.maxNewTokens,
        stopIds: options.stopIds,
        onToken: (row, id) => options.onToken?.(batch.indices[row]!, id),
      });
    });
  }

  async logProbs(
    sequences: readonly ScoredText[],
    setting: ModelSetting,
    options: PassOptions<number> = {},
  ): Promise<number[]> {
    checkScored(sequences);
    const runBatch = async (batch: Batch, call: Call) => {
      const { y } = await this.#runLayers(
        call,
        batch,
        this.#embed(batch, call.adapters),
        0,
        this.spec.layerCount,
        {},
      );
      const ends = endsInUse(this.weights, call.adapters);
      const labels = labelledTokens(sequences, batch, call.prefixIds.length);
      const sums = await sumLogProbs(this.backend, this.#loop, ends, this.spec, y, labels);
      this.backend.release(y);
      return sums;
    };
    // What predicts a scored token must run in the batch, not lie in a shared prefix.
    const prefixLimit = Math.min(...sequences.map(({ from }) => from - 1));
    const ids = sequences.map((one) => one.ids);
    return this.#each(ids, setting, options, runBatch, prefixLimit);
  }

  rangeLogits(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    fan: RangeFan,
    options: RangeFanOptions,
  ): Promise<FanWork> {
    return this.#mutex.run(async () => {
      this.#check(sequences);
      const { backend, spec, weights } = this;
      const parts = {
        backend,
        spec,
        weights,
        loop: this.#loop,
        prefixes: this.#prefixes,
        hidden: this.#hidden,
      };
      return runRangeFan(parts, await this.#stackOf(setting), sequences, setting, fan, options);
    });
  }

  readout(
    vectors: readonly Float32Array[],
    onItem: (index: number, logits: Float32Array) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#mutex.run(() => readOut(this.backend, this.#loop, vectors, onItem, signal));
  }

  async close(): Promise<void> {
    await this.#mutex.run(async () => {
      this.#prefixes.clear();
      this.#hidden.clear();
      this.#derived.clear();
      await this.backend.close();
    });
  }

  /** The last tokens [B, D] as they leave the last layer, from the deepest unscaled state that is known. */
  async #lastStates(call: Call, batch: Batch): Promise<DeviceTensor> {
    const { layerCount } = this.spec;
    const { plan, adapters, prefixIds } = call;
    const key = batchKey(adapters, prefixIds, batch);
    const known = this.#hidden.deepest(key, plan.firstScaled);
    /** A copy of what the cache keeps: callers release what they get. */
    const copy = (rows: DeviceTensor) => this.#loop.gather(rows, [...batch.indices.keys()]);
    if (known?.layer === layerCount) return copy(known.x);
    let cached = false;
    const { y } = await this.#runLayers(
      call,
      batch,
      known?.x ?? this.#embed(batch, call.adapters),
      known?.layer ?? 0,
      layerCount,
      {
        borrowed: known !== null,
        lastOnly: true,
        onEnter: (layer, tensor) => {
          if (tensor === known?.x) return false;
          cached = layer > 0 && layer <= plan.firstScaled && this.#hidden.put(key, layer, tensor);
          return cached;
        },
      },
    );
    // The hook ran last for what leaves the last layer: `cached` says who owns y.
    return cached ? copy(y) : y;
  }

  async #runLayers(
    call: Call,
    batch: Batch,
    x: DeviceTensor,
    first: number,
    end: number,
    hooks: Pick<LoopRequest, 'onEnter' | 'onAttention' | 'keepKeys' | 'lastOnly' | 'borrowed'>,
  ): Promise<{ y: DeviceTensor; present: KeyValue[] }> {
    this.lastRun.run += (end - first) * batch.indices.length;
    const { plan, adapters, prefix, signal } = call;
    return this.#loop.run({
      ...hooks,
      x,
      first,
      end,
      batch: causalBatch(
        this.spec,
        batch.indices.length,
        batch.paddedLength,
        prefix.length,
        suffixLengths(batch),
      ),
      plan,
      adapters,
      prefix: prefix.keys,
      signal,
    });
  }

  /** The frame of every pass: plan, prefix, batches in order, items handed out as they come. */
  #each<Item>(
    sequences: readonly TokenIds[],
    setting: ModelSetting,
    options: PassOptions<Item>,
    runBatch: (batch: Batch, call: Call) => Promise<Item[]>,
    prefixLimit?: number,
  ): Promise<Item[]> {
    return this.#mutex.run(async () => {
      this.#check(sequences);
      const adapters = await this.#stackOf(setting);
      const plan = planOver(adapters, setting, this.spec);
      const { prefix: prefixIds, batches } = planBatches(
        sequences,
        options as PassOptions<never>,
        prefixLimit,
      );
      Object.assign(this.lastRun, { run: 0, full: sequences.length * this.spec.layerCount });
      const prefix = await this.#prefixes.use(prefixIds, adapters, plan, options.signal);
      const results: Item[] = [];
      try {
        for (const batch of batches) {
          const items = await runBatch(batch, { plan, adapters, prefix, prefixIds, signal: options.signal });
          items.forEach((item, row) => {
            const index = batch.indices[row]!;
            results[index] = item;
            options.onItem?.(index, item);
          });
        }
      } finally {
        prefix.release();
      }
      return results;
    });
  }

  #check(sequences: readonly TokenIds[]): void {
    const { vocabSize, contextLength } = this.spec;
    for (const ids of sequences) {
      if (ids.length === 0)
        throw new AppError('bad-input', 'A prompt without tokens cannot be run.', 'Leave it out.');
      if (ids.length > contextLength) {
        throw new AppError(
          'bad-input',
          `A prompt of ${ids.length} tokens is longer than the model's ${contextLength}.`,
          'Shorten it.',
        );
      }
      for (let t = 0; t < ids.length; t++) {
        const id = ids[t]!;
        if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
          throw new AppError(
            'bad-input',
            `Token id ${id} is not in the vocabulary of ${vocabSize}.`,
            'Use the tokenizer of this model.',
          );
        }
      }
    }
  }

  #stackOf(setting: ModelSetting): Promise<AdapterStack> {
    return this.#derived.of(setting, this.#stack(setting.adapters), this.#stack([]));
  }

  #stack(names: readonly string[]): AdapterStack {
    const key = names.join('+');
    let stack = this.#stacks.get(key);
    if (!stack) {
      const adapters = names.map((name) => {
        const adapter = this.#adapters.get(name);
        if (adapter) return adapter;
        const known = [...this.#adapters.keys()].join(', ') || 'none';
        throw new AppError('bad-input', `No adapter called "${name}" is loaded.`, `Loaded: ${known}.`);
      });
      this.#stacks.set(key, (stack = stackAdapters(this.backend, this.spec, adapters)));
    }
    return stack;
  }

  #embed(batch: Batch, adapters: AdapterStack): DeviceTensor {
    const ends = endsInUse(this.weights, adapters);
    return embedBatch(this.backend, ends, this.spec, batch.suffixes);
  }

  async #readLast(batch: Batch, x: DeviceTensor): Promise<Float32Array> {
    const picked = await this.#loop.gather(x, lastRows(suffixLengths(batch)));
    const rows = await this.backend.read(picked);
    this.backend.release(picked);
    return rows;
  }
}

function suffixLengths(batch: Batch): number[] {
  return batch.suffixes.map((suffix) => suffix.length);
}

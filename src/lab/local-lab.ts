/**
 * A lab in this very thread: opens a model, makes its engine, runs experiments one after another.
 * The command line uses it as it is, the worker behind LabHost. Which run is still wanted is the caller's business.
 */
import type { BackendInfo, Engine } from '@/engine/engine.ts';
import type { ParityMeasure } from '@/engine/parity.ts';
import type { TrainingSurroundings } from '@/experiments/context.ts';
import { throwIfCancelled } from '@/experiments/event-stream.ts';
import { runExperiment } from '@/experiments/run-experiment.ts';
import { VectorStore } from '@/experiments/vector-store.ts';
import { AppError } from '@/model/app-error.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import { weightedAdapter } from '@/model/weighted-adapter.ts';
import type { ControlCard } from '@/protocol/controls.ts';
import type { ExperimentEvent, ExperimentKind, ExperimentMap, Progress } from '@/protocol/experiments.ts';
import type { AccessOptions, AdapterCard, Lab, LoadOptions, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { CheckpointCard, FinetuneRow, RowTokens } from '@/protocol/training.ts';
import { MemoryCheckpointStore } from '@/training/checkpoint-store.ts';
import { listCheckpoints } from '@/training/checkpoints.ts';
import { joinAdapters } from '@/training/joined-adapter.ts';
import { countRowTokens } from '@/training/tokenise.ts';
import { adapterFiles } from '@/training/trained-adapter.ts';
import { asKnownProblem } from './known-problems.ts';
import type { LabParts, OpenedAdapter, OpenHooks } from './lab-parts.ts';
import { measureParity } from './parity.ts';
import { Turns } from './turns.ts';
import { labClosedError } from './wire.ts';

const cardOf = ({ data, label }: OpenedAdapter): AdapterCard => ({
  name: data.name,
  sha256: data.sha256,
  label,
});

function rethrow(error: unknown): never {
  throw asKnownProblem(error);
}

export class LocalLab implements Lab {
  readonly #parts: LabParts;
  readonly #vectors = new VectorStore();
  readonly #turns = new Turns();
  /** Takes checkpoints that have no room elsewhere. */
  readonly #fallback = new MemoryCheckpointStore();
  /** Of the loaded model and its adapters, before any training. */
  readonly #measured = new Map<string, Measures>();
  readonly #closed = new AbortController();
  #loaded: { model: LoadedModel; engine: Engine } | null = null;

  constructor(parts: LabParts) {
    this.#parts = parts;
  }

  /** For the command line's `forward`, which asks the engine itself. Null before load and after close. */
  get loaded(): { model: LoadedModel; engine: Engine } | null {
    return this.#loaded;
  }

  load(
    source: ModelSource,
    options: LoadOptions,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<ModelCard> {
    return this.#take(signal, async (inner) => {
      await this.#unload();
      const later: Array<() => void> = [];
      const hooks = { onProgress, signal: inner, later: (work: () => void) => later.push(work) };
      try {
        return await this.#open(source, options, hooks, inner);
      } finally {
        for (const work of later) work();
      }
    });
  }

  async #open(
    source: ModelSource,
    options: LoadOptions,
    hooks: OpenHooks,
    signal: AbortSignal,
  ): Promise<ModelCard> {
    const startMs = performance.now();
    this.#parts.warmUp?.(options).catch(() => undefined);
    const { model, adapters, parity } = await this.#parts.openModel(source, options, hooks);
    throwIfCancelled(signal);
    const engine = await this.#parts.createEngine(model, options, hooks);
    try {
      for (const adapter of adapters) engine.addAdapter(adapter.data);
      throwIfCancelled(signal);
    } catch (error) {
      await engine.close();
      throw error;
    }
    this.#loaded = { model, engine };
    const { precision, residency } = engine.info;
    return {
      name: model.name,
      sha256: model.sha256,
      spec: model.spec,
      backend: { ...engine.info.backend, precision, residency },
      templates: model.templates,
      adapters: adapters.map(cardOf),
      warnings: model.warnings,
      parity: parity[engine.info.backend.kind] ?? null,
      loadMs: performance.now() - startMs,
    };
  }

  addAdapter(source: ModelSource, name: string, access?: AccessOptions): Promise<AdapterCard> {
    return this.#take(undefined, async (inner) => {
      const { model, engine } = this.#required();
      if (engine.info.adapters.includes(name)) {
        throw new AppError(
          'bad-input',
          `An adapter named "${name}" is already there.`,
          'Choose another name.',
        );
      }
      const adapter = await this.#parts.openAdapter(source, name, model.spec, access);
      throwIfCancelled(inner);
      engine.addAdapter(adapter.data);
      return cardOf(adapter);
    });
  }

  weighAdapter(name: string, weight: number, as: string): Promise<AdapterCard> {
    return this.#take(undefined, async () => {
      const data = weightedAdapter(this.#knownAdapter(name), weight, as);
      this.#required().engine.addAdapter(data);
      return cardOf({ data, label: `${name}, its update times ${weight}.` });
    });
  }

  removeAdapter(name: string): Promise<void> {
    return this.#take(undefined, async () => {
      const { engine } = this.#required();
      this.#knownAdapter(name);
      await engine.removeAdapter!(name);
    });
  }

  exportAdapter(
    name: string,
    baseModel: string,
    over: readonly string[] = [],
  ): Promise<Map<string, Uint8Array>> {
    return this.#take(undefined, async () => {
      const stack = [...over, name].map((one) => this.#knownAdapter(one));
      const adapter = stack.length === 1 ? stack[0]! : joinAdapters(stack, name);
      return adapterFiles(adapter, this.#required().model.spec, baseModel);
    });
  }

  parity(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<ParityMeasure> {
    return this.#take(signal, (inner) => measureParity(this.#parts, this.#required(), onProgress, inner));
  }

  measureSpeed(backend: BackendInfo['kind'], seconds: number, signal?: AbortSignal): Promise<SpeedMeasure> {
    return this.#take(signal, (inner) => this.#parts.measureSpeed(backend, seconds, inner));
  }

  async rowTokens(rows: readonly FinetuneRow[], template: TemplateName): Promise<RowTokens[]> {
    return countRowTokens(this.#required().model.text, rows, template);
  }

  /** Not behind whatever is running: checkpoints are files. */
  async checkpoints(): Promise<CheckpointCard[]> {
    const { checkpoints, fallback } = this.#training();
    const lists = await Promise.all([checkpoints, fallback].map((store) => store && listCheckpoints(store)));
    return lists.flatMap((list) => list ?? []).sort((a, b) => b.savedAt.localeCompare(a.savedAt));
  }

  async removeCheckpoint(key: string): Promise<void> {
    const { checkpoints, fallback } = this.#training();
    for (const store of [checkpoints, fallback]) await store?.remove(key);
  }

  async controls(): Promise<ControlCard[]> {
    // Fetched when a person asks for them, as their code is.
    const { controlCards } = await import('@/experiments/by-hand.ts');
    return controlCards();
  }

  run<K extends ExperimentKind>(
    kind: K,
    params: ExperimentMap[K]['params'],
    onEvent?: (event: ExperimentEvent<K>) => void,
    signal?: AbortSignal,
  ): Promise<ExperimentMap[K]['result']> {
    const work = async (inner: AbortSignal) => {
      const { model, engine } = this.#required();
      const training = this.#training();
      const context = { engine, text: model.text, vectors: this.#vectors, training };
      const events = runExperiment(kind, context, params, inner);
      try {
        while (true) {
          const step = await events.next();
          if (step.done) return step.value;
          onEvent?.(step.value);
        }
      } finally {
        // A listener that threw must not leave the engine working.
        await events.return(undefined as never);
      }
    };
    // Needs no engine, only vectors that are there: answers while something long is running.
    if (kind === 'cosineMatrix' && !this.#closed.signal.aborted) {
      return this.#turns.beside(this.#signal(signal), work).catch(rethrow);
    }
    return this.#take(signal, work);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#turns.idle();
    await this.#unload();
  }

  #take<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed.signal.aborted) return Promise.reject(labClosedError());
    return this.#turns.take(this.#signal(signal), work).catch(rethrow);
  }

  #signal(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
  }

  #training(): TrainingSurroundings {
    const parts = this.#parts.training?.();
    return parts
      ? { ...parts, fallback: this.#fallback, measured: this.#measured }
      : { checkpoints: this.#fallback, memoryLimitBytes: null, measured: this.#measured };
  }

  #knownAdapter(name: string) {
    const { engine } = this.#required();
    const adapter = engine.adapter?.(name);
    if (adapter) return adapter;
    const known = engine.info.adapters.join(', ') || 'none';
    throw new AppError('not-found', `There is no adapter called "${name}".`, `Loaded: ${known}.`);
  }

  #required() {
    if (!this.#loaded) {
      throw new AppError('not-found', 'No model is loaded.', 'Load a model first.');
    }
    return this.#loaded;
  }

  async #unload(): Promise<void> {
    const engine = this.#loaded?.engine;
    this.#loaded = null;
    this.#vectors.clear();
    this.#measured.clear();
    await engine?.close();
  }
}

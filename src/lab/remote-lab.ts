/**
 * A lab in a worker. Same interface and same errors as LocalLab; in addition a worker that dies rejects everything
 * that waits for it with 'worker-crashed', and closing ends the worker, which is what frees its memory.
 */
import { type Endpoint, proxy, type Remote, wrap } from 'comlink';
import type { BackendInfo } from '@/engine/engine.ts';
import type { ParityMeasure } from '@/engine/parity.ts';
import { cancelledError } from '@/experiments/event-stream.ts';
import { AppError } from '@/model/app-error.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { ControlCard } from '@/protocol/controls.ts';
import type { ExperimentEvent, ExperimentKind, ExperimentMap, Progress } from '@/protocol/experiments.ts';
import type { AccessOptions, AdapterCard, Lab, LoadOptions, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import type { CheckpointCard, FinetuneRow, RowTokens } from '@/protocol/training.ts';
import type { LabHost, RemoteListener } from './lab-host.ts';
import { fromOutcome, labClosedError, type Outcome } from './wire.ts';

/** A worker, whatever kind: where to talk to it, how to end it, how to learn that it died. */
export interface LabWorker {
  endpoint: Endpoint;
  terminate(): void;
  /** Calls back once with what is known about the cause. */
  onCrash(listener: (cause: string) => void): void;
  /** Name of a lock to be held by the worker while it lives: a worker that ends without an error event is noticed by it. */
  lifeLock?: string;
}

/** A browser's dedicated worker that runs workers/lab.worker.ts. */
export function browserLabWorker(worker: Worker): LabWorker {
  return {
    endpoint: worker,
    // Locks are there in secure contexts only; without them a silent end goes unnoticed.
    ...('locks' in navigator ? { lifeLock: `lab ${crypto.randomUUID()}` } : {}),
    terminate: () => worker.terminate(),
    onCrash: (listener) => {
      worker.addEventListener('error', (event) => listener(event.message || 'it could not be started'));
      worker.addEventListener('messageerror', () => listener('a message could not be read'));
    },
  };
}

type Send<T> = (host: Remote<LabHost>, callId: number) => Promise<Outcome<T>>;

export class RemoteLab implements Lab {
  readonly #worker: LabWorker;
  readonly #host: Remote<LabHost>;
  readonly #pending = new Set<(error: AppError) => void>();
  #ended: AppError | null = null;
  #nextCallId = 1;

  constructor(worker: LabWorker) {
    this.#worker = worker;
    this.#host = wrap<LabHost>(worker.endpoint);
    worker.onCrash((cause) => this.#crashed(cause));
    if (worker.lifeLock) void this.#watch(worker.lifeLock);
  }

  load(
    source: ModelSource,
    options: LoadOptions,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<ModelCard> {
    const listener = onProgress ? proxy(onProgress) : null;
    return this.#call<ModelCard>((host, callId) => host.load(callId, source, options, listener), signal);
  }

  addAdapter(source: ModelSource, name: string, access?: AccessOptions): Promise<AdapterCard> {
    return this.#call<AdapterCard>((host) => host.addAdapter(source, name, access));
  }

  weighAdapter(name: string, weight: number, as: string): Promise<AdapterCard> {
    return this.#call<AdapterCard>((host) => host.weighAdapter(name, weight, as));
  }

  removeAdapter(name: string): Promise<void> {
    return this.#call<void>((host) => host.removeAdapter(name));
  }

  exportAdapter(
    name: string,
    baseModel: string,
    over: readonly string[] = [],
  ): Promise<Map<string, Uint8Array>> {
    return this.#call<Map<string, Uint8Array>>((host) => host.exportAdapter(name, baseModel, over));
  }

  parity(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<ParityMeasure> {
    const listener = onProgress ? proxy(onProgress) : null;
    return this.#call<ParityMeasure>((host, callId) => host.parity(callId, listener), signal);
  }

  measureSpeed(backend: BackendInfo['kind'], seconds: number, signal?: AbortSignal): Promise<SpeedMeasure> {
    return this.#call<SpeedMeasure>((host, callId) => host.measureSpeed(callId, backend, seconds), signal);
  }

  rowTokens(rows: readonly FinetuneRow[], template: TemplateName): Promise<RowTokens[]> {
    return this.#call<RowTokens[]>((host) => host.rowTokens(rows, template));
  }

  checkpoints(): Promise<CheckpointCard[]> {
    return this.#call<CheckpointCard[]>((host) => host.checkpoints());
  }

  removeCheckpoint(key: string): Promise<void> {
    return this.#call<void>((host) => host.removeCheckpoint(key));
  }

  controls(): Promise<ControlCard[]> {
    return this.#call<ControlCard[]>((host) => host.controls());
  }

  run<K extends ExperimentKind>(
    kind: K,
    params: ExperimentMap[K]['params'],
    onEvent?: (event: ExperimentEvent<K>) => void,
    signal?: AbortSignal,
  ): Promise<ExperimentMap[K]['result']> {
    const listener: RemoteListener<ExperimentEvent<K>> | null = onEvent ? proxy(onEvent) : null;
    return this.#call<ExperimentMap[K]['result']>((host, callId) => {
      // comlink's mapped type cannot carry a generic method; the host's own signature is the one that holds.
      const run = host.run as unknown as LabHost['run'];
      return run(callId, kind, params, listener);
    }, signal);
  }

  async close(): Promise<void> {
    this.#end(cancelledError());
  }

  #call<T>(send: Send<T>, signal?: AbortSignal): Promise<T> {
    if (this.#ended) {
      return Promise.reject(this.#ended.code === 'worker-crashed' ? this.#ended : labClosedError());
    }
    if (signal?.aborted) return Promise.reject(cancelledError());
    const callId = this.#nextCallId++;
    const cancel = () => {
      void this.#host.cancel(callId);
    };
    return new Promise<T>((resolve, reject) => {
      this.#pending.add(reject);
      signal?.addEventListener('abort', cancel, { once: true });
      send(this.#host, callId)
        .then((outcome) => resolve(fromOutcome(outcome)))
        .catch(reject)
        .finally(() => {
          this.#pending.delete(reject);
          signal?.removeEventListener('abort', cancel);
        });
    });
  }

  /** The lock comes to this side only when the worker is gone. */
  async #watch(name: string): Promise<void> {
    await this.#host.holdLock(name);
    await navigator.locks.request(name, () => this.#crashed('it ended without saying why'));
  }

  #crashed(cause: string): void {
    this.#end(
      new AppError(
        'worker-crashed',
        `The worker that runs the model stopped: ${cause}.`,
        'Load the model again; if it happens again, choose a smaller model or another backend.',
      ),
    );
  }

  #end(error: AppError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#worker.terminate();
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }
}

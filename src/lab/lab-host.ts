/**
 * The worker's side of a remote lab: a LocalLab whose calls can be named, so that they can be cancelled by name.
 * Registered by workers/lab.worker.ts with comlink's `expose(new LabHost())`. Knows no page.
 */
import { type ProxyMarked, releaseProxy } from 'comlink';
import type { BackendInfo } from '@/engine/engine.ts';
import type { ParityMeasure } from '@/engine/parity.ts';
import type { TemplateName } from '@/model/text-codec.ts';
import type { ControlCard } from '@/protocol/controls.ts';
import type { ExperimentEvent, ExperimentKind, ExperimentMap, Progress } from '@/protocol/experiments.ts';
import type { AccessOptions, AdapterCard, LoadOptions, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import type { CheckpointCard, FinetuneRow, RowTokens } from '@/protocol/training.ts';
import type { LabParts } from './lab-parts.ts';
import { LocalLab } from './local-lab.ts';
import { realParts } from './real-parts.ts';
import { type Outcome, toOutcome } from './wire.ts';

/** A callback as comlink hands it over: every call is a message that is answered. */
export type RemoteListener<Value> = ((value: Value) => Promise<void> | void) & Partial<ProxyMarked>;

export class LabHost {
  readonly #lab: LocalLab;
  readonly #running = new Map<number, AbortController>();

  constructor(parts: LabParts = realParts) {
    this.#lab = new LocalLab(parts);
  }

  load(
    callId: number,
    source: ModelSource,
    options: LoadOptions,
    onProgress: RemoteListener<Progress> | null,
  ): Promise<Outcome<ModelCard>> {
    return this.#call(callId, onProgress, (listener, signal) =>
      this.#lab.load(source, options, listener, signal),
    );
  }

  addAdapter(source: ModelSource, name: string, access?: AccessOptions): Promise<Outcome<AdapterCard>> {
    return toOutcome(() => this.#lab.addAdapter(source, name, access));
  }

  weighAdapter(name: string, weight: number, as: string): Promise<Outcome<AdapterCard>> {
    return toOutcome(() => this.#lab.weighAdapter(name, weight, as));
  }

  removeAdapter(name: string): Promise<Outcome<void>> {
    return toOutcome(() => this.#lab.removeAdapter(name));
  }

  exportAdapter(
    name: string,
    baseModel: string,
    over: readonly string[],
  ): Promise<Outcome<Map<string, Uint8Array>>> {
    return toOutcome(() => this.#lab.exportAdapter(name, baseModel, over));
  }

  parity(callId: number, onProgress: RemoteListener<Progress> | null): Promise<Outcome<ParityMeasure>> {
    return this.#call(callId, onProgress, (listener, signal) => this.#lab.parity(listener, signal));
  }

  measureSpeed(
    callId: number,
    backend: BackendInfo['kind'],
    seconds: number,
  ): Promise<Outcome<SpeedMeasure>> {
    return this.#call(callId, null, (_, signal) => this.#lab.measureSpeed(backend, seconds, signal));
  }

  rowTokens(rows: readonly FinetuneRow[], template: TemplateName): Promise<Outcome<RowTokens[]>> {
    return toOutcome(() => this.#lab.rowTokens(rows, template));
  }

  checkpoints(): Promise<Outcome<CheckpointCard[]>> {
    return toOutcome(() => this.#lab.checkpoints());
  }

  removeCheckpoint(key: string): Promise<Outcome<void>> {
    return toOutcome(() => this.#lab.removeCheckpoint(key));
  }

  controls(): Promise<Outcome<ControlCard[]>> {
    return toOutcome(() => this.#lab.controls());
  }

  run<K extends ExperimentKind>(
    callId: number,
    kind: K,
    params: ExperimentMap[K]['params'],
    onEvent: RemoteListener<ExperimentEvent<K>> | null,
  ): Promise<Outcome<ExperimentMap[K]['result']>> {
    return this.#call(callId, onEvent, (listener, signal) => this.#lab.run(kind, params, listener, signal));
  }

  /** Takes a lock that the browser frees when this worker is gone, for whatever reason; resolves when it is held. */
  holdLock(name: string): Promise<void> {
    return new Promise((resolve) => {
      void navigator.locks.request(name, () => {
        resolve();
        return new Promise(() => {});
      });
    });
  }

  cancel(callId: number): void {
    this.#running.get(callId)?.abort();
  }

  close(): Promise<Outcome<void>> {
    return toOutcome(() => this.#lab.close());
  }

  async #call<Value, Result>(
    callId: number,
    remote: RemoteListener<Value> | null,
    work: (listener: ((value: Value) => void) | undefined, signal: AbortSignal) => Promise<Result>,
  ): Promise<Outcome<Result>> {
    const controller = new AbortController();
    this.#running.set(callId, controller);
    // Events and the answer travel over different ports: the answer must wait until the last event was taken.
    let lastTaken: Promise<void> | undefined;
    let listenerError: unknown;
    const listener = remote
      ? (value: Value) => {
          lastTaken = Promise.resolve(remote(value)).catch((error) => {
            listenerError ??= error;
            controller.abort();
          });
        }
      : undefined;
    const outcome = await toOutcome(async () => {
      const result = await work(listener, controller.signal).catch(async (error) => {
        await lastTaken;
        throw listenerError ?? error;
      });
      await lastTaken;
      if (listenerError) throw listenerError;
      return result;
    });
    this.#running.delete(callId);
    if (remote) (remote as { [releaseProxy]?: () => void })[releaseProxy]?.();
    return outcome;
  }
}

/**
 * Latest-only scheduling for one lab, which does one thing at a time. The caller says what is wanted *now*; the
 * scheduler cancels what is no longer wanted, lets urgent work pre-empt background work and takes that up again later.
 * Knows nothing of experiments, stores or React.
 */

export interface Job {
  /** At most one job per slot is wanted at a time, e.g. "score" or "bandScan". */
  slot: string;
  /** Everything the answer depends on. Same slot and key = the same job; another key makes the old one stale. */
  key: string;
  /** Lower runs first and interrupts higher. */
  priority: number;
  /** What a person reads while it runs. */
  label: string;
  /** May be called again after an interruption. Must not deliver anything once `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface SchedulerEvents {
  /** The running job or the queue changed. */
  onChange?(): void;
  /** A job failed by itself (cancelling is no failure). It is not run again until `retry`. */
  onFailure?(job: Job, error: unknown): void;
}

const idOf = (job: Pick<Job, 'slot' | 'key'>): string => `${job.slot}\u0000${job.key}`;

export class Scheduler {
  #wanted = new Map<string, Job>();
  #running: { job: Job; controller: AbortController } | null = null;
  /** Finished, failed or stopped by hand: not started again while wanted under the same key. */
  #settled = new Map<string, 'done' | 'failed' | 'stopped'>();
  #closed = false;

  constructor(private readonly events: SchedulerEvents = {}) {}

  get running(): Job | null {
    return this.#running && !this.#running.controller.signal.aborted ? this.#running.job : null;
  }

  get waiting(): Job[] {
    return [...this.#wanted.values()]
      .filter((job) => !this.#settled.has(idOf(job)) && this.running !== job)
      .sort((a, b) => a.priority - b.priority);
  }

  /** Slots that a person stopped. */
  get stopped(): string[] {
    return [...this.#wanted.values()]
      .filter((job) => this.#settled.get(idOf(job)) === 'stopped')
      .map((job) => job.slot);
  }

  /** Replaces the whole wish list. A job that is already running under the same key goes on undisturbed. */
  want(jobs: readonly Job[]): void {
    if (this.#closed) return;
    const next = new Map<string, Job>();
    for (const job of jobs) {
      const running = this.#running;
      const same = running && idOf(running.job) === idOf(job) && !running.controller.signal.aborted;
      next.set(idOf(job), same ? Object.assign(running.job, { priority: job.priority }) : job);
    }
    this.#wanted = next;
    for (const id of this.#settled.keys()) if (!next.has(id)) this.#settled.delete(id);
    this.#interruptIfNeeded();
    this.#startNext();
    this.events.onChange?.();
  }

  /** Stops a slot by hand; it stays stopped until its key changes or `retry`. */
  stop(slot: string): void {
    for (const job of this.#wanted.values()) if (job.slot === slot) this.#settled.set(idOf(job), 'stopped');
    if (this.#running?.job.slot === slot) this.#running.controller.abort();
    this.#startNext();
    this.events.onChange?.();
  }

  /** Runs failed or stopped jobs again: of one slot, or all. */
  retry(slot?: string): void {
    for (const job of this.#wanted.values()) {
      if (slot === undefined || job.slot === slot) {
        if (this.#settled.get(idOf(job)) !== 'done') this.#settled.delete(idOf(job));
      }
    }
    this.#interruptIfNeeded();
    this.#startNext();
    this.events.onChange?.();
  }

  /** Cancels everything for good; resolves nothing, keeps nothing. */
  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#running?.controller.abort();
  }

  #interruptIfNeeded(): void {
    const running = this.#running;
    if (!running || running.controller.signal.aborted) return;
    const stale = !this.#wanted.has(idOf(running.job));
    const urgent = this.waiting[0];
    if (stale || (urgent && urgent.priority < running.job.priority)) running.controller.abort();
  }

  #startNext(): void {
    // An aborted job still occupies the lab until it has let go: never two at once.
    if (this.#running || this.#closed) return;
    const job = this.waiting[0];
    if (!job) return;
    const controller = new AbortController();
    const current = { job, controller };
    this.#running = current;
    let work: Promise<void>;
    try {
      work = job.run(controller.signal);
    } catch (error) {
      work = Promise.reject(error);
    }
    work.then(
      () => this.#finish(current, null),
      (error: unknown) => this.#finish(current, { error }),
    );
  }

  #finish(current: { job: Job; controller: AbortController }, failure: { error: unknown } | null): void {
    this.#running = null;
    const interrupted = current.controller.signal.aborted;
    if (!interrupted) {
      this.#settled.set(idOf(current.job), failure ? 'failed' : 'done');
      if (failure) this.events.onFailure?.(current.job, failure.error);
    }
    this.#startNext();
    this.events.onChange?.();
  }
}

/** One piece of work at a time, in the order asked; what is cancelled while it waits never starts. */
import { cancelledError, throwIfCancelled } from '@/experiments/event-stream.ts';

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` after everything asked for earlier. Rejects as soon as `signal` aborts while waiting. */
  take<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = before.then(() => this.#start(signal, work));
    this.#last = turn.then(
      () => {},
      () => {},
    );
    let started = false;
    before.then(() => {
      started = true;
    });
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        if (!started) reject(cancelledError());
      };
      signal.addEventListener('abort', giveUp, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    });
  }

  /** Runs `work` now, but is waited for by `idle`. */
  beside<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const turn = this.#start(signal, work);
    const before = this.#last;
    this.#last = Promise.allSettled([before, turn]).then(() => {});
    return turn;
  }

  /** When nothing is running or waiting any more. */
  async idle(): Promise<void> {
    while (true) {
      const last = this.#last;
      await last;
      if (last === this.#last) return;
    }
  }

  async #start<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    throwIfCancelled(signal);
    return work(signal);
  }
}

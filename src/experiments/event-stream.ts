/**
 * From the engine's callbacks to async generators: what a promise reports while it runs becomes what a generator
 * yields. The only place where the two styles meet; nothing here knows any experiment.
 */
import { AppError } from '@/model/app-error.ts';
import type { Progress } from '@/protocol/experiments.ts';

export function cancelledError(): AppError {
  return new AppError('cancelled', 'The run was cancelled.', 'Start it again to get its result.');
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError();
}

/**
 * Runs `start` and yields what it emits, then returns its result.
 * A consumer that stops early, or `signal`, aborts the signal that `start` gets; the generator ends only after `start`
 * has settled, so that no stale work runs beside what comes next. Whatever is thrown after an abort is 'cancelled'.
 */
export async function* streamEvents<Event, Result>(
  start: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Event, Result, void> {
  throwIfCancelled(signal);
  const stop = new AbortController();
  const queue: Event[] = [];
  let settled = false;
  let wake = () => {};
  const emit = (event: Event) => {
    queue.push(event);
    wake();
  };
  const work = (async () => start(emit, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal))();
  const done = work.then(
    () => {},
    () => {},
  );
  done.then(() => {
    settled = true;
    wake();
  });
  try {
    while (true) {
      while (queue.length > 0) {
        throwIfCancelled(signal);
        yield queue.shift()!;
      }
      if (settled) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const result = await work;
    throwIfCancelled(signal);
    return result;
  } catch (error) {
    throw signal?.aborted ? cancelledError() : error;
  } finally {
    stop.abort();
    await done;
  }
}

/**
 * Another generator's events turned into one's own, where `turn` gives any, and its result. A consumer that stops early
 * ends the other generator too.
 */
export async function* relay<From, Result, To = never>(
  events: AsyncGenerator<From, Result, void>,
  turn: (event: From) => To | null = () => null,
): AsyncGenerator<To, Result, void> {
  let isDone = false;
  try {
    while (true) {
      const step = await events.next();
      if (step.done) {
        isDone = true;
        return step.value;
      }
      const turned = turn(step.value);
      if (turned !== null) yield turned;
    }
  } finally {
    // A generator that has thrown is finished, and this does nothing.
    if (!isDone) await events.return(undefined as Result);
  }
}

/** Makes the progress events of one run; its clock starts when it is made. */
export function progressMaker(
  unit: Progress['unit'],
): (phase: string, done: number, total: number) => { type: 'progress'; progress: Progress } {
  const startMs = performance.now();
  return (phase, done, total) => ({
    type: 'progress',
    progress: { phase, done, total, unit, elapsedMs: performance.now() - startMs },
  });
}

/** Lets messages (a cancel, for one) in between two pieces of synchronous work. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  throwIfCancelled(signal);
}

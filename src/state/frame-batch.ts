/** Collects changes and applies them once per animation frame, so that a stream of events costs one render. */

export interface FrameBatch<T> {
  add(change: T): void;
  /** Applies what waits, now. */
  flush(): void;
}

export function frameBatch<T>(
  apply: (changes: T[]) => void,
  schedule: (callback: () => void) => void = (callback) => requestAnimationFrame(callback),
): FrameBatch<T> {
  let waiting: T[] = [];
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (waiting.length === 0) return;
    const changes = waiting;
    waiting = [];
    apply(changes);
  };
  return {
    add(change) {
      waiting.push(change);
      if (scheduled) return;
      scheduled = true;
      schedule(flush);
    },
    flush,
  };
}

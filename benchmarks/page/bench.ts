/** What the runner calls inside the page: one measure in a worker of its own, ended afterwards to free its memory. */
import { wrap } from 'comlink';
import type { WebBenchmarks } from './bench.worker.ts';

async function measure<K extends keyof WebBenchmarks>(
  kind: K,
  ...args: Parameters<WebBenchmarks[K]>
): Promise<Awaited<ReturnType<WebBenchmarks[K]>>> {
  const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
  try {
    const remote = wrap<WebBenchmarks>(worker) as unknown as Record<
      K,
      (...given: unknown[]) => Promise<never>
    >;
    return await remote[kind](...args);
  } finally {
    worker.terminate();
  }
}

const bench = { measure };

declare global {
  interface Window {
    bench: typeof bench;
  }
}
window.bench = bench;

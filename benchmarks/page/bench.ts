/** What the runner calls inside the page: measures in a worker each, ended afterwards to free its memory, and training steps. */
import { type Remote, wrap } from 'comlink';
import type { StepKind } from '../training/plan.ts';
import type { TimedStep } from '../training/steps.ts';
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

/** Kept between steps, which other contestants' steps come between. */
let training: { worker: Worker; remote: Remote<WebBenchmarks> } | null = null;

async function openTraining(modelUrl: string, threads: number): Promise<void> {
  const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
  training = { worker, remote: wrap<WebBenchmarks>(worker) };
  await training.remote.openTraining(modelUrl, threads);
}

async function trainingStep(kind: StepKind): Promise<TimedStep> {
  return training!.remote.trainingStep(kind);
}

const bench = { measure, openTraining, trainingStep };

declare global {
  interface Window {
    bench: typeof bench;
  }
}
window.bench = bench;

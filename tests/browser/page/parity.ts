/**
 * What browser tests call inside the page: `window.parity`. Runs the product's own modules, bundled as the product is.
 * Holds no expectations: tests compare what comes back.
 */

import { wrap } from 'comlink';
import { browserLabWorker, RemoteLab } from '@/lab/remote-lab.ts';
import type { ExperimentKind, ExperimentMap } from '@/protocol/experiments.ts';
import type { LoadOptions, ModelCard, ModelSource } from '@/protocol/lab.ts';
import type { Measures } from './parity.worker.ts';

/** What this browser offers to the engine. */
export interface Surroundings {
  crossOriginIsolated: boolean;
  sharedMemory: boolean;
  threads: number;
  /** null where there is no WebGPU, or no adapter. */
  webgpu: {
    vendor: string;
    architecture: string;
    description: string;
    features: string[];
    maxBufferBytes: number;
  } | null;
}

async function surroundings(): Promise<Surroundings> {
  const adapter = await navigator.gpu?.requestAdapter();
  return {
    crossOriginIsolated,
    sharedMemory: typeof SharedArrayBuffer === 'function',
    threads: navigator.hardwareConcurrency,
    webgpu: adapter
      ? {
          vendor: adapter.info.vendor,
          architecture: adapter.info.architecture,
          description: adapter.info.description,
          features: [...adapter.features],
          maxBufferBytes: adapter.limits.maxBufferSize,
        }
      : null,
  };
}

/** Runs one measure of parity.worker.ts in a worker of its own, ended afterwards to free its memory. */
async function measure<K extends keyof Measures>(
  kind: K,
  ...args: Parameters<Measures[K]>
): Promise<Awaited<ReturnType<Measures[K]>>> {
  const worker = new Worker(new URL('./parity.worker.ts', import.meta.url), { type: 'module' });
  try {
    const remote = wrap<Measures>(worker) as unknown as Record<K, (...given: unknown[]) => Promise<never>>;
    return await remote[kind](...args);
  } finally {
    worker.terminate();
  }
}

export interface LabRequest {
  [name: string]: { [K in ExperimentKind]: { kind: K; params: ExperimentMap[K]['params'] } }[ExperimentKind];
}

/**
 * Experiments one after another through the product's own lab in the product's own worker. Typed arrays come back as
 * plain ones, since that is what leaves a page.
 */
async function lab(
  source: ModelSource,
  options: LoadOptions,
  requests: LabRequest,
): Promise<{ card: ModelCard; results: Record<string, unknown> }> {
  const worker = new Worker(new URL('../../../workers/lab.worker.ts', import.meta.url), { type: 'module' });
  const remote = new RemoteLab(browserLabWorker(worker));
  try {
    const card = await remote.load(source, options);
    const results: Record<string, unknown> = {};
    for (const [name, { kind, params }] of Object.entries(requests)) {
      results[name] = withPlainArrays(await remote.run(kind, params as never));
    }
    return { card, results };
  } finally {
    await remote.close();
  }
}

const withPlainArrays = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, one) => (ArrayBuffer.isView(one) ? [...(one as Float32Array)] : one)));

const parity = { surroundings, measure, lab };

declare global {
  interface Window {
    parity: typeof parity;
  }
}
window.parity = parity;

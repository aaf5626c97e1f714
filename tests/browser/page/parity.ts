/**
 * What browser tests call inside the page: `window.parity`. Runs the product's own modules, bundled as the product is.
 * Holds no expectations: tests compare what comes back.
 */

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

const parity = { surroundings };

declare global {
  interface Window {
    parity: typeof parity;
  }
}
window.parity = parity;

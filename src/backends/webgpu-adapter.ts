/** Finding a GPU worth using, without loading the runtime. */

/** A GPU adapter that is not a software fallback, or null. Never throws: no WebGPU is an ordinary case. */
export async function hardwareAdapter(): Promise<GPUAdapter | null> {
  try {
    const adapter = (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
    return adapter && !isSoftware(adapter) ? adapter : null;
  } catch {
    return null;
  }
}

/** True for adapters that compute on the CPU, slower than WASM does. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  return (
    Boolean(info.isFallbackAdapter) ||
    /swiftshader|llvmpipe|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`)
  );
}

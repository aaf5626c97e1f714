/** What scripts/ort-wasm/resident-tensors.ts adds to ONNX Runtime's script for WebAssembly. */
import type { WasmModule } from './wasm-memory.ts';

declare module 'onnxruntime-web/wasm' {
  /** @throws Error before the runtime has started */
  export function getInstance(): WasmModule;
}

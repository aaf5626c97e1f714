/**
 * Gives the page ONNX Runtime's WebAssembly with faster matrix products (faster-products.ts), made from the installed package
 * when it is first asked for: `import url from 'ort-wasm/rolled.wasm?url'`, or `fused`. And its script with tensors that need
 * no copying (resident-tensors.ts).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { projectRoot } from '../setup.mjs';
import { fasterProducts } from './faster-products.ts';
import { withResidentTensors } from './resident-tensors.ts';

export const PACKAGE_WASM = createRequire(import.meta.url).resolve(
  'onnxruntime-web/ort-wasm-simd-threaded.wasm',
);

/** Files that this process has made: page, workers and every import of them ask anew. */
const made = new Map<string, string>();

function fileOf(variant: 'rolled' | 'fused'): string {
  const known = made.get(variant);
  if (known) return known;
  const folder = join(projectRoot, '.cache', 'ort-wasm');
  const file = join(folder, `ort-wasm-simd-threaded.${variant}.wasm`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, fasterProducts(readFileSync(PACKAGE_WASM), { fused: variant === 'fused' }));
  made.set(variant, file);
  return file;
}

export function fasterOrtWasm(): Plugin {
  return {
    name: 'faster-ort-wasm',
    enforce: 'pre',
    resolveId: {
      filter: { id: /^ort-wasm\/(rolled|fused)\.wasm\?url$/ },
      handler: (id) => `${fileOf(id.includes('fused') ? 'fused' : 'rolled')}?url`,
    },
    transform: {
      filter: { id: /[\\/]onnxruntime-web[\\/]dist[\\/]ort\.wasm\.min\.mjs$/ },
      handler: (code) => withResidentTensors(code),
    },
  };
}

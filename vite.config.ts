/**
 * How the page is bundled, and the development server. The parts that the browser tests' page shares are exported.
 * Not here: when to build (scripts/build.mjs), the server of the built page (scripts/serve.mjs), tests (vitest.config.ts).
 */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from 'vite';
import { isolationHeaders } from './scripts/serve.mjs';

/**
 * One ONNX Runtime in the browser, the one that src/backends asks for. Two others would come along and get an empty
 * module instead: transformers.js, here for tokenizers and chat templates alone, imports one at its top (27 MB of
 * WebAssembly, loaded from a CDN unless told otherwise); and the command line's onnxruntime-node is behind a dynamic import.
 */
function oneRuntime(): Plugin {
  const emptyRuntimeId = '\0empty-onnx-runtime';
  const cdn = 'https://cdn.jsdelivr.net/npm/onnxruntime-web@';
  return {
    name: 'one-onnx-runtime',
    enforce: 'pre',
    resolveId(source, importer) {
      const isForTokenizers =
        importer?.includes('@huggingface/transformers') && source.startsWith('onnxruntime-web');
      return isForTokenizers || source === 'onnxruntime-node' ? emptyRuntimeId : null;
    },
    load(id) {
      if (id !== emptyRuntimeId) return null;
      // `env` undefined is what makes transformers.js skip every setting of the runtime, the CDN address among them.
      return 'export const env = undefined, Tensor = class {}, InferenceSession = class {};';
    },
    transform(code, id) {
      if (!/@huggingface\/transformers\/dist\//.test(id)) return null;
      // Unreachable with an empty `env`; taken out as well, so that a search of the bundle can prove it.
      if (!code.includes(cdn))
        this.error(
          'transformers.js no longer holds the CDN address that is taken out here; look where it went.',
        );
      return { code: code.replaceAll(cdn, 'about:invalid#'), map: null };
    },
  };
}

/** Common to the page and to the browser tests' page. */
export function sharedConfig(): UserConfig {
  return {
    base: './',
    plugins: [react(), oneRuntime()],
    resolve: {
      alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) },
      // ONNX Runtime without its loader embedded: WASM threads re-run their own script, which must not be our chunk.
      conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
    },
    worker: { format: 'es', plugins: () => [oneRuntime()] },
    optimizeDeps: { exclude: ['onnxruntime-web', '@huggingface/transformers'] },
    build: {
      target: 'es2023',
      // public/ holds 100 MB of models; the servers mount it beside the build instead of copying it every time.
      copyPublicDir: false,
      // Never a data: address: WebAssembly is fetched and compiled while it streams.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
    },
    server: { headers: isolationHeaders },
    preview: { headers: isolationHeaders },
  };
}

export default defineConfig(({ mode }) => {
  const shared = sharedConfig();
  // `vite build --mode static` makes a dist/ that any static host can serve by itself.
  return { ...shared, build: { ...shared.build, copyPublicDir: mode === 'static' } };
});

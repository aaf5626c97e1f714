/**
 * How the page is bundled, and the development server. The parts that the browser tests' page shares are exported.
 * Not here: when to build (scripts/build.mjs), the server of the built page (scripts/serve.mjs), tests (vitest.config.ts).
 */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from 'vite';
import { isolationHeaders } from './scripts/serve.mjs';

const EMPTY_ID = '\0empty';

/**
 * One ONNX Runtime in the browser, the one that src/backends asks for, and of transformers.js only its tokenizers.
 * Its published bundle cannot be taken apart (117 kB gzipped for the tokenizer class instead of 42), imports a second
 * runtime of 27 MB and loads that from a CDN; so the class is taken from its source file in the same package, where what
 * belongs to Node or to running models is replaced by nothing. A version that moves the file fails the build.
 */
function tokenizersOnly(): Plugin {
  const source = fileURLToPath(
    new URL('./node_modules/@huggingface/transformers/src/tokenization_utils.js', import.meta.url),
  );
  const unwanted = /^(node:.*|sharp|onnxruntime-(node|web)(\/.*)?|.*\/onnx-node\.js)$/;
  return {
    name: 'tokenizers-only',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (specifier === '@huggingface/transformers') return source;
      // Modules of the command line stand behind dynamic imports that no page reaches.
      if (/[\\/]node-[\w-]+\.ts$/.test(importer ?? '') && /^(node:|onnxruntime-node$)/.test(specifier))
        return EMPTY_ID;
      const isTransformers = importer?.replaceAll('\\', '/').includes('@huggingface/transformers/src/');
      return isTransformers && unwanted.test(specifier) ? EMPTY_ID : null;
    },
    load(id) {
      // `env` undefined makes transformers.js skip every setting of the runtime, the CDN's address among them.
      return id === EMPTY_ID
        ? 'export default {}; export const env = undefined, Tensor = class {}, InferenceSession = class {};'
        : null;
    },
    transform(code, id) {
      if (!id.replaceAll('\\', '/').endsWith('@huggingface/transformers/src/backends/onnx.js')) return null;
      // Unreachable without `env`; taken out as well, so that a search of the bundle proves it (scripts/size.mjs).
      return { code: code.replaceAll('https://cdn.jsdelivr.net/npm/', 'about:invalid#'), map: null };
    },
  };
}

/** How long plugins took says nothing to someone who starts the page. */
const checks = { pluginTimings: false };

/** Common to the page and to the browser tests' page. */
export function sharedConfig(): UserConfig {
  return {
    base: './',
    plugins: [react(), tokenizersOnly()],
    resolve: {
      alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) },
      // ONNX Runtime without its loader embedded: WASM threads re-run their own script, which must not be our chunk.
      conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
    },
    worker: { format: 'es', plugins: () => [tokenizersOnly()], rolldownOptions: { checks } },
    optimizeDeps: { exclude: ['onnxruntime-web', '@huggingface/transformers'] },
    build: {
      target: 'es2023',
      // public/ holds 100 MB of models; the servers mount it beside the build instead of copying it every time.
      copyPublicDir: false,
      // Never a data: address: WebAssembly is fetched and compiled while it streams.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
      rolldownOptions: { checks },
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

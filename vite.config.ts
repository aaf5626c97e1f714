/**
 * How the page is bundled, and the development server. The parts that the browser tests' page shares are exported.
 * Not here: when to build (scripts/build.mjs), the server of the built page (scripts/serve.mjs), tests (vitest.config.ts).
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from 'vite';
import { fasterOrtWasm } from './scripts/ort-wasm/plugin.ts';
import { isolationHeaders, metaPolicy, safetyHeaders } from './scripts/serve.mjs';

const LEFT_OUT_ID = '\0left-out';

/**
 * Of transformers.js only its tokenizer class, from its source file: the published bundle cannot be taken apart (117 kB
 * gzipped instead of 28), imports a second ONNX Runtime of 27 MB and loads that from a CDN. Of what that file imports,
 * downloading and tensors are left out: tokenizers here are built from objects in memory and answer with arrays
 * (src/model/tokenizer-library.ts). A version that moves a file or a name fails the build.
 */
function tokenizersOnly(): Plugin {
  const source = fileURLToPath(
    new URL('./node_modules/@huggingface/transformers/src/tokenization_utils.js', import.meta.url),
  );
  const unwanted = /^\.\/utils\/(hub|tensor|logger|model_registry\/get_tokenizer_files)\.js$/;
  return {
    name: 'tokenizers-only',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (specifier === '@huggingface/transformers') return source;
      // Modules of the command line stand behind dynamic imports that no page reaches.
      if (/[\\/]node-[\w-]+\.ts$/.test(specifier)) return LEFT_OUT_ID;
      return importer?.endsWith('/tokenization_utils.js') && unwanted.test(specifier) ? LEFT_OUT_ID : null;
    },
    load(id) {
      if (id !== LEFT_OUT_ID) return null;
      return `
        const leftOut = () => { throw new Error('This part of a library is not in the page (vite.config.ts).'); };
        export const logger = console, getModelJSON = leftOut, get_tokenizer_files = leftOut;
        export class Tensor { constructor() { leftOut(); } }`;
    },
  };
}

/**
 * jsPDF can take in HTML and draw SVG through a canvas; the page gives it vectors and needs none of the three libraries.
 * One way to show a PDF, which the page does not use, would load a viewer from a CDN: its address goes.
 */
function pdfWithoutHtml(): Plugin {
  return {
    name: 'pdf-without-html',
    enforce: 'pre',
    resolveId: (specifier, importer) =>
      /^(html2canvas|dompurify|canvg)$/.test(specifier) && /[\\/]jspdf[\\/]/.test(importer ?? '')
        ? LEFT_OUT_ID
        : null,
    transform: {
      filter: { id: /[\\/]jspdf[\\/]dist[\\/]/ },
      handler: (code) => code.replaceAll(/https:\/\/cdnjs\.[^"'`]+/g, 'about:blank'),
    },
  };
}

/** The page speaks English, so of the names that react-aria gives to hidden buttons in 34 languages it needs one. */
function englishOnly(): Plugin {
  return {
    name: 'english-only',
    enforce: 'pre',
    load: {
      filter: { id: /react-(aria|stately)[\w-]*\/dist\/.*\/intl\/.*(?<!en-US)\.m?js$/ },
      // A language that is not there is replaced by en-US (LocalizedStringDictionary).
      handler: () => 'export default undefined;',
    },
  };
}

/**
 * Each package of d3 promises to be free of side effects, but is one file, whose tables (40 colour schemes, all kinds of
 * curves) are calls that a bundler must keep unless they are marked as pure. Wrapped, because the mark covers neither the
 * links of a chain nor the arguments of a call.
 */
function unusedTablesOfD3(): Plugin {
  return {
    name: 'unused-tables-of-d3',
    transform: {
      filter: { id: /[\\/]d3-[\w-]+[\\/]dist[\\/]d3-[\w-]+\.mjs$/ },
      handler(code) {
        const calls = this.parse(code)
          .body.flatMap((statement) =>
            statement.type === 'VariableDeclaration' ? statement.declarations : [],
          )
          .flatMap(({ init }) =>
            init?.type === 'CallExpression' || init?.type === 'NewExpression' ? [init] : [],
          );
        return calls
          .toReversed()
          .reduce(
            (text, { start, end }) =>
              `${text.slice(0, start)}/*#__PURE__*/ (() => ${text.slice(start, end)})()${text.slice(end)}`,
            code,
          );
      },
    },
  };
}

/**
 * The content security policy inside the page, for hosts that send no headers. Not while developing: hot reload runs inline
 * scripts and a socket.
 */
function policyInPage(): Plugin {
  return {
    name: 'policy-in-page',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: metaPolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/**
 * What a worker needs at once stands beside its own script, so that parts loaded later import from there: WebKit evaluates a
 * worker's script a second time for an import that names it, and everything in it would be there twice.
 */
const besideEntry = { name: 'worker-base', tags: ['$initial' as const], test: /^(?!.*\.worker\.ts$)/ };

/** How long plugins took says nothing to someone who starts the page. */
const checks = { pluginTimings: false };

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

/** Common to the page and to the browser tests' page. */
export function sharedConfig(): UserConfig {
  return {
    base: './',
    define: { APP_VERSION: JSON.stringify(version) },
    plugins: [
      react(),
      fasterOrtWasm(),
      tokenizersOnly(),
      pdfWithoutHtml(),
      englishOnly(),
      unusedTablesOfD3(),
      policyInPage(),
    ],
    resolve: {
      alias: {
        '@': fileURLToPath(new URL('./src', import.meta.url)),
        // React has it itself since version 18.
        'use-sync-external-store/shim/index.js': 'react',
      },
      // ONNX Runtime without its loader embedded: WASM threads re-run their own script, which must not be our chunk.
      conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
    },
    worker: {
      format: 'es',
      plugins: () => [fasterOrtWasm(), tokenizersOnly()],
      rolldownOptions: { checks, output: { codeSplitting: { groups: [besideEntry] } } },
    },
    optimizeDeps: { exclude: ['onnxruntime-web', '@huggingface/transformers'] },
    build: {
      target: 'es2023',
      // Every browser of that year knows it.
      modulePreload: { polyfill: false },
      // public/ holds 100 MB of models; the servers mount it beside the build instead of copying it every time.
      copyPublicDir: false,
      // Never a data: address: WebAssembly is fetched and compiled while it streams.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
      rolldownOptions: { checks },
    },
    server: { headers: isolationHeaders },
    preview: { headers: { ...isolationHeaders, ...safetyHeaders } },
  };
}

export default defineConfig(({ mode }) => {
  const shared = sharedConfig();
  // `vite build --mode static` makes a dist/ that any static host can serve by itself.
  return { ...shared, build: { ...shared.build, copyPublicDir: mode === 'static' } };
});

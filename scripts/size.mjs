/**
 * What a visitor downloads, and whether it is what was promised: at most 400 kB of gzipped application JavaScript until
 * the first live number, one ONNX Runtime, no address of a CDN. Listed apart: WebAssembly with its loaders, and what a
 * person asks for (dialogs, sections further down, PDF), which is fetched then.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { projectRoot, runScript, SetupError } from './setup.mjs';

const LIMIT_KB = 400;
const dist = join(projectRoot, 'dist');

/** @returns {string[]} */
function builtFiles() {
  if (!existsSync(dist)) throw new SetupError('There is no dist/ to measure. Run "npm run build" first.');
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(dist, name)).isFile())
    .sort();
}

/** @param {string} name */
function measure(name) {
  const content = readFileSync(join(dist, name));
  return {
    name,
    content,
    rawKb: content.length / 1000,
    gzipKb: gzipSync(content, { level: 9 }).length / 1000,
  };
}

/** ONNX Runtime's generated loaders, one for each WebAssembly file. @param {string} name */
const isRuntimeLoader = (name) => /ort-wasm-simd-threaded[^/\\]*\.m?js$/.test(name);

/**
 * Searches, controls and training, models from servers, measuring the machine: the worker fetches them with the first one that
 * is started. @param {string} file
 */
const isByHand = (file) => /^(by-hand|downloads|measure-speed)-/.test(file);

/**
 * The scripts that run before anything is asked for: what the page imports at once, and the worker with all that it may
 * import by itself, since a backend and the tokenizer come with the first model. By name.
 * @param {ReturnType<typeof measure>[]} scripts @param {string} html
 */
function firstLoad(scripts, html) {
  const byFile = new Map(scripts.map((script) => [script.name.replace(/^.*[/\\]/, ''), script]));
  const isWorker = (/** @type {string} */ file) => /\.worker-/.test(file);
  const found = new Set();
  const visit = (/** @type {string} */ file, /** @type {boolean} */ withDynamic) => {
    const script = byFile.get(file);
    if (!script || found.has(script.name)) return;
    found.add(script.name);
    const code = script.content.toString('utf8');
    const at = [...code.matchAll(/(?:\bfrom\s*|\bimport\s*)["'`]\.\/([\w.-]+\.m?js)["'`]/g)].map(
      (m) => m[1] ?? '',
    );
    const later = [...code.matchAll(/["'`](?:\.\/|assets\/)?([\w.-]+\.m?js)["'`]/g)].map((m) => m[1] ?? '');
    for (const next of at) visit(next, withDynamic);
    for (const next of later.filter((name) => (withDynamic || isWorker(name)) && !isByHand(name)))
      visit(next, true);
  };
  for (const [, file = ''] of html.matchAll(/(?:src|href)="\.\/assets\/([\w.-]+\.js)"/g)) visit(file, false);
  // Recorded runs are read at once, by a chunk that imports nothing else.
  for (const file of byFile.keys()) if (file.startsWith('run-file-')) visit(file, false);
  return found;
}

/** @param {string} title @param {ReturnType<typeof measure>[]} files */
function report(title, files) {
  const totalKb = files.reduce((sum, { gzipKb }) => sum + gzipKb, 0);
  console.log(`${title}: ${totalKb.toFixed(1)} kB gzipped`);
  for (const { name, rawKb, gzipKb } of files)
    console.log(`  ${gzipKb.toFixed(1).padStart(8)} kB  (${rawKb.toFixed(1)} kB raw)  ${name}`);
  return totalKb;
}

await runScript(async () => {
  const files = builtFiles();
  const scripts = files.filter((name) => /\.m?js$/.test(name)).map(measure);
  const own = scripts.filter(({ name }) => !isRuntimeLoader(name));
  const first = firstLoad(own, readFileSync(join(dist, 'index.html'), 'utf8'));
  const isFirst = (/** @type {{ name: string }} */ { name }) => first.has(name);
  const applicationKb = report('application JavaScript', own.filter(isFirst));
  report(
    'JavaScript that a person asks for',
    own.filter((script) => !isFirst(script)),
  );
  report('stylesheets', files.filter((name) => name.endsWith('.css')).map(measure));
  report('ONNX Runtime, on demand', [
    ...scripts.filter(({ name }) => isRuntimeLoader(name)),
    ...files.filter((name) => name.endsWith('.wasm')).map(measure),
  ]);

  const faults = [];
  // A bundler that names its files otherwise would leave nothing to count.
  if (![...first].some((name) => /lab\.worker/.test(name)) || first.size < 5)
    faults.push(`of the first load only ${[...first].join(', ') || 'nothing'} was found`);
  if (applicationKb > LIMIT_KB)
    faults.push(`application JavaScript is ${applicationKb.toFixed(1)} kB gzipped, more than ${LIMIT_KB} kB`);
  if (scripts.some(({ name }) => /browser-external|\bnode-/.test(name)))
    faults.push('modules of Node are in the page: the command line’s are to be left out (vite.config.ts)');
  for (const { name, content } of scripts) {
    const address = /https?:\/\/[^"'`\s]*(?:jsdelivr|unpkg|cdnjs|esm\.sh|skypack)[^"'`\s]*/.exec(
      content.toString('utf8'),
    );
    if (address) faults.push(`${name} holds the address of a CDN: ${address[0]}`);
    if (/\bfrom\s*["'`]\.\/[\w.-]+\.worker-/.test(content.toString('utf8')))
      faults.push(
        `${name} imports a worker’s own script, which WebKit runs a second time for it (vite.config.ts)`,
      );
  }
  // The version is a literal of each copy of the runtime's scripts.
  const versions = new Set(
    scripts.flatMap(({ content }) =>
      [...content.toString('utf8').matchAll(/["'`](1\.\d+\.\d+(?:-dev[^"'`]*)?)["'`]/g)].map((m) => m[1]),
    ),
  );
  const installed = JSON.parse(
    readFileSync(join(projectRoot, 'node_modules/onnxruntime-web/package.json'), 'utf8'),
  ).version;
  const foreign = [...versions].filter(
    (version) => version !== installed && /-dev|^1\.[23]\d\./.test(version ?? ''),
  );
  if (foreign.length > 0)
    faults.push(`another ONNX Runtime than ${installed} is bundled: ${foreign.join(', ')}`);
  const loaders = new Set(
    files.filter((name) => name.endsWith('.wasm')).map((name) => name.replace(/-[\w-]{8}\.wasm$/, '')),
  );
  if (loaders.size !== files.filter((name) => name.endsWith('.wasm')).length)
    faults.push('the same WebAssembly file is shipped twice');

  if (faults.length > 0)
    throw new SetupError(`The build is not what it should be:\n- ${faults.join('\n- ')}`);
});

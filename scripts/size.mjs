/**
 * What a visitor downloads, and whether it is what was promised: at most 400 kB of gzipped application JavaScript, one
 * ONNX Runtime, no address of a CDN. WebAssembly and its loader scripts are listed apart: they come on demand.
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
  const applicationKb = report(
    'application JavaScript',
    scripts.filter(({ name }) => !isRuntimeLoader(name)),
  );
  report('stylesheets', files.filter((name) => name.endsWith('.css')).map(measure));
  report('ONNX Runtime, on demand', [
    ...scripts.filter(({ name }) => isRuntimeLoader(name)),
    ...files.filter((name) => name.endsWith('.wasm')).map(measure),
  ]);

  const faults = [];
  if (applicationKb > LIMIT_KB)
    faults.push(`application JavaScript is ${applicationKb.toFixed(1)} kB gzipped, more than ${LIMIT_KB} kB`);
  for (const { name, content } of scripts) {
    const address = /https?:\/\/[^"'`\s]*(?:jsdelivr|unpkg|cdnjs|esm\.sh|skypack)[^"'`\s]*/.exec(
      content.toString('utf8'),
    );
    if (address) faults.push(`${name} holds the address of a CDN: ${address[0]}`);
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

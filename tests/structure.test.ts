/**
 * The rules of CONTRIBUTING.md that a machine can check: who may import whom, sizes, names, opening comments. Reads
 * import statements as text; it compiles nothing and runs nothing.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../scripts/setup.mjs';

/** What a folder of src/ may import: `values` at run time, `types` only as types. Its own files always. */
interface LayerRule {
  values: string[];
  types?: string[];
}

/** From the bottom up. A folder that is missing here fails the test, so that a new one gets its place on purpose. */
const LAYERS: Record<string, LayerRule> = {
  // The vocabulary: what a model is, and errors for people.
  model: { values: [] },
  // The paper. Pure functions: neither files nor runtimes nor pages.
  method: { values: [], types: ['model', 'protocol'] },
  // Passes over layers, on any runtime.
  onnx: { values: [] },
  kernels: { values: ['onnx', 'model'] },
  backends: { values: ['onnx', 'model'], types: ['engine'] },
  engine: { values: ['kernels', 'backends', 'model'] },
  // Runs on paper, their memory, checkpoints and proofs.
  training: { values: ['engine', 'method', 'model'], types: ['protocol'] },
  // Experiments, and how threads talk about them.
  protocol: { values: ['model'], types: ['engine'] },
  // What can be done with finished runs.
  runs: { values: ['method', 'protocol', 'model'], types: ['engine'] },
  experiments: { values: ['training', 'method', 'protocol', 'model'], types: ['engine'] },
  // What a machine has and what a model takes of it.
  machine: { values: ['backends', 'onnx', 'model'], types: ['engine', 'protocol'] },
  // Files on servers, and those kept in the browser.
  downloads: { values: ['model'], types: ['protocol'] },
  lab: {
    values: ['experiments', 'training', 'engine', 'machine', 'downloads', 'protocol', 'model'],
  },
  // Files of prompts that a person brings.
  data: { values: ['protocol', 'model'] },
  // The page.
  theme: { values: [] },
  figures: { values: ['theme', 'model'], types: ['protocol'] },
  elements: { values: ['theme', 'figures', 'model'] },
  state: {
    // training: what a run needs is said before it starts.
    values: ['training', 'runs', 'downloads', 'machine', 'protocol', 'method', 'data', 'model'],
    types: ['experiments', 'engine', 'lab', 'views', 'figures'],
  },
  // What a person can ask of the page besides setting something: open files, save.
  actions: {
    values: ['state', 'runs', 'downloads', 'machine', 'data', 'protocol', 'method', 'model'],
    types: ['lab'],
  },
  views: {
    values: [
      'actions',
      'elements',
      'figures',
      'theme',
      'state',
      'runs',
      'downloads',
      'machine',
      'data',
      'protocol',
      'method',
      'model',
    ],
  },
  app: {
    values: [
      'actions',
      'views',
      'elements',
      'figures',
      'theme',
      'state',
      'lab',
      'data',
      'protocol',
      'method',
      'model',
    ],
  },
};

/** Libraries that belong to one place. Everything else is free. */
const LIBRARY_HOMES: Array<{ library: RegExp; home: RegExp; why: string }> = [
  { library: /^onnxruntime-/, home: /^src\/backends\//, why: 'only backends know the runtime' },
  { library: /^(onnx-buf|@bufbuild\/)/, home: /^src\/onnx\//, why: 'only onnx knows the file format' },
  { library: /^@huggingface\//, home: /^src\/model\//, why: 'only model knows tokenizers' },
  { library: /^zod$/, home: /^cli\//, why: 'the page takes zod/mini: zod weighs 17 kB more' },
  {
    library: /^comlink$/,
    home: /^src\/(lab\/|backends\/float-helper)/,
    why: 'only lab, and what makes weights, talk between threads',
  },
  {
    library: /^react/,
    home: /^src\/(views|elements|app|state)\/|^src\/main\.tsx$/,
    why: 'React is the page',
  },
  {
    library: /^d3/,
    home: /^src\/(views|elements|figures|theme|data|state)\//,
    why: 'd3 draws, and reads CSV',
  },
  {
    library: /^node:/,
    home: /^src\/.*\bnode-[\w-]+\.ts$/,
    why: 'the browser has no Node; files for it are called node-*',
  },
];

const MAX_LINES = 300;
/** Files over the limit, each with the reason why it is better whole. */
const LONG_FILES: Record<string, string> = {
  'src/protocol/run-file.ts':
    'the whole schema of a run file, encoded and decoded side by side so that they agree',
  'src/state/config.ts': 'the table of all settings: default, description and schema of each side by side',
  'src/state/session.ts':
    'one class: loading, running and falling back share the lab, the queue and their cancelling',
  'src/engine/layer-engine.ts': 'one class: its passes share the queue, the caches and the cancelling',
};

const SOURCE_ROOTS = ['src', 'workers', 'cli', 'scripts', 'benchmarks', 'tests', 'e2e'];

function filesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot, folder)).flatMap((name) => {
    const path = posix.join(folder, name);
    if (path === 'tests/fixtures') return [];
    return statSync(join(projectRoot, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

const sources = SOURCE_ROOTS.flatMap(filesBelow).filter((path) => /\.(ts|tsx|mjs|css)$/.test(path));
const modules = sources.filter((path) => !path.endsWith('.css'));
const isTest = (path: string) => /\.test\.tsx?$|^tests\/|^e2e\/|\/testing\//.test(path);
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

interface Import {
  specifier: string;
  typeOnly: boolean;
}

/** Static, dynamic and re-exporting imports of one file. */
function importsOf(code: string): Import[] {
  const found: Import[] = [];
  const statements = /^(?:import|export)\s+(type\s)?\s*([\w*{][^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  for (const [, typeKeyword, clause = '', specifier = ''] of code.matchAll(statements)) {
    const names = /^\{([^}]*)\}/
      .exec(clause.trim())?.[1]
      ?.split(',')
      .map((name) => name.trim());
    const allTypes = names?.filter(Boolean).every((name) => name.startsWith('type ')) ?? false;
    found.push({ specifier, typeOnly: Boolean(typeKeyword) || allTypes });
  }
  for (const [, specifier = ''] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g))
    found.push({ specifier, typeOnly: false });
  return found;
}

/** Path below the project, or null for a library. */
function resolveOwn(path: string, specifier: string): string | null {
  if (specifier.startsWith('@/')) return `src/${specifier.slice(2)}`;
  return specifier.startsWith('.') ? posix.join(dirname(path), specifier) : null;
}

const layerOf = (path: string) => /^src\/([\w-]+)\//.exec(path)?.[1] ?? null;

describe('importsOf, which the rules below rest on', () => {
  test('tells values from types, in all spellings', () => {
    const code = [
      "import { a, type B } from './one.ts';",
      "import { type C, type D } from './two.ts';",
      "import type { E } from './three.ts';",
      "import './four.css';",
      "export * from './five.ts';",
      "const six = await import('./six.ts');",
      "import {\n  f,\n  g,\n} from './seven.ts';",
      "// nothing from './eight.ts'",
    ].join('\n');
    expect(importsOf(code).sort((a, b) => a.specifier.localeCompare(b.specifier))).toEqual([
      { specifier: './five.ts', typeOnly: false },
      { specifier: './four.css', typeOnly: false },
      { specifier: './one.ts', typeOnly: false },
      { specifier: './seven.ts', typeOnly: false },
      { specifier: './six.ts', typeOnly: false },
      { specifier: './three.ts', typeOnly: true },
      { specifier: './two.ts', typeOnly: true },
    ]);
  });
});

describe('layers', () => {
  const product = modules.filter((path) => path.startsWith('src/') && !isTest(path));

  test('every folder of src has its place in the table', () => {
    const folders = new Set(product.map(layerOf).filter((layer) => layer !== null));
    expect([...folders].filter((folder) => !(folder in LAYERS))).toEqual([]);
  });

  test('a folder imports only what lies below it', () => {
    const faults = product.flatMap((path) => {
      const layer = layerOf(path);
      const rule = layer === null ? null : LAYERS[layer];
      if (!layer || !rule) return [];
      return importsOf(read(path)).flatMap(({ specifier, typeOnly }) => {
        const target = resolveOwn(path, specifier);
        const targetLayer = target && layerOf(target);
        if (!targetLayer || targetLayer === layer || rule.values.includes(targetLayer)) return [];
        return typeOnly && rule.types?.includes(targetLayer) ? [] : [`${path} imports ${specifier}`];
      });
    });
    expect(faults).toEqual([]);
  });

  test('the product imports neither tests, scripts nor the command line', () => {
    const faults = product.flatMap((path) =>
      importsOf(read(path))
        .filter(({ specifier }) =>
          /^(tests|e2e|scripts|cli|benchmarks)\//.test(resolveOwn(path, specifier) ?? ''),
        )
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(faults).toEqual([]);
  });

  test('libraries stay at home', () => {
    const faults = product.flatMap((path) =>
      importsOf(read(path)).flatMap(({ specifier, typeOnly }) => {
        const rule = LIBRARY_HOMES.find(({ library }) => library.test(specifier));
        // Types of onnxruntime-common cost nothing, but knowing them is knowing the runtime.
        const excused = !rule || rule.home.test(path) || (typeOnly && !specifier.startsWith('onnxruntime-'));
        return excused ? [] : [`${path} imports ${specifier}: ${rule.why}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  test('own files are imported with their extension; relative within a folder of src, by @/ across', () => {
    const faults = product.flatMap((path) =>
      importsOf(read(path)).flatMap(({ specifier }) => {
        const target = resolveOwn(path, specifier);
        if (target === null) return [];
        const hasExtension = /\.(ts|tsx|css|json|mjs)(\?\w+)?$/.test(specifier);
        const isAcross = layerOf(target) !== layerOf(path);
        const isSibling = !isAcross && dirname(target) !== dirname(path);
        // Between two pictures of src/views either spelling reads well.
        const wellSpelt = isSibling || layerOf(path) === null || specifier.startsWith('@/') === isAcross;
        return hasExtension && wellSpelt ? [] : [`${path} imports ${specifier}`];
      }),
    );
    expect(faults).toEqual([]);
  });
});

describe('files', () => {
  test(`none has more than ${MAX_LINES} lines without a stated reason`, () => {
    const long = modules.filter(
      (path) => !isTest(path) && read(path).trimEnd().split('\n').length > MAX_LINES,
    );
    expect(long.filter((path) => !(path in LONG_FILES))).toEqual([]);
    expect(Object.keys(LONG_FILES).filter((path) => !long.includes(path))).toEqual([]);
  });

  test('none is called utils', () => {
    expect(sources.filter((path) => /^(utils?|misc|common|helpers?)\./i.test(basename(path)))).toEqual([]);
  });

  test('names are kebab-case, components PascalCase', () => {
    const wellNamed = (path: string) => {
      const name = basename(path);
      if (/\.tsx$/.test(name) && name !== 'main.tsx') return /^[A-Z][A-Za-z0-9]*(\.test)?\.tsx$/.test(name);
      return /^[a-z0-9]+([-.][a-z0-9]+)*\.(ts|tsx|mjs|css)$/.test(name);
    };
    expect(sources.filter((path) => !wellNamed(path))).toEqual([]);
  });

  test('each opens with a comment that says what it is', () => {
    const opensWithComment = (path: string) => /^(#![^\n]*\n)?\s*(\/\*|\/\/)/.test(read(path));
    // A test says what it is with its titles, a stylesheet with the component of the same name.
    expect(modules.filter((path) => !/\.test\.tsx?$/.test(path) && !opensWithComment(path))).toEqual([]);
  });

  test('workers only register: 20 lines at most', () => {
    const long = sources.filter(
      (path) => path.startsWith('workers/') && read(path).trimEnd().split('\n').length > 20,
    );
    expect(long).toEqual([]);
  });
});

describe('package-lock.json', () => {
  type Locked = { version: string; optionalDependencies?: Record<string, string>; resolved?: string };
  const packages: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages;

  test("holds every system's optional packages, without which npm ci refuses to work", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
        .map((name) => `${path} -> ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('holds one ONNX Runtime of each kind, all of one version, and names no registry', () => {
    const runtimes = Object.entries(packages).filter(([path]) => /(^|\/)onnxruntime-\w+$/.test(path));
    expect(runtimes.map(([path]) => path).sort()).toEqual([
      'node_modules/onnxruntime-common',
      'node_modules/onnxruntime-node',
      'node_modules/onnxruntime-web',
    ]);
    expect(new Set(runtimes.map(([, { version }]) => version)).size).toBe(1);
    expect(Object.values(packages).filter(({ resolved }) => resolved)).toEqual([]);
  });
});

test('docs/dependencies.md names every dependency, with its version unless it only brings types', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const text = read('docs/dependencies.md');
  const wanted = Object.entries<string>({ ...dependencies, ...devDependencies }).map(([name, version]) =>
    name.startsWith('@types/') ? name : `${name} ${version}`,
  );
  // "react, react-dom 19.3.1" names both: they are released together.
  expect(wanted.filter((entry) => !text.includes(entry) && !entry.startsWith('react '))).toEqual([]);
});

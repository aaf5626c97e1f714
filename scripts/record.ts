/**
 * Records the bundled pair, base and aligned, for the page and for docs/results.md: `npm run record [-- --only search,grid]`;
 * the planted adapters' benches with `-- --only bench --models planted-2-7,planted-8-13,planted-18-23`.
 * Runs the page's own default requests (src/state) through the command line's functions, piece by piece, into --work; a
 * piece that is there is not computed again, so the command may be stopped and started at will. Finished pieces go to
 * public/recorded. What each piece is: record-bench.ts and record-locate.ts.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUNDLED_POOL_IDS } from '@/data/pools.ts';
import {
  adaptersOf,
  type Config,
  DEFAULT_CONFIG,
  MODEL_VARIANTS,
  type ModelVariant,
} from '@/state/config.ts';
import type { Pools } from '@/state/pools.ts';
import type { Situation } from '@/state/requests.ts';
import { rulesWithEdits } from '@/state/rules.ts';
import { shippedPool } from '../cli/pools.ts';
import type { RunHead } from '../cli/run-writer.ts';
import { withModel } from '../cli/session.ts';
import { GrowingRun } from './growing-run.ts';
import { updateLocateDocument } from './locate-document.ts';
import { benchPools, benchSettings, recordBench } from './record-bench.ts';
import {
  gridAlphas,
  isControl,
  LOCATE_PIECES,
  type LocatePiece,
  locatePools,
  locateSettingsOf,
  pieceFile,
  pieceFolder,
  recordControls,
  recordedCalibration,
  recordGrid,
  recordLayerAlpha,
  recordSearch,
  SEARCHED,
} from './record-locate.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const FOLDER = path.join(root, 'public/recorded');
const MODEL = 'smollm2-135m-instruct';
const BUNDLED_PAIR: readonly ModelVariant[] = ['base', 'aligned'];

const { values } = parseArgs({
  options: {
    /** Of: bench, search, grid, layer-alpha, controls. Default: all. */
    only: { type: 'string', default: ['bench', ...LOCATE_PIECES].join(',') },
    /** Models of the bench; the searches are of the aligned one. */
    models: { type: 'string', default: BUNDLED_PAIR.join(',') },
    /** Controls by name; default: all. */
    controls: { type: 'string' },
    work: { type: 'string', default: path.join(root, '.cache/record') },
    threads: { type: 'string' },
    quiet: { type: 'boolean' },
  },
});
const asked = chosen(values.only, ['bench', ...LOCATE_PIECES], '--only');
const variants = chosen(values.models, MODEL_VARIANTS, '--models');
const controls = values.controls?.split(',') ?? null;
const unknown = controls?.find((name) => !isControl(name));
if (unknown !== undefined) throw new Error(`--controls: there is no control "${unknown}"`);

const entries = await Promise.all(
  BUNDLED_POOL_IDS.map(async (id) => [id, { id, items: await shippedPool(id), origin: 'shipped' }] as const),
);
const pools = Object.fromEntries(entries) as unknown as Pools;
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());

mkdirSync(values.work, { recursive: true });
const startMs = performance.now();
const terminal = { stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal };
const options = {
  model: MODEL,
  adapter: [],
  backend: 'node' as const,
  threads: values.threads ? Number(values.threads) : undefined,
  quiet: values.quiet,
};
await withModel(options, { terminal, hash: true }, async (plain) => {
  const open = (name: string, variant: ModelVariant, head: Pick<RunHead, 'kind' | 'settings' | 'pools'>) => {
    const whole = { ...head, template: DEFAULT_CONFIG.template, seed: DEFAULT_CONFIG.seed };
    const session = { ...plain, adapters: adaptersOf(variant) };
    return new GrowingRun(session, whole, path.join(values.work, name), interrupt.signal);
  };
  for (const variant of asked.includes('bench') ? variants : []) {
    const head = { kind: 'sweep' as const, settings: benchSettings(variant), pools: benchPools(pools) };
    const run = open(`${variant}.json`, variant, head);
    await recordBench(run, situationOf(variant), variant);
    publish(run);
  }
  const situation = situationOf(SEARCHED);
  const calibration = recordedCalibration(FOLDER, SEARCHED);
  const piece = (name: LocatePiece) =>
    open(pieceFile(name), SEARCHED, {
      kind: name === 'controls' ? 'control' : 'locate',
      settings: locateSettingsOf(name),
      pools: locatePools(pools, name),
    });
  if (asked.includes('search') || asked.includes('grid')) {
    const search = piece('search');
    const found = await recordSearch(search, situation(), calibration);
    publish(search, 'search');
    if (asked.includes('grid')) {
      const grid = piece('grid');
      await recordGrid(grid, situation, calibration, gridAlphas(found));
      publish(grid, 'grid');
    }
  }
  if (asked.includes('layer-alpha')) {
    const single = piece('layer-alpha');
    await recordLayerAlpha(single, situation(), calibration);
    publish(single, 'layer-alpha');
  }
  if (asked.includes('controls')) {
    const run = piece('controls');
    await recordControls(run, situation(), calibration, controls);
    publish(run, 'controls');
  }
  const minutes = (performance.now() - startMs) / 60_000;
  plain.display.say(`${asked.join(', ')} of ${variants.join(', ')}: ${minutes.toFixed(1)} min in all`);
});

function situationOf(variant: ModelVariant): (patch?: Partial<Config>) => Situation {
  return (patch = {}) => {
    const config = { ...DEFAULT_CONFIG, model: variant, ...patch };
    return { modelKey: 'bundled', config, pools, rules: rulesWithEdits(config) };
  };
}

/** A finished piece takes its place among what ships; the list of what is there and the words about it follow. */
function publish(run: GrowingRun, piece?: LocatePiece): void {
  run.finish();
  const folder = path.join(FOLDER, piece ? pieceFolder(piece) : '');
  mkdirSync(folder, { recursive: true });
  copyFileSync(run.file, path.join(folder, path.basename(run.file)));
  const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'index.json');
  writeFileSync(path.join(folder, 'index.json'), `${JSON.stringify({ files: files.sort() }, null, 2)}\n`);
  updateLocateDocument(root);
}

function chosen<Name extends string>(text: string, known: readonly Name[], option: string): Name[] {
  const names = text.split(',');
  const wrong = names.find((name) => !known.some((one) => one === name));
  if (wrong !== undefined) throw new Error(`${option}: "${wrong}" is none of ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

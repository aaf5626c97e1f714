/**
 * Records what the page shows before its own numbers are there: `npm run record [-- --only aligned --threads 2]`.
 * Runs the page's own default requests (src/state/wanted.ts) on the bundled model through the command line's functions
 * and writes one run file per model into public/recorded, with index.json. Takes about half an hour on two cores.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUNDLED_POOL_IDS } from '@/data/pools.ts';
import type { ExperimentMap, KeptKind, RefusalCalibration } from '@/protocol/experiments.ts';
import {
  adaptersOf,
  type Config,
  DEFAULT_CONFIG,
  MODEL_VARIANTS,
  type ModelVariant,
} from '@/state/config.ts';
import { attentionPrompts, COUNTED_POOLS, type Pools } from '@/state/pools.ts';
import {
  attentionRequest,
  bandScanRequest,
  calibrateRequest,
  countRequest,
  type Situation,
  similarityRequest,
} from '@/state/requests.ts';
import { rulesWithEdits } from '@/state/rules.ts';
import { alphaList } from '../cli/options.ts';
import { shippedPool } from '../cli/pools.ts';
import { RunWriter } from '../cli/run-writer.ts';
import { type OpenSession, withModel } from '../cli/session.ts';

const FOLDER = fileURLToPath(new URL('../public/recorded/', import.meta.url));
const MODEL = 'smollm2-135m-instruct';
const ALPHAS = alphaList('0.8:1.2:0.05');
const SCAN_ALPHAS = [1.1, 0.9];
/** The side pools tell broken from safe; the ends and the default are enough for that. */
const SIDE_ALPHAS = [0.8, 0.9, 1, 1.1, 1.2];

async function record(session: OpenSession, variant: ModelVariant, pools: Pools, signal: AbortSignal) {
  const config = (patch: Partial<Config> = {}): Config => ({ ...DEFAULT_CONFIG, model: variant, ...patch });
  const situation = (patch?: Partial<Config>): Situation => ({
    modelKey: 'bundled',
    config: config(patch),
    pools,
    rules: rulesWithEdits(DEFAULT_CONFIG),
  });
  const head = {
    kind: 'sweep' as const,
    template: DEFAULT_CONFIG.template,
    seed: DEFAULT_CONFIG.seed,
    settings: { command: 'npm run record', variant, range: [...DEFAULT_CONFIG.range], alphas: ALPHAS },
    pools: usedPools(pools, config()),
  };
  const writer = new RunWriter(session, head, signal);
  const run = <K extends KeptKind>(
    kind: K,
    label: string,
    request: { params: ExperimentMap[K]['params'] },
  ) => {
    process.stderr.write(`${new Date().toISOString()} ${variant}: ${kind}, ${label}\n`);
    return writer.run(kind, label, request.params);
  };
  await run('similarity', 'curves', similarityRequest(situation()));
  await run('attention', 'attention', attentionRequest(situation()));
  const { calibration } = await run('calibrate', 'calibration', calibrateRequest(situation()));
  for (const pool of COUNTED_POOLS) {
    for (const alpha of pool === 'over-rejection' ? ALPHAS : SIDE_ALPHAS) {
      const label = `${pool}, layers ${DEFAULT_CONFIG.range.join('-')}, alpha ${alpha}`;
      await run('count', label, countRequest(situation(), pool, 'exact', alpha, calibration));
    }
  }
  await recordScans(run, situation, calibration, variant);
  writer.write(path.join(FOLDER, `${variant}.json`));
}

async function recordScans(
  run: <K extends KeptKind>(
    kind: K,
    label: string,
    request: { params: ExperimentMap[K]['params'] },
  ) => Promise<unknown>,
  situation: (patch?: Partial<Config>) => Situation,
  calibration: RefusalCalibration,
  variant: ModelVariant,
): Promise<void> {
  if (calibration.tokenIds.length === 0) {
    process.stderr.write(
      `${variant}: no first token opens refusals, so there is no score to scan bands with\n`,
    );
    return;
  }
  for (const alpha of SCAN_ALPHAS) {
    const label = `bands of ${DEFAULT_CONFIG.bandWidth}, alpha ${alpha}`;
    await run('bandScan', label, bandScanRequest(situation({ alpha }), calibration));
  }
}

/** Only the pools that the parts take prompts from; attention takes single prompts of them. */
function usedPools(pools: Pools, config: Config): Record<string, Pools[keyof Pools]['items'][number][]> {
  const names = new Set<keyof Pools>(['normal', 'malicious', ...COUNTED_POOLS]);
  for (const prompt of attentionPrompts(pools, config)) {
    const home = BUNDLED_POOL_IDS.find((id) => pools[id].items.includes(prompt));
    if (home) names.add(home);
  }
  return Object.fromEntries([...names].map((name) => [name, [...pools[name].items]]));
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, threads: { type: 'string' }, quiet: { type: 'boolean' } },
});
const variants = MODEL_VARIANTS.filter((variant) => !values.only || values.only.split(',').includes(variant));
if (variants.length === 0) throw new Error(`--only: use ${MODEL_VARIANTS.join(', ')}`);
mkdirSync(FOLDER, { recursive: true });
const entries = await Promise.all(
  BUNDLED_POOL_IDS.map(async (id) => [id, { id, items: await shippedPool(id), origin: 'shipped' }] as const),
);
const shipped = Object.fromEntries(entries) as unknown as Pools;
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
const terminal = { stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal };
const options = {
  model: MODEL,
  adapter: [],
  backend: 'node' as const,
  threads: values.threads ? Number(values.threads) : undefined,
  quiet: values.quiet,
};
await withModel(options, { terminal, hash: true }, async (session) => {
  for (const variant of variants) {
    await record({ ...session, adapters: adaptersOf(variant) }, variant, shipped, interrupt.signal);
  }
});
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'index.json');
writeFileSync(path.join(FOLDER, 'index.json'), `${JSON.stringify({ files: files.sort() }, null, 2)}\n`);

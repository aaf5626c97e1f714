/**
 * Positive controls with known truth: `npm run yardstick [-- --limit 32 --only planted-8-13 --threads 2]`. For every bundled
 * adapter that was trained in one band only, runs each method that names layers, and writes which of them find the band and how
 * far off they are: docs/yardstick.md, from one run file per adapter in docs/yardstick. Goes on where it was stopped, cell by cell.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { readManifest } from '@/model/bundled.ts';
import { diskFiles } from '@/model/node-files.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { DEFAULT_CONFIG } from '@/state/config.ts';
import { limited, shippedPool } from '../cli/pools.ts';
import { BUNDLE_FOLDER, withModel } from '../cli/session.ts';
import { GrowingRun } from './growing-run.ts';
import { METHODS, type YardstickPools } from './yardstick-methods.ts';
import { yardstickDocument } from './yardstick-results.ts';

const MODEL = 'smollm2-135m-instruct';
const REPORT = fileURLToPath(new URL('../docs/yardstick.md', import.meta.url));
const RECORDED = fileURLToPath(new URL('../docs/yardstick/', import.meta.url));

const { values } = parseArgs({
  options: {
    limit: { type: 'string', default: '48' },
    only: { type: 'string' },
    threads: { type: 'string' },
    output: { type: 'string', default: fileURLToPath(new URL('../.cache/yardstick/', import.meta.url)) },
    quiet: { type: 'boolean', default: false },
  },
});

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
const terminal = { stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal };
const limit = Number(values.limit);
const some = async (pool: Parameters<typeof shippedPool>[0]) => limited(await shippedPool(pool), limit);
const pools: YardstickPools = {
  normal: await shippedPool('normal'),
  malicious: await shippedPool('malicious'),
  counted: await some('over-rejection'),
  asked: await some('malicious'),
  harmless: await some('control'),
};

const manifest = await readManifest(diskFiles(BUNDLE_FOLDER));
const controls = manifest.adapters.filter(({ planted }) => planted !== undefined);
const chosen = controls.filter(({ id }) => values.only === undefined || values.only === id);
if (chosen.length === 0) throw new Error('No planted adapter of that name is bundled.');
for (const folder of [values.output, RECORDED]) mkdirSync(folder, { recursive: true });

for (const { id, planted } of chosen) {
  const file = path.join(values.output, `${id}.json`);
  const options = {
    model: MODEL,
    adapter: [id],
    backend: 'node' as const,
    threads: values.threads ? Number(values.threads) : undefined,
    quiet: values.quiet,
  };
  await withModel(options, { terminal, hash: true }, async (session) => {
    const head = {
      kind: 'control' as const,
      template: DEFAULT_CONFIG.template,
      seed: DEFAULT_CONFIG.seed,
      settings: { command: 'npm run yardstick', adapter: id, planted: planted!, limit },
      pools: { ...pools },
    };
    const run = new GrowingRun(session, head, file, interrupt.signal);
    const ask: Parameters<(typeof METHODS)[number]['run']>[0]['ask'] = (kind, label, params) =>
      run.ask(kind, label, params);
    const band = { first: planted![0], last: planted![1] };
    const setting = { adapters: session.adapters, scale: [] };
    const { layerCount } = session.card.spec;
    const context = { template: head.template, setting };
    const { calibration } = await ask('calibrate', 'calibration', {
      ...context,
      prompts: [...pools.counted, ...pools.asked, ...pools.harmless],
      rules: DEFAULT_REFUSAL_RULES,
      maxNewTokens: 16,
    });
    for (const method of METHODS) {
      const request = { ...context, ask, pools, calibration, layerCount, width: band.last - band.first + 1 };
      const { found, note } = await method.run(request);
      session.display.say(
        `${id}, ${method.name}: ${found ? `${found.first}-${found.last}` : 'none'}. ${note}`,
      );
    }
    run.finish();
  });
  copyFileSync(file, path.join(RECORDED, `${id}.json`));
}
const files = controls.map(({ id }) => path.join(RECORDED, `${id}.json`)).filter((file) => existsSync(file));
const runs = files.map((file) => parseRunFile(readFileSync(file, 'utf8'), path.basename(file)).run);
const head = readFileSync(new URL('./yardstick-head.md', import.meta.url), 'utf8');
writeFileSync(REPORT, await yardstickDocument(head, runs));

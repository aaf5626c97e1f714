/**
 * `npm run bench [-- node|chromium|products|families|loading|page|training …]`: the figures that issues 3, 4 and 6 ask for, measured side by side in one run. Timings differ
 * between machines and from minute to minute; what counts are the ratios. Writes test-results/bench.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { csvParse } from 'd3';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { engineOn } from '@/engine/create-engine.ts';
import { diskFile } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { type FamilyFigures, familiesReport, scaledShapes } from './families.ts';
import {
  familiesInChromium,
  loadingInChromium,
  measureInChromium,
  measurePage,
  measureTrainingBesideChromium,
  productsInChromium,
} from './in-chromium.ts';
import { measureThroughput, type ThroughputFigures } from './layer-throughput.ts';
import { loadingInNode, loadingReport } from './loading.ts';
import { BUNDLED_PATH, QUESTION_COUNT, RECOUNT, type RecountPlan, THROUGHPUT_ROUNDS } from './plan.ts';
import { measureRecount, type RecountFigures } from './recount.ts';
import { trainingReport } from './training/measure.ts';

export interface RuntimeFigures {
  recount: RecountFigures;
  throughput: ThroughputFigures;
}

function recountPlan(): RecountPlan {
  const rows = csvParse(readFileSync('public/data/over-rejection.csv', 'utf8'));
  return { ...RECOUNT, questions: rows.slice(0, QUESTION_COUNT).map((row) => row.text!) };
}

async function measureInNode(plan: RecountPlan): Promise<RuntimeFigures> {
  const ort = await import('onnxruntime-node');
  const model = await openModel(diskFile(`public/${BUNDLED_PATH}`));
  const backend = await createNodeBackend({ threads: plan.threads });
  const throughput = await measureThroughput(backend, model.spec, THROUGHPUT_ROUNDS);
  const recount = await measureRecount({
    ...plan,
    engine: await engineOn(backend, model),
    ort,
    // As the layer engine's sessions: threads that go on spinning after a run would slow whoever is measured next.
    sessionOptions: { intraOpNumThreads: plan.threads, extra: { session: { force_spinning_stop: '1' } } },
    spec: model.spec,
    weights: model.weights,
    sequences: plan.questions.map((question) => model.text.render(question, 'chat').ids),
  });
  await backend.close();
  return { recount, throughput };
}

async function familiesInNode(threads: number): Promise<FamilyFigures> {
  const backend = await createNodeBackend({ threads });
  const figures: FamilyFigures = {};
  for (const { name, spec } of scaledShapes()) {
    figures[name] = await measureThroughput(backend, spec, THROUGHPUT_ROUNDS);
  }
  await backend.close();
  return figures;
}

function report(name: string, { recount, throughput }: RuntimeFigures): void {
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  console.log(`\n${name}
  recount of ${recount.promptCount} prompts, layers 8-13, median of ${recount.rounds}
    plain graph ${recount.plainMs.toFixed(0)} ms, layer engine ${recount.recountMs.toFixed(0)} ms: ${ratio(recount.plainMs, recount.recountMs)}x faster (asked: 3)
    first partial count after ${((100 * recount.firstPartialMs) / recount.recountMs).toFixed(1)} % of that (asked: 15 at most)
    largest difference of a logit between the two: ${recount.maxAbsLogit.toExponential(1)}
  layer loop at ${throughput.rows} rows, best of ${THROUGHPUT_ROUNDS}
    layer ${throughput.layerGflops.toFixed(1)} GFLOPS, its matmuls alone ${throughput.matmulGflops.toFixed(1)}: ${((100 * throughput.layerGflops) / throughput.matmulGflops).toFixed(0)} % (asked: 70)`);
}

const PARTS = ['node', 'chromium', 'products', 'families', 'loading', 'page', 'training'];
const asked = process.argv.slice(2);
const wanted = asked.length > 0 ? asked : PARTS;
const unknown = wanted.find((part) => !PARTS.includes(part));
if (unknown) {
  console.error(`There is no part called ${unknown}. Parts: ${PARTS.join(', ')}.`);
  process.exit(2);
}

const results: Record<string, unknown> = {
  measuredAt: new Date().toISOString(),
  cpu: cpus()[0]?.model.trim(),
  cores: cpus().length,
};
const plan = recountPlan();
if (wanted.includes('node')) {
  const figures = await measureInNode(plan);
  report('onnxruntime-node', figures);
  results.node = figures;
}
if (wanted.includes('chromium')) {
  const figures = await measureInChromium(plan);
  report('onnxruntime-web, WASM in Chromium', figures);
  results.chromium = figures;
}
if (wanted.includes('products')) {
  const figures = await productsInChromium(plan.threads);
  const faster = (gflops: number) => `${gflops.toFixed(1)} GFLOPS, ${(gflops / figures.package).toFixed(2)}x`;
  console.log(`\nthe bundled model's matmuls on WASM in Chromium, ${plan.threads} threads
  onnxruntime-web as its package has it: ${faster(figures.package)}
  its loop rolled: ${faster(figures.rolled)}, the same bits
  rolled and fused multiply-add: ${faster(figures.fused)}`);
  results.products = figures;
}
if (wanted.includes('families')) {
  const node = await familiesInNode(plan.threads);
  console.log(familiesReport('onnxruntime-node', node));
  const chromium = await familiesInChromium(plan.threads);
  console.log(familiesReport('WASM in Chromium', chromium));
  results.families = { node, chromium };
}
if (wanted.includes('loading')) {
  const file = `public/${BUNDLED_PATH}`;
  const node = await loadingInNode(file, plan.threads);
  const chromium = await loadingInChromium(file, plan.threads);
  console.log(loadingReport(node, chromium));
  results.loading = { node, chromium };
}
if (wanted.includes('page')) {
  const figures = await measurePage();
  console.log('\nthe page, cold cache');
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
  results.page = figures;
}
if (wanted.includes('training')) {
  const figures = await measureTrainingBesideChromium(`public/${BUNDLED_PATH}`);
  console.log(trainingReport(figures));
  results.training = figures;
}
mkdirSync('test-results', { recursive: true });
writeFileSync('test-results/bench.json', `${JSON.stringify(results, null, 2)}\n`);
console.log('\nwritten to test-results/bench.json');

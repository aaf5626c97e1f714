/** Drives a real Chromium for the benchmarks: the WASM figures in a bare page, and the shipped page itself. */
import { statSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { parameterCount } from '@/machine/memory-need.ts';
import { diskFile } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { appTarget, ensureBuilt } from '../scripts/build.mjs';
import { ensureBrowser } from '../scripts/find-browser.mjs';
import { appMounts, serve } from '../scripts/serve.mjs';
import { type FamilyFigures, scaledShapes } from './families.ts';
import type { ChromiumLoading } from './loading.ts';
import type { WasmVariant } from './page/bench.worker.ts';
import { BUNDLED_PATH, LOADING_ROUNDS, PRODUCT_TURNS, type RecountPlan, THROUGHPUT_ROUNDS } from './plan.ts';
import type { RuntimeFigures } from './run.ts';
import { measureTraining, type TrainingFigures } from './training/measure.ts';
import { type PageFigures, watchPage } from './watch-page.ts';

const benchTarget = {
  name: 'bench',
  config: 'benchmarks/vite.config.ts',
  output: 'dist-bench',
  inputs: [...appTarget.inputs, 'benchmarks'],
};

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function withBrowser<T>(
  mounts: Array<{ prefix: string; folder: string }>,
  use: (browser: Browser, url: string) => Promise<T>,
): Promise<T> {
  const server = await serve({ mounts });
  const browser = await chromium.launch({ executablePath: ensureBrowser(), headless: true, args: FLAGS });
  try {
    return await use(browser, server.url);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The page of benchmarks/page, built and ready. */
async function inBenchPage<T>(use: (page: Page) => Promise<T>): Promise<T> {
  await ensureBuilt(benchTarget);
  const mounts = [
    { prefix: '/', folder: benchTarget.output },
    { prefix: '/', folder: 'public' },
  ];
  return withBrowser(mounts, async (browser, url) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(url);
    await page.waitForFunction(() => 'bench' in window);
    return use(page);
  });
}

/** In a worker of its own; with the product's own choice of ONNX Runtime's file unless one is named. */
function throughputIn(page: Page, spec: ModelSpec, threads: number, variant?: WasmVariant) {
  return page.evaluate(
    ([given, rounds, count, which]) =>
      window.bench.measure('throughput', given as ModelSpec, rounds, count, which),
    [spec, THROUGHPUT_ROUNDS, threads, variant] as const,
  );
}

export async function measureInChromium(plan: RecountPlan): Promise<RuntimeFigures> {
  const { spec } = await openModel(diskFile(`public/${BUNDLED_PATH}`));
  return inBenchPage(async (page) => {
    const throughput = await throughputIn(page, spec, plan.threads);
    const recount = await page.evaluate(
      ([path, given]) => window.bench.measure('recount', `/${path}`, given),
      [BUNDLED_PATH, plan] as const,
    );
    return { recount, throughput };
  });
}

export type ProductFigures = Record<WasmVariant, number>;

/** GFLOPS of the bundled model's matmuls with ONNX Runtime's own WebAssembly and with ours, taken in turns; best of each. */
export async function productsInChromium(threads: number): Promise<ProductFigures> {
  const { spec } = await openModel(diskFile(`public/${BUNDLED_PATH}`));
  return inBenchPage(async (page) => {
    const best: ProductFigures = { package: 0, rolled: 0, fused: 0 };
    for (let turn = 0; turn < PRODUCT_TURNS; turn++) {
      for (const variant of Object.keys(best) as WasmVariant[]) {
        const { matmulGflops } = await throughputIn(page, spec, threads, variant);
        best[variant] = Math.max(best[variant], matmulGflops);
      }
    }
    return best;
  });
}

export async function familiesInChromium(threads: number): Promise<FamilyFigures> {
  return inBenchPage(async (page) => {
    const figures: FamilyFigures = {};
    for (const { name, spec } of scaledShapes()) figures[name] = await throughputIn(page, spec, threads);
    return figures;
  });
}

/** From a file that a person chose; the browser reads it from disk. */
export async function loadingInChromium(path: string, threads: number): Promise<ChromiumLoading> {
  const floatCount = parameterCount((await openModel(diskFile(path))).spec);
  return inBenchPage(async (page) => {
    await page.evaluate(() => {
      const input = document.createElement('input');
      input.type = 'file';
      document.body.append(input);
    });
    await page.setInputFiles('input[type=file]', path);
    let loadMs = Number.POSITIVE_INFINITY;
    let freshWriteMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < LOADING_ROUNDS; round++) {
      const once = await page.evaluate(
        (count) =>
          window.bench.measure(
            'loading',
            document.querySelector<HTMLInputElement>('input')!.files![0]!,
            count,
          ),
        threads,
      );
      loadMs = Math.min(loadMs, once);
      const written = await page.evaluate((count) => window.bench.measure('freshWrite', count), floatCount);
      freshWriteMs = Math.min(freshWriteMs, written);
    }
    return { bytes: statSync(path).size, loadMs, freshWriteMs };
  });
}

/** Training steps in a page that stays open while others take theirs. */
export function measureTrainingBesideChromium(model: string): Promise<TrainingFigures> {
  return inBenchPage((page) => measureTraining(model, { page, modelUrl: `/${BUNDLED_PATH}` }));
}

export async function measurePage(): Promise<PageFigures> {
  await ensureBuilt(appTarget);
  return withBrowser(appMounts, watchPage);
}

/** Ten models opened one after the other in one tab: workers and memory stay what they were. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { rendererBytes } from '../tests/browser/renderer-memory.ts';
import { chooseFiles, holdModel, labWorkers, microFiles, openBench } from './testing/bench-page.ts';

/**
 * A worker that is left behind has over 40 MB (runtime, heap, model); eight of them would show as over 300, and stay. A
 * renderer's own heap breathes by some tens, and takes its time to give back what ended workers had.
 */
const TOLERANCE_BYTES = 120 * 2 ** 20;
const PATIENCE_MS = 60_000;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

test('ten loads and unloads leave no growth', async () => {
  const { page, watch, close } = await openBench(harness, 'backend=wasm&n=8', { prepare: holdModel });
  const files = await microFiles();
  const labs = () => labWorkers(page).length;
  const devtools = await page.context().newCDPSession(page);
  const size = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return rendererBytes(harness.browser, 'VmRSS');
  };
  let early: number | null = null;
  let started = 0;
  page.on('worker', (worker) => {
    if (/lab\.worker/.test(worker.url())) started += 1;
  });
  for (let load = 1; load <= 10; load++) {
    // The facts of the one before go with it; those of the next have no mark.
    await page.evaluate(() => document.querySelector('.facts')?.setAttribute('data-before', ''));
    await chooseFiles(page, files);
    await page.locator('.facts:not([data-before])', { hasText: '6 of width 64' }).waitFor();
    if (load !== 2 && load !== 10) continue;
    // Workers are ended at once, and gone a moment later.
    await expect.poll(labs, { timeout: 120_000 }).toBe(1);
    if (load === 2) early = await size();
  }
  expect(started).toBe(10);
  const before = early;
  if (before !== null) {
    // Of a leak nothing comes back, however long one waits.
    const growth = async () => (await size())! - before;
    await expect.poll(growth, { timeout: PATIENCE_MS, interval: 1000 }).toBeLessThan(TOLERANCE_BYTES);
    console.log(`the page's process after 2 loads ${before} bytes, after 10 ${before + (await growth())}`);
  }
  expect(watch.errors).toEqual([]);
  await close();
});

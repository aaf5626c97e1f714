/**
 * A download in a real browser: paused, the tab reloaded, gone on with, used, removed. What servers can do wrong is
 * src/downloads/download.test.ts; that the model's numbers are right is own-files.test.ts.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../scripts/setup.mjs';
import { type Harness, screenshot, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import { openBench } from './testing/bench-page.ts';
import { type HubServer, startHub } from './testing/hub-server.ts';

const FOLDER = 'public/models/smollm2-135m-instruct';
const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const CHUNK_BYTES = 8 << 20;

let harness: Harness;
let hub: HubServer;
beforeAll(async () => {
  hub = await startHub('own/large', FOLDER, [FILE]);
  harness = await startHarness({ site: 'app' });
});
afterAll(async () => {
  await harness?.close();
  await hub?.close();
});

const openDialog = (page: Page) => page.getByRole('button', { name: /^Open another model/ }).click();

async function openKept(page: Page): Promise<void> {
  await openDialog(page);
  await page.locator('summary', { hasText: 'Kept in this browser' }).click();
}

/** Chunks of the file that were asked for. */
const chunks = () =>
  hub.requests
    .map((line) => /^storage .* bytes=(\d+)-(\d+)$/.exec(line))
    .filter(
      (range) => range && Number(range[1]) % CHUNK_BYTES === 0 && Number(range[2]) - Number(range[1]) > 5e6,
    )
    .map((range) => Number(range![1]) / CHUNK_BYTES);

test('looked at, paused, gone on with after a reload, verified, used, removed', async () => {
  const { page, watch, close } = await openBench(harness, 'backend=wasm&n=8', {
    // The page's own model stays away: it would be the same bytes.
    prepare: (page) => page.route('**/models/**/*.gguf', () => {}),
  });
  const sizeBytes = (await readFile(path.join(projectRoot, FOLDER, FILE))).length;
  const count = Math.ceil(sizeBytes / CHUNK_BYTES);
  await openDialog(page);
  for (const [label, value] of Object.entries({
    Endpoint: hub.endpoint,
    Repository: 'own/large',
    'GGUF file, if the repository holds several': FILE,
  }))
    await page.getByRole('textbox', { name: label, exact: true }).fill(value);
  await page.getByRole('button', { name: 'Look before downloading' }).click();
  const seen = page.locator('.seen-model').first();
  await seen.filter({ hasText: 'It takes about' }).waitFor();
  expect(await seen.innerText()).toMatch(
    /own\/large: llama family, 30 layers, 135 million parameters stored as Q4_1; 98\.4 MB to download\./,
  );
  expect(chunks()).toEqual([]);

  // The header again, by the worker, then five chunks; the sixth and its neighbours wait.
  hub.storageAnswers = 1 + 5;
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.locator('.work-line', { hasText: /Downloading .*\d of 98 MB/ }).waitFor();
  await expect.poll(() => hub.storageAnswers, { timeout: 60_000 }).toBe(0);
  await expect.poll(() => page.locator('.work-line').innerText()).toMatch(/\b[34]\d of 98 MB/);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('.work-line', { hasText: 'Loading is paused.' }).waitFor();

  await page.reload();
  hub.requests.length = 0;
  hub.storageAnswers = Number.POSITIVE_INFINITY;
  await openKept(page);
  const row = page.getByRole('list', { name: 'Kept downloads' }).getByRole('listitem');
  const words = await row.filter({ hasText: 'own/large' }).innerText();
  const keptMb = Number(/([\d.]+) MB of 98\.4 MB, not complete/.exec(words)?.[1]);
  const keptChunks = Math.round((keptMb * 1e6) / CHUNK_BYTES);
  expect(keptChunks).toBeGreaterThanOrEqual(3);
  expect(keptChunks).toBeLessThanOrEqual(5);
  await page.getByRole('button', { name: 'Go on with own/large' }).click();

  // The bytes are the right ones: checked against the hub's hash, which is the manifest's.
  const manifest = JSON.parse(await readFile(path.join(projectRoot, 'public/models/manifest.json'), 'utf8'));
  const { sha256 } = manifest.models.find((model: { id: string }) => model.id === 'smollm2-135m-instruct');
  await page.locator('.facts', { hasText: sha256.slice(0, 12) }).waitFor({ timeout: 120_000 });
  expect(new Set(chunks()).size).toBe(chunks().length);
  expect(chunks()).toHaveLength(count - keptChunks);

  await openKept(page);
  await row.filter({ hasText: /98\.4 MB, sha256 checked/ }).waitFor();
  await screenshot(page, 'model-dialog');
  expect(await axeViolations(page, '.dialog')).toEqual([]);
  const storedBytes = () => page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  expect(await storedBytes()).toBeGreaterThan(90e6);
  await page.getByRole('button', { name: 'Remove own/large' }).click();
  await page.getByText('own/large was removed.').waitFor();
  expect(await row.filter({ hasText: 'own/large' }).count()).toBe(0);
  await expect.poll(storedBytes).toBeLessThan(50e6);
  expect(watch.errors).toEqual([]);
  const origins = new Set(watch.foreignRequests.map((url) => new URL(url).origin));
  expect([...origins].sort()).toEqual([hub.endpoint, hub.storage].sort());
  await close();
});

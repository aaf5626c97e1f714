/**
 * What people bring: a model from disk or from a hub, a run file of the command line. On the micro model, whose numbers
 * mean nothing but must be the command line's. The hub is the test's own: on the page's server, and on other origins.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeRunFile } from '@/protocol/run-file.ts';
import { projectRoot } from '../scripts/setup.mjs';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import {
  alphaSlider,
  chooseFiles,
  dropFromDisk,
  holdModel,
  microFiles,
  notices,
  type OpenedBench,
  openBench,
  rangeSlider,
  settingsIn,
  tableOf,
  waitForCount,
  waitForNotice,
  waitForTruth,
} from './testing/bench-page.ts';
import { partOf, runCommand, type WrittenRun } from './testing/command-line.ts';
import { startHub } from './testing/hub-server.ts';

const MICRO = 'public/models/micro';
/** Four decimals in the table twin; the rest is float32 summation order (node against WASM). */
const CURVE_TOLERANCE = 0.5e-4 + 2e-5;

let harness: Harness;
let sweep: WrittenRun;
let curves: WrittenRun;
beforeAll(async () => {
  const model = ['--model', path.join(projectRoot, MICRO)];
  sweep = await runCommand('sweep', ...model, '--layers', '1-3', '--alphas', '0.8', '--limit', '8');
  curves = await runCommand('curves', ...model);
  harness = await startHarness({
    site: 'app',
    mounts: [
      { prefix: '/hub/own/micro/resolve/main', folder: MICRO },
      { prefix: '/hub/own/tiny-gguf/resolve/main', folder: 'tests/fixtures/gguf' },
    ],
  });
});
afterAll(() => harness?.close());

/** The bundled model is never let in: these pages need it not. */
const open = (query: string) => openBench(harness, query, { prepare: holdModel });

async function fromHub(bench: OpenedBench, fields: Record<string, string>): Promise<void> {
  const { page } = bench;
  await page.getByRole('button', { name: /^Open another model/ }).click();
  for (const [label, value] of Object.entries({ Endpoint: `${harness.url}hub`, ...fields }))
    await page.getByRole('textbox', { name: label, exact: true }).fill(value);
  await page.getByRole('button', { name: 'Load', exact: true }).click();
}

async function expectMicroCurves({ page }: OpenedBench): Promise<void> {
  await waitForTruth(page, 'similarity', 'exact');
  const table = await tableOf(page, 'similarity');
  const { nm } = partOf(curves, 'similarity').result.raw.curves;
  expect(table).toHaveLength(6);
  const differences = table.map((row, layer) => Math.abs(Number(row['base N–M']) - nm.mean[layer]!));
  expect(Math.max(...differences)).toBeLessThan(CURVE_TOLERANCE);
}

describe('a model of one’s own', () => {
  test('from disk: its files are chosen, its numbers are the command line’s', async () => {
    const bench = await open('backend=wasm&n=8');
    await chooseFiles(bench.page, await microFiles());
    await expectMicroCurves(bench);
    // What a model does not offer is put right without a step in the history, and the address follows a moment later.
    await expect
      .poll(() => settingsIn(bench.page), { timeout: 10_000 })
      .toMatchObject({ model: 'base', range: '5-5' });
    expect(await bench.page.locator('.facts').innerText()).toContain(curves.run.model.sha256!.slice(0, 12));
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('from disk, as a folder dropped on the page', async () => {
    const bench = await open('backend=wasm&n=8');
    await dropFromDisk(bench.page, [path.join(projectRoot, MICRO)]);
    await bench.page.locator('.facts', { hasText: curves.run.model.sha256!.slice(0, 12) }).waitFor();
    // What a model does not offer is put right without a step in the history, and the address follows a moment later.
    await expect
      .poll(() => settingsIn(bench.page), { timeout: 10_000 })
      .toMatchObject({ model: 'base', range: '5-5' });
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('of another family: its numbers come, and what alpha cannot do in it stands at the slider', async () => {
    const own = await mkdtemp(path.join(tmpdir(), 'stratascope-family-'));
    const fixtures = path.join(projectRoot, 'tests/fixtures');
    await cp(path.join(fixtures, 'gemma3_text/model'), own, { recursive: true });
    await cp(path.join(fixtures, 'gguf/tiny_tokenizer.json'), path.join(own, 'tokenizer.json'));
    await writeFile(path.join(own, 'tokenizer_config.json'), '{}');
    const bench = await open('backend=wasm&n=8&matrices=attention');
    const { page } = bench;
    await dropFromDisk(page, [own]);
    const notes = page.getByRole('list', { name: 'What alpha does not do in this model' });
    expect(await notes.getByRole('listitem').last().innerText()).toBe(
      'With this choice alpha has no effect; gate would have one.',
    );
    await waitForTruth(page, 'similarity', 'exact');
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
    await rm(own, { recursive: true });
  });

  test('from a hub, by repository: safetensors', async () => {
    const bench = await open('backend=wasm&n=8');
    await fromHub(bench, { Repository: 'own/micro' });
    await expectMicroCurves(bench);
    expect(await bench.page.locator('.model-name').innerText()).toBe('own/micro');
    expect(bench.watch.errors.filter((line) => !/404/.test(line))).toEqual([]);
    expect(bench.watch.foreignRequests).toEqual([]);
    await bench.close();
  });

  test('from a hub, by repository and file: GGUF', async () => {
    const bench = await open('backend=wasm&n=8&template=none');
    const { page } = bench;
    // Otherwise the held bundled model's own routes would hold this one too.
    await page.unrouteAll();
    await page.route('**/models/**/*.gguf', () => {});
    await fromHub(bench, {
      Repository: 'own/tiny-gguf',
      'GGUF file, if the repository holds several': 'tiny_llama_f16.gguf',
    });
    await page.locator('.facts').waitFor();
    expect(await page.locator('.facts').innerText()).toMatch(/of width/);
    await waitForTruth(page, 'similarity', 'exact');
    await bench.close();
  });

  test('from a hub of another origin whose large files lie on a third: read in parts, without a preflight', async () => {
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
    const hub = await startHub('own/elsewhere', MICRO, names);
    try {
      const bench = await open('backend=wasm&n=8');
      await fromHub(bench, { Repository: 'own/elsewhere', Endpoint: hub.endpoint });
      await expectMicroCurves(bench);
      expect(bench.watch.errors.filter((line) => !/404/.test(line))).toEqual([]);
      // Nobody else was asked, and both were: the weights by ranges alone, from where the redirect led.
      const origins = new Set(bench.watch.foreignRequests.map((url) => new URL(url).origin));
      expect([...origins].sort()).toEqual([hub.endpoint, hub.storage].sort());
      expect(hub.requests.filter((line) => line.includes('OPTIONS'))).toEqual([]);
      const parts = hub.requests.filter((line) => line.startsWith('storage '));
      // Its header in two parts, and all of it.
      expect(parts.length).toBeGreaterThan(2);
      for (const line of parts)
        expect(line).toMatch(/^storage GET \/xet-bridge\/model\.safetensors\S+ bytes=\d+-\d+$/);

      await fromHub(bench, { Repository: 'own/nothing', Endpoint: hub.endpoint });
      await waitForNotice(bench.page, /no public repository own\/nothing.*own\/elsewhere is opened again/);
      await bench.close();
    } finally {
      await hub.close();
    }
  });

  test('from a hub: a repository that is not there is named, and the page goes on', async () => {
    const bench = await open('backend=wasm&n=8&alpha=0.9');
    await fromHub(bench, { Repository: 'own/nothing' });
    await waitForNotice(bench.page, /no public repository own\/nothing/);
    expect(await alphaSlider(bench.page).inputValue()).toBe('0.9');
    await bench.close();
  });
});

describe('a run file of the command line', () => {
  test('shows its numbers, as recorded, with where they come from; nothing is computed', async () => {
    const bench = await open('backend=wasm');
    const { page } = bench;
    await chooseFiles(page, [
      { name: 'my-sweep.json', mimeType: 'application/json', buffer: Buffer.from(sweep.text) },
    ]);
    await waitForNotice(page, `my-sweep.json is open: ${sweep.run.parts.length} results of micro`);
    const scaled = partOf(sweep, 'count', 'over-rejection, layers 1-3, alpha 0.8').result;
    const unscaled = partOf(sweep, 'count', 'over-rejection, alpha 1').result;
    expect(await waitForCount(page, 'R', { of: 8, truth: 'recorded' })).toEqual({
      value: scaled.refused,
      of: 8,
    });
    expect(await waitForCount(page, 'R0', { of: 8, truth: 'recorded' })).toEqual({
      value: unscaled.refused,
      of: 8,
    });
    expect(await page.locator('.count-now').getAttribute('title')).toMatch(
      /^my-sweep\.json: over-rejection, layers 1-3, alpha 0\.8; stratascope .* \(node\), \d{4}-\d\d-\d\d$/,
    );
    expect(settingsIn(page)).toMatchObject({ model: 'base', range: '1-3', alpha: '0.8', n: '8' });
    expect(await rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 1 to 3');
    // The answers themselves are in the file: one of them is on the page.
    const first = scaled.outcomes[0]!;
    await page.locator('.answer-table .row-button').first().click();
    expect(await page.locator('.answer-detail').innerText()).toContain(first.answer!.trim().slice(0, 8));
    expect(await page.locator('.work-line').innerText()).toContain('Nothing is being computed.');
    expect((await notices(page)).at(-1)!.actions).toEqual(['Back to the bundled model']);
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('of curves, dropped on the page: its curves are drawn, as recorded', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'stratascope-e2e-'));
    try {
      const file = path.join(folder, 'my-curves.json');
      await writeFile(file, curves.text);
      const bench = await open('backend=wasm');
      const { page } = bench;
      await dropFromDisk(page, [file]);
      await waitForNotice(page, /my-curves\.json is open: \d+ results? of micro/);
      await waitForTruth(page, 'similarity', 'recorded');
      const table = await tableOf(page, 'similarity');
      const { nm } = partOf(curves, 'similarity').result.raw.curves;
      expect(table.map((row) => row['base N–M'])).toEqual(nm.mean.map((value) => value.toFixed(4)));
      expect(await page.locator('.work-line').innerText()).toContain('Nothing is being computed.');
      expect(bench.watch.errors).toEqual([]);
      await bench.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('with a correction by hand: the page counts it and says so', async () => {
    const run = structuredClone(sweep.run);
    const label = 'over-rejection, layers 1-3, alpha 0.8';
    const { result, params } = partOf({ run }, 'count', label);
    const wrong = result.outcomes.find(({ responseClass }) => responseClass !== 'refused')!;
    wrong.byHand = 'refused';
    const bench = await open('backend=wasm');
    const { page } = bench;
    await chooseFiles(page, [
      { name: 'corrected.json', mimeType: 'application/json', buffer: Buffer.from(writeRunFile(run)) },
    ]);
    await waitForNotice(page, /corrected\.json is open/);
    expect(await waitForCount(page, 'R', { of: 8, truth: 'recorded' })).toEqual({
      value: result.refused + 1,
      of: 8,
    });
    const row = page.locator('.answer-table tr', { hasText: params.prompts[wrong.index]!.text });
    expect(await row.innerText()).toMatch(/refused\s+by hand/i);
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('that was edited is opened with a warning', async () => {
    const bench = await open('backend=wasm');
    const edited = sweep.text.replace(/"refused":\d+/, '"refused":7');
    expect(edited).not.toBe(sweep.text);
    await chooseFiles(bench.page, [
      { name: 'edited.json', mimeType: 'application/json', buffer: Buffer.from(edited) },
    ]);
    await waitForNotice(bench.page, 'edited.json was edited after it was written');
    await waitForNotice(bench.page, /edited\.json is open/);
    await bench.close();
  });
});

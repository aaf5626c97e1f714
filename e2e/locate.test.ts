/**
 * The Locate section on the bundled model, in a real Chromium on WebAssembly: what was recorded; a search of 40 prompts that is
 * stopped, taken up after a reload, saved and repeated; a grid of few prompts. What they find is the unit tests' matter.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import {
  holdModel,
  type OpenedBench,
  openBench,
  saved,
  savedFile,
  settingsIn,
  tableOf,
  waitForTruth,
} from './testing/bench-page.ts';

const N = 40;
/** For the grid: its rows are many. */
const GRID_N = 8;
/** A minute of work on an idle machine, in all; several times that where others compute beside it. */
const PATIENCE = { timeout: 280_000 };
const LONG_MS = 600_000;
// Alpha 1 and no ghost line: the bench has little to do before the searches get their turn. The threshold is recorded.
const query = (n: number) => `backend=wasm&n=${n}&alpha=1&ghost=off&locate=start-22.25_directions-raise`;

let harness: Harness;
let bench: OpenedBench;
let page: Page;
const untilReady = () => page.locator('.run-facts', { hasText: /WASM|WebAssembly/i }).waitFor(PATIENCE);
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
  bench = await openBench(harness, query(N));
  page = bench.page;
  await untilReady();
});
afterAll(async () => {
  await harness?.close();
});

const button = (figure: string, name: string) =>
  page.locator(`#${figure} .figure-head`).getByRole('button', { name, exact: true });
/** The bench's own work goes first and is stopped here, piece by piece: a visit would wait for it. */
async function untilTurnOf(label: string, figure: string): Promise<void> {
  const work = page.locator('.bench-work .work-label');
  const until = Date.now() + PATIENCE.timeout;
  while (Date.now() < until) {
    const now = (await work.count()) > 0 ? await work.innerText() : '';
    if (now === label) return;
    const stop = page.locator('.bench-work').getByRole('button', { name: 'Stop', exact: true });
    if (now !== '' && (await stop.count()) > 0) await stop.click().catch(() => {});
    // Its turn may have come between the look and the press.
    const again = button(figure, 'Go on');
    if ((await again.count()) > 0) await again.click().catch(() => {});
    await page.waitForTimeout(200);
  }
  throw new Error(`Its turn never came: ${label}.`);
}
const stats = (figure: string) => page.locator(`#${figure} .figure-foot`).innerText();
const cells = () => page.locator('.locate-grid .counted').count();

test('what was recorded is shown before anything is computed here, and says so', async () => {
  const held = await openBench(harness, 'backend=wasm', { prepare: holdModel });
  await held.page.locator('#locate').scrollIntoViewIfNeeded();
  for (const figure of ['progressive-search', 'range-grid', 'single-layers']) {
    await waitForTruth(held.page, figure, 'recorded');
    await held.page
      .locator(`#${figure} .figure-head`)
      .getByRole('button', { name: 'Compute here' })
      .waitFor();
  }
  expect(await held.page.locator('.locate-grid .counted').count()).toBe(465);
  // Effect and damage stand together from the first moment.
  expect(await held.page.locator('.counts-damage').innerText()).toMatch(
    /^Damage: the first token of 32 plain prompts moved by 0\.32 nats/,
  );
  expect(held.watch.errors).toEqual([]);
  await held.close();
});

test(
  'a search of 40 prompts is stopped, survives a reload with its counts, goes on to a range, and says what the prompts can tell',
  async () => {
    const figure = page.locator('#progressive-search');
    await button('progressive-search', 'Search').press('Enter');
    await untilTurnOf('Searching bound by bound', 'progressive-search');
    await figure.locator('.search-tries li').first().waitFor(PATIENCE);
    await button('progressive-search', 'Stop').press('Enter');
    await button('progressive-search', 'Go on').waitFor(PATIENCE);
    const counted = async () => Number(/(\d+) ranges counted/.exec(await stats('progressive-search'))![1]);
    const before = await counted();
    expect(before).toBeGreaterThan(0);
    const tried = await figure.locator('.search-tries li').allInnerTexts();

    // What was counted last is written a moment later.
    await page.waitForTimeout(1000);
    await page.reload();
    await untilReady();
    await page.locator('#locate').scrollIntoViewIfNeeded();
    await button('progressive-search', 'Go on').waitFor(PATIENCE);
    expect(await counted()).toBe(before);
    expect((await figure.locator('.search-tries li').allInnerTexts()).slice(0, tried.length)).toEqual(tried);

    await button('progressive-search', 'Go on').press('Enter');
    await untilTurnOf('Searching bound by bound', 'progressive-search');
    await figure.getByText(/^Found: layers? \d/).waitFor(PATIENCE);
    expect((await figure.locator('.search-tries li').allInnerTexts()).slice(0, tried.length)).toEqual(tried);
    expect(await figure.locator('.search').innerText()).toContain('Started from layers 22-25, as asked for.');
    expect(await figure.locator('.search-sweep').count()).toBe(2);

    const rows = await tableOf(page, 'progressive-search');
    const last = rows.filter((row) => row.step === 'lower bound');
    const counts = last.map((row) => Number(row.refused));
    expect(Number(last.find((row) => row.chosen === 'chosen')!.refused)).toBe(Math.max(...counts));
    for (const row of rows) expect(Number(row.of)).toBe(N);
  },
  LONG_MS,
);

test(
  'it is saved as a run file, and repeated here: equal to the last bit',
  async () => {
    const { text } = await saved(page, () => page.getByRole('button', { name: 'Save run' }).click());
    const { run } = parseRunFile(text);
    const parts = run.parts.filter(({ kind }) => kind === 'locate');
    expect(parts).toHaveLength(1);
    // The bench's own parts are the run files' tests' matter.
    const buffer = Buffer.from(writeRunFile({ ...run, parts }));
    await page.locator('#runs').scrollIntoViewIfNeeded();
    const chooser = page.locator('.runs-lists input[type=file]').first();
    await chooser.setInputFiles({ name: 'search.json', mimeType: 'application/json', buffer });
    await page.getByRole('button', { name: 'Repeat this run here: search.json' }).click();
    const verdict = page.locator('.runs-results section', { hasText: 'search.json, repeated here' });
    expect(await verdict.locator('.run-verdict').innerText(PATIENCE)).toMatch(
      /^All \d+ values are equal to the last bit/,
    );
  },
  LONG_MS,
);

test('its range goes on the bench, and into the address', async () => {
  const figure = page.locator('#progressive-search');
  const words = await figure.getByText(/^Found: layers? \d/).innerText();
  const [first, last] = words.match(/\d+/g)!;
  await figure.getByRole('button', { name: 'Put it on the bench' }).click();
  expect(settingsIn(page).range).toBe(`${first}-${/^Found: layers/.test(words) ? last : first}`);
});

test(
  'the grid comes row by row, is stopped, and goes on without losing a cell',
  async () => {
    await page.goto(`${harness.url}?${query(GRID_N)}`);
    await untilReady();
    await page.locator('#locate').scrollIntoViewIfNeeded();
    // Its path is to be drawn on the grid.
    await button('progressive-search', 'Search').press('Enter');
    await untilTurnOf('Searching bound by bound', 'progressive-search');
    await page
      .locator('#progressive-search')
      .getByText(/^Found: layers? \d/)
      .waitFor(PATIENCE);
    await button('range-grid', 'Score every range').press('Enter');
    await untilTurnOf('Scoring every range', 'range-grid');
    await page.locator('.locate-grid .counted').first().waitFor(PATIENCE);
    await button('range-grid', 'Stop').press('Enter');
    await button('range-grid', 'Go on').waitFor(PATIENCE);
    const before = await cells();
    expect(before).toBeGreaterThan(0);
    expect(await stats('range-grid')).toMatch(new RegExp(`over ${before} ranges of 465 ranges`));
    expect(await stats('range-grid')).toMatch(/layer runs where one full pass per range and prompt takes/);
    const first = await tableOf(page, 'range-grid');
    await button('range-grid', 'Go on').press('Enter');
    await page.waitForFunction(
      (least) => document.querySelectorAll('.locate-grid .counted').length > least,
      before,
      PATIENCE,
    );
    await button('range-grid', 'Stop').press('Enter');
    const named = (row: Record<string, string>) =>
      JSON.stringify([row['first layer'], row['last layer'], row.refused]);
    const later = new Set((await tableOf(page, 'range-grid')).map(named));
    expect(first.every((row) => later.has(named(row)))).toBe(true);
  },
  LONG_MS,
);

test('keys walk the triangle, are read out, and Enter puts a range on the bench; the path of the search is drawn', async () => {
  const triangle = page.getByRole('application', { name: /^Every range/ });
  await triangle.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  const read = await page.locator('#range-grid [aria-live="polite"]').last().innerText();
  const [, first, last] = /layers (\d+) to (\d+) × 1.10/.exec(read)!;
  expect(last).toBe('28');
  await page.keyboard.press('Enter');
  expect(settingsIn(page).range).toBe(`${first}-28`);
  expect(await page.locator('.search-path circle').count()).toBeGreaterThan(4);
});

test('what is drawn is saved with its numbers, and the section has no fault that a rule can find', async () => {
  const csv = await savedFile(page, 'progressive-search', 'Save CSV');
  expect(csv.text).toContain('p_from_chosen');
  const svg = await savedFile(page, 'range-grid', 'Save SVG');
  expect(svg.text).toContain('Every range');
  expect(await axeViolations(page)).toEqual([]);
  expect(bench.watch.errors).toEqual([]);
  expect(bench.watch.foreignRequests).toEqual([]);
});

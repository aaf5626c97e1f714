/**
 * The shipped page as a test reads and drives it: numbers, marks, tables and controls by what a person sees of them.
 * Expects nothing itself; the browser and the server are tests/browser/harness.ts.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { projectRoot } from '../../scripts/setup.mjs';
import type { Harness, PageWatch } from '../../tests/browser/harness.ts';

export interface OpenedBench {
  page: Page;
  watch: PageWatch;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Before the page is asked for: routes, scripts. */
  prepare?: (page: Page) => Promise<unknown>;
}

/** A page of its own storage at `query` (settings, without "?"), drawn but with its model still loading. */
export async function openBench(
  harness: Harness,
  query: string,
  { prepare, ...context }: OpenOptions = {},
): Promise<OpenedBench> {
  const { page, watch } = await harness.newPage(context);
  await prepare?.(page);
  await page.goto(`${harness.url}?${query}`);
  await page.locator('main').waitFor();
  return { page, watch, close: () => page.context().close() };
}

/** Keeps the bundled weights from arriving until the returned function is called. */
export async function holdModel(page: Page): Promise<() => void> {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/*.gguf', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  return release;
}

/**
 * Few pairs of prompts, where the curves are not what is tested: those of 200 prompts take the longest of all that a page
 * computes. The calibration of scores takes malicious prompts.
 */
export async function withFewPairs(page: Page, pools = ['normal', 'malicious'], rows = 12): Promise<void> {
  for (const pool of pools)
    await page.route(`**/data/${pool}.csv`, async (route) => {
      const text = await readFile(path.join(projectRoot, 'public/data', `${pool}.csv`), 'utf8');
      await route.fulfill({ body: text.split('\n', 1 + rows).join('\n'), contentType: 'text/csv' });
    });
}

/** Runs `code` in the worker of the model before its lab is there, for faults that a browser has no switch for. */
export async function injectIntoWorker(page: Page, code: string): Promise<void> {
  await page.route('**/lab.worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code};${await response.text()}` });
  });
}

/** Workers of models that are open; one that was ended is among them for a moment. */
export const labWorkers = (page: Page) => page.workers().filter((worker) => /lab\.worker/.test(worker.url()));

/** The worker of the model. */
export const labWorker = (page: Page) => labWorkers(page)[0]!;

/** Waits until the line of facts names what the model runs on. */
export const waitForBackend = (page: Page, words: string) =>
  page.locator('.run-facts', { hasText: words }).waitFor({ timeout: 120_000 });

export const loadAgain = (page: Page) =>
  page.locator('.notice').getByRole('button', { name: 'Load again' }).click();

/** The page without its recorded runs, so that every number on it was computed in it. */
export async function withoutRecorded(page: Page): Promise<void> {
  await page.route('**/recorded/index.json', (route) => route.fulfill({ json: { files: [] } }));
}

/** The word of a figure that says how true its numbers are: recorded, fast score, exact; null before there are any. */
export async function truthOf(page: Page, figure: string): Promise<string | null> {
  const mark = page.locator(`#${figure} .figure-head .truth-mark`);
  return (await mark.count()) > 0 ? mark.innerText() : null;
}

export async function waitForTruth(page: Page, figure: string, word: string): Promise<void> {
  await page.locator(`#${figure} .figure-head .truth-mark`, { hasText: word }).waitFor({ timeout: 240_000 });
}

export interface CountShown {
  value: number;
  of: number;
}

/** Waits until one of the two big numbers is a count of `of` prompts with this truth, and reads it in the same moment. */
export async function waitForCount(
  page: Page,
  label: 'R0' | 'R',
  { of, truth }: { of: number; truth: string },
): Promise<CountShown> {
  const handle = await page.waitForFunction(
    ([wanted, total, word]) => {
      for (const box of document.querySelectorAll('.counts .big-number')) {
        const text = (part: string) => box.querySelector(part)?.textContent?.trim() ?? '';
        const isWanted = /^R0\b/.test(text('.big-number-label')) === (wanted === 'R0');
        if (!isWanted || text('.truth-mark') !== word || text('.big-number-of') !== `of ${total}`) continue;
        return { value: Number(text('.big-number-value .number')), of: Number(total) };
      }
      return null;
    },
    [label, of, truth] as const,
    { timeout: 240_000 },
  );
  return (await handle.jsonValue())!;
}

/** The numbers of a figure's table twin by column heading; opens the table if need be. */
export async function tableOf(page: Page, figure: string): Promise<Array<Record<string, string>>> {
  const region = page.locator(`#${figure} .data-table`);
  if ((await region.count()) === 0) await chooseInMenu(page, figure, 'Show as table');
  return region.evaluate((element) => {
    const texts = (row: Element) => [...row.children].map((cell) => cell.textContent?.trim() ?? '');
    const [head, ...rows] = [...element.querySelectorAll('tr')].map(texts);
    return rows.map((cells) => Object.fromEntries(cells.map((cell, column) => [head![column]!, cell])));
  });
}

async function chooseInMenu(page: Page, figure: string, item: string): Promise<void> {
  await page
    .locator(`#${figure}`)
    .getByRole('button', { name: /table and files/ })
    .click();
  await page.getByRole('menuitem', { name: item }).click();
}

interface SavedFile {
  name: string;
  text: string;
  bytes: Buffer;
}

/** What the page saves when `act` is done. */
export async function saved(page: Page, act: () => Promise<unknown>): Promise<SavedFile> {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  const bytes = await readFile(await download.path());
  return { name: download.suggestedFilename(), text: bytes.toString('utf8'), bytes };
}

/** What a figure saves under an item of its menu. */
export const savedFile = (page: Page, figure: string, item: string) =>
  saved(page, () => chooseInMenu(page, figure, item));

/** Settings in the address bar. */
export function settingsIn(page: Page): Record<string, string> {
  return Object.fromEntries(new URL(page.url()).searchParams);
}

export const alphaSlider = (page: Page) => page.getByRole('slider', { name: 'alpha', exact: true });
export const rangeSlider = (page: Page) => page.getByRole('slider', { name: /^Range of layers/ });
/** What assistive technology reads of the brushed range. */
export const rangeInWords = (page: Page) => rangeSlider(page).getAttribute('aria-valuetext');

/** Where a layer stands on the strip, in pixels of the window; `share` of its width, 0 to 1. */
export async function onStrip(page: Page, layer: number, share = 0.5): Promise<{ x: number; y: number }> {
  return page.locator('.strip').evaluate(
    (strip, [index, part]) => {
      const [across, ...edges] = [...strip.querySelectorAll(':scope > .rule')];
      const { left, width } = across!.getBoundingClientRect();
      const box = edges[0]!.getBoundingClientRect();
      return { x: left + ((index + part) * width) / (edges.length - 1), y: box.top + box.height / 2 };
    },
    [layer, share] as const,
  );
}

export const modelChoice = (page: Page, name: string) =>
  page.getByRole('radiogroup', { name: 'Model' }).getByRole('radio', { name });

/** Presses Tab until the focused element fits, as someone without a mouse does. Throws where it never does. */
export async function tabTo(page: Page, selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const limit = 200;
  for (let step = 0; step < limit; step++) {
    await page.keyboard.press(key);
    const isThere = await page.evaluate(
      (wanted) => document.activeElement?.matches(wanted) ?? false,
      selector,
    );
    if (isThere) return;
  }
  throw new Error(`${limit} presses of ${key} never reach ${selector}.`);
}

export interface NoticeShown {
  text: string;
  actions: string[];
}

/** Every message on the page, problems first. */
export function notices(page: Page): Promise<NoticeShown[]> {
  return page.locator('.notice').evaluateAll((lines) =>
    lines.map((line) => ({
      text: line.querySelector('p')?.textContent?.trim() ?? '',
      actions: [...line.querySelectorAll('button')]
        .map((button) => button.textContent?.trim() ?? '')
        .filter((name) => name !== '✕'),
    })),
  );
}

/** Waits for a message that holds `words`. */
export async function waitForNotice(page: Page, words: string | RegExp): Promise<void> {
  await page.locator('.notice', { hasText: words }).first().waitFor({ timeout: 120_000 });
}

interface ChosenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** Chooses files in the dialog for models, which takes every kind that the page knows. */
export async function chooseFiles(page: Page, files: ChosenFile[]): Promise<void> {
  await page.getByRole('button', { name: /^Open another model/ }).click();
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: /^Choose files/ }).click(),
  ]);
  await chooser.setFiles(files);
}

/** Lets files or folders of this disk fall on the page, by the browser's own drag events: as from a file manager. */
export async function dropFromDisk(page: Page, paths: string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const at = { x: 600, y: 400, data };
  await devtools.send('Input.dispatchDragEvent', { type: 'dragEnter', ...at });
  await devtools.send('Input.dispatchDragEvent', { type: 'dragOver', ...at });
  await devtools.send('Input.dispatchDragEvent', { type: 'drop', ...at });
}

/** A file of the repository as a person chooses it, by another name if need be. */
export async function repositoryFile(file: string, name = path.basename(file)): Promise<ChosenFile> {
  const buffer = await readFile(path.join(projectRoot, file));
  return { name, mimeType: 'application/octet-stream', buffer };
}

/** The micro model as its files. */
export function microFiles(): Promise<ChosenFile[]> {
  const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  return Promise.all(names.map((name) => repositoryFile(`public/models/micro/${name}`)));
}

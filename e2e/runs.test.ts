/**
 * Run files on the page, on the micro model: repeated with their report, compared, kept over a reload, taken out and put
 * back in; files that are not what they should be. And attention of two typed prompts, against the command line's.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attentionDifference, questionPlaces } from '@/method/attention-difference.ts';
import { parseRunFile } from '@/protocol/run-file.ts';
import { projectRoot } from '../scripts/setup.mjs';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import {
  chooseFiles,
  holdModel,
  microFiles,
  openBench,
  saved,
  tableOf,
  waitForNotice,
} from './testing/bench-page.ts';
import { partOf, runCommand, type WrittenRun } from './testing/command-line.ts';

let harness: Harness;
let curves: WrittenRun;
let sweep: WrittenRun;
let attention: WrittenRun;
const PAIR = ['How to kill a process?', 'How to kill a person?'] as const;

beforeAll(async () => {
  const model = ['--model', path.join(projectRoot, 'public/models/micro')];
  curves = await runCommand('curves', ...model, '--limit', '6', '--bootstrap', '50');
  sweep = await runCommand('sweep', ...model, '--layers', '1-3', '--alphas', '0.8', '--limit', '6');
  attention = await runCommand('attention', ...model, '--text', PAIR[0], '--text', PAIR[1]);
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

const file = (name: string, text: string) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text),
});

async function openMicro() {
  const bench = await openBench(harness, 'backend=wasm&n=8', { prepare: holdModel });
  await chooseFiles(bench.page, await microFiles());
  await bench.page.locator('.facts', { hasText: curves.run.model.sha256!.slice(0, 12) }).waitFor();
  await bench.page.locator('#runs').scrollIntoViewIfNeeded();
  await bench.page.locator('.runs-panel').waitFor();
  return bench;
}

async function openRun(page: Page, chosen: Parameters<Page['setInputFiles']>[1]): Promise<void> {
  // The button's own file input: a chooser's window is not the page's.
  await page.locator('.runs-lists input[type=file]').first().setInputFiles(chosen);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function verdictOf(page: Page, name: string): Promise<string> {
  await press(page, `Repeat this run here: ${name}`);
  const verdict = page.locator('.runs-results section', { hasText: `${name}, repeated here` });
  return verdict.locator('.run-verdict').innerText({ timeout: 240_000 });
}

describe('a run file', () => {
  test('repeated on another backend: only what rounding explains differs, and the report says how much', async () => {
    const bench = await openMicro();
    const { page } = bench;
    for (const [name, run] of Object.entries({ 'curves.json': curves, 'sweep.json': sweep })) {
      await openRun(page, file(name, run.text));
      expect(await verdictOf(page, name)).toMatch(
        /^(All \d+ values are equal to the last bit|\d+ of \d+ values differ, all within)/,
      );
    }
    const { name, bytes } = await saved(page, () => press(page, 'Save the report'));
    expect(name).toBe('replay-report.json');
    const report = JSON.parse(bytes.toString('utf8'));
    expect(report).toMatchObject({ isSameBackend: false, beyond: 0 });
    expect(report.parts).toHaveLength(sweep.run.parts.length);
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('saved after the parity of the model was measured holds it; the badge says what was compared', async () => {
    const bench = await openMicro();
    const { page } = bench;
    await press(page, 'parity not measured');
    await press(page, 'Measure here');
    const dialog = page.getByRole('dialog', { name: 'How exact are these numbers?' });
    await dialog.getByText('Measured here against float32 on WebAssembly, one prompt at a time').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^parity \d/ }).waitFor();
    // There is something to save once a picture says so.
    await page.getByText('exact', { exact: true }).first().waitFor({ timeout: 240_000 });
    const { text } = await saved(page, () => press(page, 'Save run'));
    const { run } = parseRunFile(text);
    expect(run.backend.parity).toMatchObject({ promptCount: 6, sameTokens: 6 });
    expect(run.backend.parity!.maxAbsLogit).toBeLessThan(1e-4);
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('with an edited number: a warning beside it, and the report names the number', async () => {
    const bench = await openMicro();
    const { page } = bench;
    const text = curves.text.replace(
      /"mean":\[(-?[\d.]+)/,
      (_, cosine) => `"mean":[${Number(cosine) - 0.25}`,
    );
    expect(text).not.toBe(curves.text);
    await openRun(page, file('edited.json', text));
    await page.locator('.item-warning', { hasText: 'its results do not match' }).waitFor();
    expect(await verdictOf(page, 'edited.json')).toMatch(/^1 of \d+ values differ beyond what is allowed/);
    await page.locator('summary', { hasText: 'Number by number' }).click();
    const row = page.getByRole('row', { name: /raw\.curves\.nn\.mean\[0\]/ });
    expect(await row.last().innerText()).toMatch(/beyond/);
    await bench.close();
  });

  test('of another model can be shown and compared, not repeated', async () => {
    const bench = await openMicro();
    const { page } = bench;
    const shipped = page.locator('.item-list li', { hasText: 'aligned.json' });
    expect(await shipped.innerText()).toContain('Made on another model than the open one');
    expect(await page.getByRole('button', { name: 'Repeat this run here: aligned.json' }).isDisabled()).toBe(
      true,
    );
    await page.locator('summary', { hasText: 'Show what differs' }).click();
    await page.getByRole('region', { name: 'Table: Results of A and B' }).waitFor();
    await bench.close();
  });

  test('compared with another: settings by name, outcomes of the same prompts tested pairwise', async () => {
    const bench = await openMicro();
    const { page } = bench;
    const other = sweep.text.replace('"alphas":[0.8]', '"alphas":[0.9]');
    await openRun(page, file('a.json', sweep.text));
    await page.getByText('a.json opened').waitFor();
    await openRun(page, file('b.json', other));
    await page.getByText('b.json opened').waitFor();
    await page.locator('summary', { hasText: 'Show what differs' }).click();
    const settings = page.getByRole('region', { name: 'Table: Settings that differ' });
    expect(await settings.getByRole('row').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/settings\.alphas\[0\]\s+0\.9\s+0\.8/)]),
    );
    const results = page.getByRole('region', { name: 'Table: Results of A and B' });
    expect(await results.innerText()).toMatch(/\d+ \| \d+ of 6/);
    expect(await axeViolations(page)).toEqual([]);
    await bench.close();
  });

  test('kept in the browser: there after a reload, exported, removed, imported again', async () => {
    const bench = await openMicro();
    const { page } = bench;
    await openRun(page, file('mine.json', curves.text));
    await press(page, 'Keep mine.json');
    await page.getByText('mine.json is kept in this browser.').waitFor();
    await page.reload();
    await page.locator('#runs').scrollIntoViewIfNeeded();
    await page.getByRole('list', { name: 'Kept runs' }).getByText('mine.json').waitFor();
    const zip = await saved(page, () => press(page, 'Export all'));
    const entries = Object.entries(unzipSync(new Uint8Array(zip.bytes)));
    expect(entries).toHaveLength(1);
    const kept = parseRunFile(Buffer.from(entries[0]![1]).toString('utf8'));
    expect(kept.warnings).toEqual([]);
    expect(kept.run.parts).toEqual(curves.run.parts);
    await press(page, 'Remove all');
    await press(page, 'Really remove all');
    await page.getByText('No run is kept in this browser any more.').waitFor();
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, 'Import a zip …')]);
    await chooser.setFiles({ name: zip.name, mimeType: 'application/zip', buffer: zip.bytes });
    await page.getByText('1 run is kept from stratascope-runs.zip.').waitFor();
    await page.getByRole('button', { name: /^Open kept mine/ }).click();
    await page.getByText('kept in this browser').first().waitFor();
    await bench.close();
  });

  test('saved as NumPy arrays and as a notebook', async () => {
    const bench = await openMicro();
    const { page } = bench;
    const save = (item: string) =>
      saved(page, async () => {
        await press(page, 'Save as …: aligned.json');
        await page.getByRole('menuitem', { name: item }).click();
      });
    const npz = await save('NPZ');
    expect(npz.name).toBe('aligned.npz');
    expect(Object.keys(unzipSync(new Uint8Array(npz.bytes)))).toContain(
      '0-similarity/raw/gap/ofMeansDeg.npy',
    );
    const notebook = await save('Notebook');
    expect(notebook.name).toBe('aligned.ipynb');
    expect(JSON.parse(notebook.bytes.toString('utf8'))).toMatchObject({ nbformat: 4, nbformat_minor: 5 });
    await bench.close();
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, text.length / 2), /cut short after \d+ characters/],
    ['of an older version', (text: string) => text.replace('"version":1', '"version":0'), /version 0; this/],
    ['of a newer version', (text: string) => text.replace('"version":1', '"version":9'), /version 9.*Update/],
    ['that is none', () => '{"layers": 30}', /not a Stratascope run file/],
  ])('%s: one notice that says so, and the page goes on', async (_, change, message) => {
    const bench = await openMicro();
    await openRun(bench.page, file('bad.json', change(curves.text)));
    await waitForNotice(bench.page, message);
    expect(await bench.page.locator('.item-list', { hasText: 'bad.json' }).count()).toBe(0);
    expect(bench.watch.errors).toEqual([]);
    await bench.close();
  });

  test('of 200 MB: refused by its size, without taking it into memory', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stratascope-large-'));
    const large = path.join(folder, 'large.json');
    const handle = openSync(large, 'w');
    ftruncateSync(handle, 200 * 2 ** 20);
    closeSync(handle);
    const bench = await openMicro();
    try {
      await openRun(bench.page, large);
      await waitForNotice(bench.page, /large\.json is 200 MB; run files of more than 64 MB are not opened/);
    } finally {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('attention of two typed prompts: the difference is the command line’s, token by token', async () => {
  const bench = await openMicro();
  const { page } = bench;
  await page.locator('#attention-deep').scrollIntoViewIfNeeded();
  await page.getByRole('textbox', { name: 'A', exact: true }).fill(PAIR[0]);
  await page.getByRole('textbox', { name: 'B', exact: true }).fill(PAIR[1]);
  await press(page, 'Compare these two');
  await page.getByText('Shown below: the two prompts typed here.').waitFor();
  const [a, b] = partOf(attention, 'attention').result.pictures;
  const { places, difference } = attentionDifference(a!, b!, 'mean');
  const expected = difference.flatMap((row) => questionPlaces(places, a!, b!).map((at) => row[at]!));
  const table = await tableOf(page, 'attention-difference');
  expect(table).toHaveLength(expected.length);
  const shown = table.map((row) => Number(row['B − A']!.replace('−', '-')));
  // Four decimals are shown; the rest is float32 summation order (node against WASM).
  shown.forEach((value, at) => {
    expect(Math.abs(value - expected[at]!)).toBeLessThan(0.5e-4 + 2e-5);
  });
  expect(await axeViolations(page)).toEqual([]);
  expect(bench.watch.errors).toEqual([]);
  await bench.close();
});

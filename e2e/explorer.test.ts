/**
 * The explorer on the bundled model, in a real Chromium on WebAssembly: what the page shows is what the command line
 * computes, and everything a person does with it holds. One page and one loaded model for all tests, which follow one
 * another as a visit does. What goes wrong on purpose is in failures.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import {
  alphaSlider,
  holdModel,
  modelChoice,
  type OpenedBench,
  openBench,
  rangeSlider,
  saved,
  savedFile,
  settingsIn,
  tableOf,
  tabTo,
  truthOf,
  waitForCount,
  waitForTruth,
  withoutRecorded,
} from './testing/bench-page.ts';
import { partOf, runCommand, type WrittenRun } from './testing/command-line.ts';

/** Over-rejection prompts; 8 malicious and 8 plain ones stand beside them. Few, so that a count takes seconds. */
const N = 16;
/** The table twin shows four decimals; beyond its rounding, node and WASM differ by float32 summation order alone. */
const CURVE_TOLERANCE = 0.5e-4 + 2e-5;

const MODEL = ['--model', 'smollm2-135m-instruct'];
const ADAPTER = ['--adapter', 'safety-adapter'];

let harness: Harness;
let bench: OpenedBench;
let curves: WrittenRun;
let baseCurves: WrittenRun;
let sweep: WrittenRun;

beforeAll(async () => {
  // One after the other, before the browser is there: both use every core.
  const layers = ['--layers', '8-13', '--alphas', '1.1', '--limit', String(N)];
  sweep = await runCommand('sweep', ...MODEL, ...ADAPTER, ...layers);
  curves = await runCommand('curves', ...MODEL, ...ADAPTER, '--matched');
  baseCurves = await runCommand('curves', ...MODEL, '--matched');
  harness = await startHarness({ site: 'app' });
});
afterAll(async () => {
  await harness?.close();
});

const exactCount = (label: string) => partOf(sweep, 'count', `over-rejection, ${label}`).result;
const scored = (label: string) =>
  exactCount(label).outcomes.filter((outcome) => outcome.refusedByScore).length;

describe('the first second', () => {
  test('shows recorded curves before the model is there, and live ones in their place', async () => {
    let release = () => {};
    bench = await openBench(harness, 'backend=wasm&n=8&ghost=off', {
      prepare: async (page) => {
        release = await holdModel(page);
      },
    });
    const { page } = bench;
    await waitForTruth(page, 'similarity', 'recorded');
    expect(await page.locator('.work-line').innerText()).toContain('Loading SmolLM2-135M-Instruct');
    const recorded = await tableOf(page, 'similarity');
    expect(recorded).toHaveLength(30);

    release();
    await waitForTruth(page, 'similarity', 'exact');
    const live = await tableOf(page, 'similarity');
    // Both rounded to four decimals.
    for (const column of ['aligned N–N', 'aligned N–M', 'aligned M–M'])
      for (const [layer, row] of live.entries())
        expect(Math.abs(Number(row[column]) - Number(recorded[layer]![column]))).toBeLessThanOrEqual(1.01e-4);
    expect(bench.watch.errors).toEqual([]);
    expect(bench.watch.foreignRequests).toEqual([]);
    await page.goto('about:blank');
  });
});

describe('a visit', () => {
  beforeAll(async () => {
    const { page } = bench;
    await withoutRecorded(page);
    await page.goto(`${harness.url}?backend=wasm&n=${N}&pools=form-matched&range=6-11&alpha=1&ghost=off`);
  });

  test('curves are the command line’s', async () => {
    const { page } = bench;
    await waitForTruth(page, 'similarity', 'exact');
    expect(await truthOf(page, 'similarity')).toBe('exact');
    const table = await tableOf(page, 'similarity');
    const { raw } = partOf(curves, 'similarity').result;
    for (const [column, curve] of [
      ['aligned N–N', raw.curves.nn.mean],
      ['aligned N–M', raw.curves.nm.mean],
      ['aligned M–M', raw.curves.mm.mean],
      ['aligned N–M 95 % low', raw.curves.nm.low],
    ] as const) {
      const differences = table.map((row, layer) => Math.abs(Number(row[column]) - curve[layer]!));
      expect(Math.max(...differences), column).toBeLessThan(CURVE_TOLERANCE);
    }
  });

  test('R0 is the command line’s', async () => {
    const { page } = bench;
    const { refused } = exactCount('alpha 1');
    expect(await waitForCount(page, 'R0', { of: N, truth: 'exact' })).toEqual({ value: refused, of: N });
  });

  test('layers 8-13 at alpha 1.1, by keyboard: first the score, then the exact count of the command line', async () => {
    const { page } = bench;
    await rangeSlider(page).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 8 to 13');
    await alphaSlider(page).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await alphaSlider(page).inputValue()).toBe('1.1');

    const label = 'layers 8-13, alpha 1.1';
    expect(await waitForCount(page, 'R', { of: N, truth: 'fast score' })).toEqual({
      value: scored(label),
      of: N,
    });
    expect(await waitForCount(page, 'R', { of: N, truth: 'exact' })).toEqual({
      value: exactCount(label).refused,
      of: N,
    });
    expect(exactCount(label).refused).not.toBe(exactCount('alpha 1').refused);
    expect(settingsIn(page)).toMatchObject({ n: String(N), pools: 'form-matched' });
  });

  test('CSV and SVG carry the numbers and where they come from', async () => {
    const { page } = bench;
    const { raw } = partOf(curves, 'similarity').result;
    const csv = await savedFile(page, 'similarity', 'Save CSV');
    expect(csv.name).toBe('similarity.csv');
    const lines = csv.text.trim().split('\n');
    const comments = Object.fromEntries(
      lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2).split(/: (.*)/, 2)),
    );
    expect(comments).toMatchObject({
      model: 'SmolLM2-135M-Instruct',
      sha256: curves.run.model.sha256,
      adapter: 'safety',
      template: 'chat',
      N: '50 normal, 50 malicious prompts',
      seed: '1',
      origin: 'live',
    });
    const [head, ...rows] = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(','));
    const column = head!.indexOf('aligned_raw_nm_mean');
    expect(rows).toHaveLength(30);
    // Full precision in the file: what is left is the order of float32 sums.
    for (const [layer, row] of rows.entries())
      expect(Math.abs(Number(row[column]) - raw.curves.nm.mean[layer]!)).toBeLessThan(2e-5);

    const svg = await savedFile(page, 'similarity', 'Save SVG');
    expect(svg.name).toBe('similarity.svg');
    const parsed = await page.evaluate((text) => {
      const document = new DOMParser().parseFromString(text, 'image/svg+xml');
      return {
        root: document.documentElement.localName,
        error: document.querySelector('parsererror')?.textContent ?? null,
        text: document.documentElement.textContent ?? '',
        paths: document.querySelectorAll('path').length,
      };
    }, svg.text);
    expect(parsed).toMatchObject({ root: 'svg', error: null });
    expect(parsed.paths).toBeGreaterThan(6);
    expect(parsed.text).toContain(curves.run.model.sha256!);
    expect(parsed.text).toContain('50 normal, 50 malicious prompts');
  });

  test('what was computed can be saved as a run file, which holds the same counts', async () => {
    const { page } = bench;
    const { text } = await saved(page, () => page.getByRole('button', { name: 'Save run' }).click());
    const { run, warnings } = parseRunFile(text);
    expect(warnings).toEqual([]);
    expect(run.model.sha256).toBe(sweep.run.model.sha256);
    const scaled = run.parts.filter(
      (part) => part.kind === 'count' && part.params.mode === 'exact' && part.params.setting.scale.length > 0,
    );
    const { outcomes } = exactCount('layers 8-13, alpha 1.1');
    const answers = scaled.flatMap((part) => (part.kind === 'count' ? [part.result.outcomes] : []));
    expect(answers[0]?.map(({ answer }) => answer)).toEqual(outcomes.map(({ answer }) => answer));
    // With the work it took, unless that was interrupted: layers below the scaled ones are not run again for the first token.
    const works = run.parts.flatMap((part) => (part.kind === 'count' ? (part.result.layerRuns ?? []) : []));
    for (const work of works) {
      expect(work.run).toBeGreaterThan(0);
      expect(work.run).toBeLessThanOrEqual(work.full);
    }
    expect(works.some((work) => work.run < work.full)).toBe(true);
  });

  test('the base model’s curves are the command line’s as well', async () => {
    const { page } = bench;
    await modelChoice(page, 'base').click({ force: true });
    await page.waitForFunction(() => location.search.includes('model=base'));
    const { mean } = partOf(baseCurves, 'similarity').result.raw.curves.nm;
    await waitForTruth(page, 'similarity', 'exact');
    const table = await tableOf(page, 'similarity');
    const differences = table.map((row, layer) => Math.abs(Number(row['base N–M']) - mean[layer]!));
    expect(Math.max(...differences)).toBeLessThan(CURVE_TOLERANCE);
  });

  test('a reload restores everything that the address holds; back and forward walk through what was done', async () => {
    const { page } = bench;
    const set = { model: 'base', range: '8-13', n: String(N), pools: 'form-matched', ghost: 'off' };
    // Alpha 1.1 on layers 8 to 13 is the default, which no address names.
    expect(settingsIn(page)).toMatchObject({ model: 'base', n: String(N) });
    await page.getByRole('radio', { name: 'centred' }).click({ force: true });
    await alphaSlider(page).focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => location.search.includes('alpha=1.15'));
    await page.reload();
    await page.locator('main').waitFor();
    const shown = async () => ({
      model: await page.getByRole('radiogroup', { name: 'Model' }).locator('input:checked').inputValue(),
      measure: await page.getByRole('radiogroup', { name: 'Measure' }).locator('input:checked').inputValue(),
      pools: await page
        .getByRole('radiogroup', { name: 'Pools compared' })
        .locator('input:checked')
        .inputValue(),
      range: await rangeSlider(page).getAttribute('aria-valuetext'),
      alpha: await alphaSlider(page).inputValue(),
      ghost: await page.getByRole('switch', { name: 'Base as ghost line' }).isChecked(),
    });
    const after = {
      model: 'base',
      measure: 'centred',
      pools: 'form-matched',
      range: 'layers 8 to 13',
      alpha: '1.15',
      ghost: false,
    };
    expect(await shown()).toEqual(after);
    expect(settingsIn(page)).toMatchObject({ model: set.model, n: set.n, alpha: '1.15', measure: 'centred' });

    await page.goBack();
    expect(await shown()).toEqual({ ...after, alpha: '1.1' });
    await page.goBack();
    expect(await shown()).toEqual({ ...after, alpha: '1.1', measure: 'raw' });
    await page.goForward();
    await page.goForward();
    expect(await shown()).toEqual(after);
  });

  test('everything can be reached and done with the keyboard alone', async () => {
    const { page } = bench;
    await page.evaluate(() => {
      const seen = window as unknown as { pointerEvents: number };
      seen.pointerEvents = 0;
      // What a browser makes of Enter has no pointer: its detail is 0.
      for (const type of ['pointerdown', 'mousedown', 'touchstart'])
        window.addEventListener(type, () => seen.pointerEvents++, { capture: true });
      (document.activeElement as HTMLElement | null)?.blur();
      document.body.tabIndex = -1;
      document.body.focus();
    });
    await tabTo(page, '[name="model"], .segmented[aria-label="Model"] input');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => !location.search.includes('model=base'));
    expect(await page.locator('[aria-label="Model"] input:checked').inputValue()).toBe('aligned');

    await tabTo(page, '.range-body');
    const stroke = () => rangeSlider(page).evaluate((body) => getComputedStyle(body).strokeWidth);
    const focused = await stroke();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowRight');
    expect(await rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 7 to 13');
    await tabTo(page, '.handle');
    // Where the focus is can be seen.
    expect(await stroke()).not.toBe(focused);
    await page.keyboard.press('ArrowRight');
    expect(await rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 8 to 13');

    await waitForTruth(page, 'similarity', 'exact');
    await tabTo(page, '#angle-gap .figure-head .icon-button');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    const table = page.getByRole('region', { name: 'Table: Angle gap, centred' });
    await table.waitFor();
    expect(await table.getByRole('row').count()).toBe(31);
    await tabTo(page, '.data-table');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Table: Angle gap, centred',
    );

    await tabTo(page, 'input[type="range"]');
    await page.keyboard.press('Home');
    expect(await alphaSlider(page).inputValue()).toBe('0.5');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    expect(await alphaSlider(page).inputValue()).toBe('1.45');
    expect(await page.evaluate(() => (window as unknown as { pointerEvents: number }).pointerEvents)).toBe(0);
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing with live numbers and tables open, %s',
    async (colorScheme) => {
      const { page } = bench;
      await page.emulateMedia({ colorScheme });
      await waitForTruth(page, 'similarity', 'exact');
      expect(await axeViolations(page)).toEqual([]);
    },
  );

  test('nothing of all this logged an error or asked another origin', () => {
    expect(bench.watch.errors).toEqual([]);
    expect(bench.watch.foreignRequests).toEqual([]);
    expect(bench.watch.requests.length).toBeGreaterThan(20);
  });
});

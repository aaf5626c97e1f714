/**
 * The page under a mouse and a finger, with prompts of one's own, on the model whose truth is known: planted 8-13. What
 * comes out is the command line's. One page and one loaded model for the tests on a desk; keys are in explorer.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPngText } from '@/figures/png-text.ts';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import {
  holdModel,
  notices,
  type OpenedBench,
  onStrip,
  openBench,
  rangeInWords,
  savedFile,
  settingsIn,
  tableOf,
  waitForBackend,
  waitForCount,
  waitForTruth,
  withFewPairs,
  withoutRecorded,
} from './testing/bench-page.ts';
import { partOf, runCommand, type WrittenRun } from './testing/command-line.ts';

/** Few: the scan scores each of them under every band. */
const N = 8;
const WIDTH = 6;
const FIGURES = ['band-scan', 'similarity', 'angle-gap', 'cosine-map', 'attention'];

let harness: Harness;
let sweep: WrittenRun;
beforeAll(async () => {
  const model = ['--model', 'smollm2-135m-instruct', '--adapter', 'planted-adapter-8-13'];
  const points = ['--layers', '8-13', '--alphas', '1.1', '--limit', String(N), '--band-scan', String(WIDTH)];
  sweep = await runCommand('sweep', ...model, ...points);
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

describe('at a desk', () => {
  let bench: OpenedBench;
  beforeAll(async () => {
    bench = await openBench(harness, `backend=wasm&model=planted-8-13&n=${N}&range=2-7&ghost=off`, {
      viewport: { width: 1440, height: 900 },
      prepare: async (page) => {
        await withoutRecorded(page);
        await withFewPairs(page, ['normal']);
      },
    });
  });
  afterAll(() => bench?.close());

  async function drag(from: { x: number; y: number }, to: { x: number; y: number }): Promise<string | null> {
    const { mouse } = bench.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move((from.x + to.x) / 2, from.y);
    await mouse.move(to.x, from.y);
    await mouse.up();
    return rangeInWords(bench.page);
  }

  test('the mouse brushes a new range, moves it and stretches it; the address follows', async () => {
    const { page } = bench;
    await waitForBackend(page, 'WebAssembly');
    expect(await drag(await onStrip(page, 18), await onStrip(page, 13))).toBe('layers 13 to 18');
    expect(settingsIn(page)).toMatchObject({ range: '13-18' });
    expect(await drag(await onStrip(page, 15), await onStrip(page, 11))).toBe('layers 9 to 14');
    expect(await drag(await onStrip(page, 14, 1), await onStrip(page, 13))).toBe('layers 9 to 13');
    expect(await drag(await onStrip(page, 9, 0), await onStrip(page, 8))).toBe('layers 8 to 13');
    // What no address names is the default.
    expect(settingsIn(page)).not.toHaveProperty('range');
    await page.goBack();
    expect(await rangeInWords(page)).toBe('layers 9 to 13');
    await page.goForward();
    expect(await rangeInWords(page)).toBe('layers 8 to 13');
  });

  test('counts under the brushed range are the command line’s', async () => {
    const { page } = bench;
    const expected = (label: string) => partOf(sweep, 'count', `over-rejection, ${label}`).result.refused;
    expect(await waitForCount(page, 'R', { of: N, truth: 'exact' })).toEqual({
      value: expected('layers 8-13, alpha 1.1'),
      of: N,
    });
    expect(await waitForCount(page, 'R0', { of: N, truth: 'exact' })).toEqual({
      value: expected('alpha 1'),
      of: N,
    });
  });

  test('the band scan is the command line’s, and finds layers of the planted band', async () => {
    const { page } = bench;
    await waitForTruth(page, 'band-scan', 'exact');
    const { baseline, points } = partOf(sweep, 'bandScan').result;
    const [unscaled, ...bands] = await tableOf(page, 'band-scan');
    expect(unscaled).toMatchObject({ refused: String(baseline.refused), of: String(N) });
    expect(bands.map((row) => [row['first layer'], row['last layer'], row.refused])).toEqual(
      points.map(({ first, last, refused }) => [first, last, refused].map(String)),
    );
    const best = points.reduce((a, b) => (b.refused > a.refused ? b : a));
    expect(best.refused).toBeGreaterThan(baseline.refused);
    expect(Math.min(best.last, 13) - Math.max(best.first, 8) + 1).toBeGreaterThanOrEqual(WIDTH / 2);
    expect(await page.locator('#band-scan svg.plot').textContent()).toContain('planted 8–13');
  });

  test('the layer under the mouse is lit in every picture and on the strip', async () => {
    const { page } = bench;
    await waitForTruth(page, 'attention', 'exact');
    for (const [figure, layer] of [
      ['similarity', 20],
      ['band-scan', 4],
    ] as const) {
      const hit = page.locator(`#${figure} .hit`).first();
      await hit.scrollIntoViewIfNeeded();
      const box = (await hit.boundingBox())!;
      await page.mouse.move(box.x + ((layer + 0.5) * box.width) / 30, box.y + 20);
      for (const id of FIGURES) {
        await page
          .locator(`#${id} .axis text.lit`, { hasText: new RegExp(`^${layer}$`) })
          .first()
          .waitFor();
        await page.locator(`#${id} .cursor`).first().waitFor({ state: 'attached' });
      }
      expect(await page.locator('.strip .hovered').count()).toBe(1);
    }
    await page.mouse.move(1, 1);
    await page.waitForFunction(() => !document.querySelector('.strip .hovered, .cursor'));
  });

  test('a PNG is a picture at twice the size that says where it comes from', async () => {
    const { page } = bench;
    const { name, bytes } = await savedFile(page, 'band-scan', 'Save PNG');
    expect(name).toBe('band-scan.png');
    expect(Object.fromEntries(readPngText(bytes))).toMatchObject({
      model: 'SmolLM2-135M-Instruct',
      sha256: sweep.run.model.sha256,
      adapter: 'planted-8-13',
      template: 'chat',
      N: `${N} prompts`,
      origin: 'live',
    });
    const decoded = await page.evaluate(async (base64) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      const image = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const colours = new Set(new Uint32Array(data.buffer));
      return { width: image.width, height: image.height, colours: colours.size };
    }, bytes.toString('base64'));
    const svg = (await page.locator('#band-scan svg[data-export]').boundingBox())!;
    expect(decoded.width).toBeGreaterThanOrEqual(2 * Math.floor(svg.width));
    expect(decoded.height).toBeGreaterThan(2 * svg.height);
    // Lines, text and marks: an empty canvas has one colour.
    expect(decoded.colours).toBeGreaterThan(10);
  });

  test('another planted band is one choice away, and drawn where it lies', async () => {
    const { page } = bench;
    const choose = async (layers: string) => {
      await page.getByRole('button', { name: /Planted in layers/ }).click();
      await page.getByRole('option', { name: layers, exact: true }).click();
    };
    const bracket = page.locator('.layer-bar title', { hasText: 'planted:' });
    await choose('18–23');
    expect(new URL(page.url()).searchParams.get('model')).toBe('planted-18-23');
    expect(await bracket.textContent()).toContain('18 to 23');
    await choose('8–13');
    expect(await bracket.textContent()).toContain('8 to 13');
    await waitForTruth(page, 'band-scan', 'exact');
  });

  test('prompts from a CSV: columns are chosen, kinds left out, and the counts are of those prompts', async () => {
    const { page } = bench;
    const { prompts } = partOf(sweep, 'count', 'over-rejection, alpha 1').params;
    const isMine = (index: number) => index % 2 === 0;
    const mine = prompts.filter((_, index) => isMine(index));
    const rows = prompts.map(({ text, group }, n) => `${isMine(n) ? 'mine' : 'other'},"${text}",${group},x`);
    await page.getByRole('button', { name: /^Use your own file/ }).click();
    const dialog = page.getByRole('dialog');
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      dialog.getByRole('button', { name: /^Choose a file/ }).click(),
    ]);
    await chooser.setFiles({
      name: 'mine.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['source,wording,what,note', ...rows].join('\n')),
    });
    await dialog.getByText(`mine.csv: ${N} rows, read as csv`).waitFor();
    // Nothing is taken unseen: column names that no importer knows are chosen by hand.
    await dialog.getByLabel(/^Prompt/).selectOption('wording');
    await dialog.getByLabel(/^Group/).selectOption('what');
    await dialog.getByLabel(/^Kind/).selectOption('source');
    await dialog.getByLabel('Only rows of kind').selectOption('mine');
    expect(await dialog.innerText()).toContain(`${mine.length} prompts, ${N - mine.length} of another kind.`);
    expect(await dialog.locator('.import-sample li').first().innerText()).toBe(mine[0]!.text);
    await dialog.getByRole('button', { name: `Use these ${mine.length} prompts` }).click();

    const pool = page.locator('.pool-list li', { hasText: 'over-rejection' });
    expect(await pool.innerText()).toMatch(/mine\.csv\s+4/);
    const refused = (label: string) =>
      partOf(sweep, 'count', `over-rejection, ${label}`).result.outcomes.filter(
        ({ index, responseClass }) => isMine(index) && responseClass === 'refused',
      ).length;
    const of = mine.length;
    expect(await waitForCount(page, 'R', { of, truth: 'exact' })).toEqual({
      value: refused('layers 8-13, alpha 1.1'),
      of,
    });
    expect(await waitForCount(page, 'R0', { of, truth: 'exact' })).toEqual({ value: refused('alpha 1'), of });
    expect(await notices(page)).toEqual([]);
    expect(bench.watch.errors).toEqual([]);
    expect(bench.watch.foreignRequests).toEqual([]);
  });
});

test('a finger brushes, moves and stretches the range on a phone; recorded counts follow', async () => {
  const { page, close } = await openBench(harness, 'range=2-7', {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    prepare: holdModel,
  });
  await waitForTruth(page, 'similarity', 'recorded');
  // Chromium's own touch events, since Playwright has taps only.
  const devtools = await page.context().newCDPSession(page);
  const swipe = async (from: { x: number; y: number }, to: { x: number; y: number }) => {
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: number) =>
      devtools.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: at === undefined ? [] : [{ x: at, y: from.y }],
      });
    await touch('touchStart', from.x);
    for (const share of [0.25, 0.5, 0.75, 1]) await touch('touchMove', from.x + share * (to.x - from.x));
    await touch('touchEnd');
    return rangeInWords(page);
  };
  // Far from the ends of the old range, which a finger takes hold of from afar.
  expect(await swipe(await onStrip(page, 20), await onStrip(page, 15))).toBe('layers 15 to 20');
  expect(await swipe(await onStrip(page, 17, 0.9), await onStrip(page, 10, 0.9))).toBe('layers 8 to 13');
  // These layers at alpha 1.1 are what was recorded, on more prompts than any count of this file.
  const { value } = await waitForCount(page, 'R', { of: 64, truth: 'recorded' });
  expect(value).toBeGreaterThan((await waitForCount(page, 'R0', { of: 64, truth: 'recorded' })).value);
  expect(await swipe(await onStrip(page, 13, 1), await onStrip(page, 17))).toBe('layers 8 to 17');
  await close();
});

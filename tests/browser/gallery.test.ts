/**
 * The pictures in a real browser, on the gallery's synthetic data: one axis to the pixel, brushing by mouse and keys,
 * linked hover, files that stand alone, no violation of accessibility rules. The numbers of a model are tested in e2e.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { injectAxe } from '../../e2e/testing/axe.ts';
import { projectRoot } from '../../scripts/setup.mjs';
import { readPngText } from '../../src/figures/png-text.ts';
import { sharedConfig } from '../../vite.config.ts';
import { type Harness, startHarness } from './harness.ts';
import { readPdf } from './read-pdf.ts';

const MIME: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
let harness: Harness;
const files = new Map<string, string | Uint8Array>();

beforeAll(async () => {
  const shared = sharedConfig();
  // Built in memory and answered by the test: the gallery is never on a disk where it could be shipped.
  const output = (await build({
    ...shared,
    configFile: false,
    root: join(projectRoot, 'src/views/gallery'),
    publicDir: false,
    logLevel: 'error',
    build: { ...shared.build, write: false, minify: false },
  })) as Rolldown.RolldownOutput;
  for (const file of output.output) files.set(file.fileName, file.type === 'asset' ? file.source : file.code);
  harness = await startHarness({ site: 'test-page' });
});
afterAll(() => harness?.close());

interface View {
  width?: number;
  theme?: 'light' | 'dark';
  hasTouch?: boolean;
}

async function openGallery({ width = 1440, theme = 'light', hasTouch = false }: View = {}) {
  const opened = await harness.newPage({
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    hasTouch,
  });
  const { page } = opened;
  await page.route('**/gallery/**', (route) => {
    const name = new URL(route.request().url()).pathname.replace(/^.*\/gallery\//, '');
    const body = files.get(name);
    if (body === undefined) return route.fulfill({ status: 404, body: '' });
    return route.fulfill({
      body: typeof body === 'string' ? body : Buffer.from(body),
      contentType: MIME[name.split('.').at(-1)!] ?? 'application/octet-stream',
    });
  });
  await page.goto(`${harness.url}gallery/index.html?theme=${theme}`);
  await page.waitForSelector('#similarity .hit');
  return opened;
}

const FIGURES = ['similarity', 'angle-gap', 'cosine-map', 'attention', 'band-scan'];
const stripRange = (page: Page) => page.getByRole('slider', { name: /^Range of layers/ });
const boxOf = async (locator: Locator) => (await locator.boundingBox())!;

async function save(page: Page, figure: string, item: string) {
  await page
    .locator(`#${figure}`)
    .first()
    .getByRole('button', { name: /table and files/ })
    .click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: item }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

describe.each([1440, 390])('at %d px', (width) => {
  test('all pictures share the layer axis to the pixel, and the strip has it too', async () => {
    const { page } = await openGallery({ width });
    const axes = await Promise.all(
      FIGURES.map(async (id) => {
        const { x, width } = await boxOf(page.locator(`#${id} .hit`).first());
        return { x, width };
      }),
    );
    for (const axis of axes) expect(axis).toEqual(axes[0]);
    const strip = await page
      .locator('.strip > .rule')
      .first()
      .evaluate((rule) => {
        const { x, width } = rule.getBoundingClientRect();
        return { x, width };
      });
    expect(strip).toEqual(axes[0]);
    await page.context().close();
  });

  test('nothing is wider than the window', async () => {
    const { page } = await openGallery({ width });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)('axe finds nothing, %s theme', async (theme) => {
    const { page, watch } = await openGallery({ width, theme });
    await injectAxe(page);
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      // The gallery shows some pictures twice, in two states, under one name; the page shows each once.
      const result = await axe.run({ rules: { 'landmark-unique': { enabled: false } } } as never);
      return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(' | ')}`);
    });
    expect(violations).toEqual([]);
    expect(watch.errors.filter((e) => !/favicon|404/.test(e))).toEqual([]);
    await page.context().close();
  });
});

test('hovering a layer in one picture lights the same layer in all', async () => {
  const { page } = await openGallery();
  const box = await boxOf(page.locator('#similarity .hit').first());
  await page.mouse.move(box.x + (box.width * 20.5) / 30, box.y + 30);
  for (const id of FIGURES) {
    const lit = page.locator(`#${id} .axis text.lit`).first();
    expect(await lit.textContent(), id).toBe('20');
    expect(await page.locator(`#${id} .cursor`).count(), id).toBeGreaterThan(0);
  }
  await page.context().close();
});

test('attention side by side: one axis of layers for both prompts, linked to all pictures; saved without hidden words', async () => {
  const { page } = await openGallery();
  await page.getByRole('radio', { name: 'side by side' }).click({ force: true });
  const hit = page.locator('#attention .beside .hit');
  expect(await hit.count()).toBe(1);
  await hit.scrollIntoViewIfNeeded();
  const box = await boxOf(hit);
  await page.mouse.move(box.x + 5, box.y + (box.height * 20.5) / 30);
  for (const id of FIGURES) {
    expect(await page.locator(`#${id} .axis text.lit`).first().textContent(), id).toBe('20');
    expect(await page.locator(`#${id} .cursor`).count(), id).toBeGreaterThan(0);
  }
  expect(await page.locator('#attention .figure-reading').textContent()).toMatch(/^layer 20 · hidden token/);
  const svg = (await save(page, 'attention', 'Save SVG')).bytes.toString('utf8');
  expect(svg).toContain('capital');
  expect(svg).toContain('▒▒▒▒');
  expect(svg).not.toContain('make');
  await page.context().close();
});

describe('the strip', () => {
  test('drags: middle moves, end stretches, outside begins anew', async () => {
    const { page } = await openGallery();
    const hit = await boxOf(page.locator('#similarity .hit').first());
    const strip = await boxOf(page.locator('.strip'));
    const x = (layer: number) => hit.x + ((layer + 0.5) * hit.width) / 30;
    const y = strip.y + 38;
    const drag = async (from: number, to: number) => {
      await page.mouse.move(from, y);
      await page.mouse.down();
      await page.mouse.move((from + to) / 2, y);
      await page.mouse.move(to, y);
      await page.mouse.up();
      return stripRange(page).getAttribute('aria-valuetext');
    };
    expect(await drag(x(10), x(14))).toBe('layers 12 to 17');
    expect(await drag(hit.x + (18 * hit.width) / 30 - 1, x(21))).toBe('layers 12 to 21');
    expect(await drag(x(3), x(1))).toBe('layers 1 to 3');
    await page.context().close();
  });

  test('keys: arrows move, shift and arrows stretch, Home and End go to the walls', async () => {
    const { page } = await openGallery();
    const range = stripRange(page);
    await range.focus();
    const press = async (key: string) => {
      await page.keyboard.press(key);
      return range.getAttribute('aria-valuetext');
    };
    expect(await press('ArrowRight')).toBe('layers 9 to 14');
    expect(await press('Shift+ArrowRight')).toBe('layers 9 to 15');
    expect(await press('Shift+ArrowLeft')).toBe('layers 9 to 14');
    expect(await press('Home')).toBe('layers 0 to 5');
    expect(await press('End')).toBe('layers 24 to 29');
    await page.context().close();
  });

  test('a finger can move it', async () => {
    const { page } = await openGallery({ width: 390, hasTouch: true });
    // Chromium's own touch events, since Playwright has taps only.
    const client = await page.context().newCDPSession(page);
    const box = await boxOf(stripRange(page));
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', to?: number) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: to === undefined ? [] : [{ x: to, y }] });
    await touch('touchStart', x);
    for (const step of [8, 16, 24, 32, 40]) await touch('touchMove', x + step);
    await touch('touchEnd');
    // 40 px are 4.2 layers at this width: four or five edges are crossed, depending on where the finger began.
    const text = await stripRange(page).getAttribute('aria-valuetext');
    expect(text).toMatch(/^layers (12 to 17|13 to 18)$/);
    await page.context().close();
  });
});

test('the matrix is walked with the keys, and malicious text stays hidden until revealed', async () => {
  const { page } = await openGallery();
  const matrix = page.locator('.matrix canvas');
  await matrix.focus();
  for (const key of ['ArrowRight', 'End']) await page.keyboard.press(key);
  const pair = page.locator('.matrix-pair');
  expect(await pair.textContent()).toContain('hidden until revealed');
  expect(await pair.locator('.blurred').count()).toBe(1);
  await page.locator('section', { has: matrix }).getByText('show malicious text').click();
  expect(await pair.locator('.blurred').count()).toBe(0);
  expect(await pair.textContent()).toContain('malicious prompt 99');
  await page.context().close();
});

describe('saved files', () => {
  test('an SVG stands alone, is light even when the page is dark, and says where it comes from', async () => {
    const { page } = await openGallery({ theme: 'dark' });
    const { name, bytes } = await save(page, 'similarity', 'Save SVG');
    const svg = bytes.toString('utf8');
    expect(name).toBe('similarity.svg');
    for (const leftover of ['var(--', 'light-dark', ' class=', 'tabindex', 'cursor'])
      expect(svg).not.toContain(leftover);
    expect(svg).toContain(`<s:entry key="sha256">${'0'.repeat(64)}</s:entry>`);
    expect(svg).toContain('rgb(15, 104, 176)'); // role-normal of the light theme
    expect(svg).not.toContain('rgb(99, 176, 243)'); // and not of the dark one
    await page.context().close();
  });

  test.each([...FIGURES, 'cosine-matrix-layer-14', 'alpha-trail', 'classes'])(
    '%s is well-formed XML',
    async (id) => {
      const { page } = await openGallery();
      const svg = (await save(page, id, 'Save SVG')).bytes.toString('utf8');
      const error = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        return parsed.querySelector('parsererror')?.textContent ?? null;
      }, svg);
      expect(error).toBeNull();
      await page.context().close();
    },
  );

  test('text that the page hides is not in the file', async () => {
    const { page } = await openGallery();
    const svg = (await save(page, 'attention', 'Save SVG')).bytes.toString('utf8');
    expect(svg).toContain('capital');
    expect(svg).toContain('▒▒▒▒');
    expect(svg).not.toContain('make');
    await page.context().close();
  });

  test('a PNG is at twice the size and carries its origin', async () => {
    const { page } = await openGallery();
    const { bytes } = await save(page, 'cosine-matrix-layer-14', 'Save PNG');
    const text = Object.fromEntries(readPngText(bytes));
    expect(text).toMatchObject({
      model: 'SYNTHETIC (no model)',
      template: 'chat',
      seed: '1',
      origin: 'live',
    });
    const width = bytes.readUInt32BE(16);
    expect(width % 2).toBe(0);
    expect(width).toBeGreaterThan(800);
    await page.context().close();
  });

  test('a PDF is of vectors and letters, as large as its figure, and carries its origin', async () => {
    const { page } = await openGallery();
    const { name, bytes } = await save(page, 'similarity', 'Save PDF');
    expect(name).toBe('similarity.pdf');
    const pdf = bytes.toString('latin1');
    expect(pdf).toMatch(/^%PDF-1\.\d/);
    // Without one picture of pixels in it.
    expect(pdf).not.toContain('/Subtype /Image');
    const { contents, info } = readPdf(bytes);
    expect(info.Keywords).toContain(`sha256=${'0'.repeat(64)}`);
    expect(info.Keywords).toContain('seed=1');
    expect(info.Creator).toBe('Stratascope');
    expect(contents).toContain('model SYNTHETIC');
    expect(contents).toMatch(/\d [lc]\n/);
    // Helvetica and its bold; another font would be one that was not found.
    expect([...pdf.matchAll(/\/F(\d+) /g)].length).toBeGreaterThan(0);
    expect(contents.match(/\/F\d+ [\d.]+ Tf/g)!.every((font) => /\/F[12] /.test(font))).toBe(true);
    const svg = (await save(page, 'similarity', 'Save SVG')).bytes.toString('utf8');
    const widthPx = Number(/width="(\d+)"/.exec(svg)![1]);
    expect(Number(/\/MediaBox \[0 0 ([\d.]+)/.exec(pdf)![1])).toBeCloseTo(widthPx * 0.75, 1);
    await page.context().close();
  });

  test('an NPZ has the columns of the CSV', async () => {
    const { page } = await openGallery();
    const csv = (await save(page, 'angle-gap', 'Save CSV')).bytes.toString('utf8');
    const head = csv.split('\n').find((line) => line && !line.startsWith('# '))!;
    const { name, bytes } = await save(page, 'angle-gap', 'Save NPZ');
    expect(name).toBe('angle-gap.npz');
    const files = Object.keys(unzipSync(new Uint8Array(bytes)));
    expect(files).toEqual(
      [...head.split(','), 'provenance_keys', 'provenance_values'].map((key) => `${key}.npy`),
    );
    await page.context().close();
  });

  test('a CSV has the numbers that the table twin shows', async () => {
    const { page } = await openGallery();
    const csv = (await save(page, 'angle-gap', 'Save CSV')).bytes.toString('utf8');
    const rows = csv.split('\n').filter((line) => line && !line.startsWith('# '));
    expect(rows.length).toBe(31);
    await page
      .locator('#angle-gap')
      .first()
      .getByRole('button', { name: /table and files/ })
      .click();
    await page.getByRole('menuitem', { name: 'Show as table' }).click();
    const cells = page.locator('#angle-gap .data-table tbody tr').nth(14).locator('td');
    const shown = (await cells.allTextContents()).map((t) => Number(t.replace('−', '-')));
    const saved = rows[15]!.split(',').map(Number);
    shown.forEach((value, i) => {
      expect(Math.abs(value - saved[i]!)).toBeLessThanOrEqual(5e-4 + 1e-9); // three digits are shown
    });
    await page.context().close();
  });
});

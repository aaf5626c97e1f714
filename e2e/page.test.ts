/**
 * The shipped page as a visitor meets it: it comes up clean, isolated and accessible in every size and theme, and asks
 * nobody else for anything. What the experiments on it compute is tested elsewhere.
 */
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, screenshot, startHarness } from '../tests/browser/harness.ts';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const SURROUNDINGS = [
  { name: 'desktop-light', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
] as const;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

async function openApp(options: Parameters<Harness['newPage']>[0] = {}) {
  const opened = await harness.newPage(options);
  await opened.page.goto(harness.url);
  await opened.page.locator('main').first().waitFor();
  return opened;
}

describe.each(SURROUNDINGS)('the page, $name', ({ name, ...surroundings }) => {
  test('comes up without errors, foreign requests or sideways scrolling', async () => {
    const { page, watch } = await openApp(surroundings);
    await screenshot(page, `page-${name}`);
    expect(watch.errors).toEqual([]);
    expect(watch.foreignRequests).toEqual([]);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test('has no accessibility violation that axe can find', async () => {
    const { page } = await openApp(surroundings);
    await page.addScriptTag({ path: axePath });
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target }) => `${id}: ${target.join(' ')}`),
    );
    expect(found).toEqual([]);
    await page.context().close();
  });
});

test('the page is cross-origin isolated, so that WebAssembly may use threads', async () => {
  const { page } = await openApp();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.context().close();
});

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
  // One page for all checks: each page loads the model, which takes seconds.
  let opened: Awaited<ReturnType<typeof openApp>>;
  beforeAll(async () => {
    opened = await openApp(surroundings);
  });
  afterAll(() => opened?.page.context().close());

  test('fits its width', async () => {
    await screenshot(opened.page, `page-${name}`);
    const overhangPx = await opened.page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overhangPx).toBeLessThanOrEqual(0);
  });

  test('has no accessibility violation that axe can find', async () => {
    await opened.page.addScriptTag({ path: axePath });
    const { violations } = await opened.page.evaluate(() =>
      (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target }) => `${id}: ${target.join(' ')}`),
    );
    expect(found).toEqual([]);
  });

  test('is cross-origin isolated, so that WebAssembly may use threads', async () => {
    expect(await opened.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  test('logs no error and asks nobody else for anything', () => {
    expect(opened.watch.errors).toEqual([]);
    expect(opened.watch.foreignRequests).toEqual([]);
  });
});

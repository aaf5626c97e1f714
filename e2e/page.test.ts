/**
 * The shipped page as a visitor meets it: it comes up clean, isolated and accessible in every size and theme, and asks
 * nobody else for anything. What the experiments on it compute is tested elsewhere.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, screenshot, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import { holdModel, modelChoice, type OpenedBench, openBench, waitForTruth } from './testing/bench-page.ts';

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

describe.each(SURROUNDINGS)('the page, $name', ({ name, ...surroundings }) => {
  // One page for all checks, on its recorded numbers: with live ones it is tested in explorer.test.ts.
  let opened: OpenedBench;
  beforeAll(async () => {
    opened = await openBench(harness, '', { ...surroundings, prepare: holdModel });
    await waitForTruth(opened.page, 'similarity', 'recorded');
  });
  afterAll(() => opened?.close());

  test('fits its width', async () => {
    await screenshot(opened.page, `page-${name}`);
    const overhangPx = await opened.page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overhangPx).toBeLessThanOrEqual(0);
  });

  test('has no accessibility violation that axe can find', async () => {
    expect(await axeViolations(opened.page)).toEqual([]);
  });

  test('is cross-origin isolated, so that WebAssembly may use threads', async () => {
    expect(await opened.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  test('logs no error and asks nobody else for anything', () => {
    expect(opened.watch.errors).toEqual([]);
    expect(opened.watch.foreignRequests).toEqual([]);
  });
});

test('where no first token tells refusals from answers, score and scan say so instead of standing empty', async () => {
  const { page, watch, close } = await openBench(harness, 'model=base', { prepare: holdModel });
  const words = 'No first token tells refusals from answers here (too few of one kind)';
  const limit = page.locator('.counts-limit');
  await limit.waitFor();
  expect(await limit.innerText()).toContain(words);
  expect(await limit.innerText()).toContain('no fast score follows');
  const scan = page.locator('#band-scan .figure-empty');
  expect(await scan.innerText()).toContain(words);
  expect(await scan.innerText()).toContain('The scan counts by first token, so there is none');
  // The aligned model has such a token: nothing is said there.
  await modelChoice(page, 'aligned').click({ force: true });
  await page.locator('#band-scan svg.plot .whisker').first().waitFor({ state: 'attached' });
  expect(await limit.count()).toBe(0);
  expect(watch.errors).toEqual([]);
  await close();
});

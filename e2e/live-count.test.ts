/**
 * What follows the hand on the bundled model, in a real Chromium: a live count beside the recorded one while it fills in,
 * and pictures that end where the handle was let go, however fast it was moved. How fast is measured by `npm run bench`.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { alphaSlider, type OpenedBench, openBench, waitForCount } from './testing/bench-page.ts';

/** Two batches: the first one is of four prompts. */
const N = 8;

let harness: Harness;
let bench: OpenedBench;

beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
  bench = await openBench(harness, `backend=wasm&n=${N}`);
});
afterAll(async () => {
  await harness?.close();
});

/** The live line and the mark of the number that it stands beside, at one moment. */
async function liveBesideNumber(page: Page): Promise<{ live: string; mark: string }> {
  const handle = await page.waitForFunction(
    () => {
      const box = document.querySelector('.count-now');
      const text = (part: string) => box?.querySelector(part)?.textContent?.trim() ?? '';
      return text('.live-so-far') ? { live: text('.live-so-far'), mark: text('.truth-mark') } : null;
    },
    undefined,
    { timeout: 240_000 },
  );
  return (await handle.jsonValue())!;
}

test('a live count says so beside the recorded number while it fills in, and then takes its place', async () => {
  const { page } = bench;
  const { live, mark } = await liveBesideNumber(page);
  const [, refused, decided, part] = /^live, fast score: (\d+) of (\d+)( so far)?$/.exec(live) ?? [];
  expect(Number(refused), live).toBeLessThanOrEqual(Number(decided));
  expect(Number(decided)).toBeGreaterThan(0);
  // Part of the prompts is never shown as if it were all of them.
  expect(part !== undefined).toBe(Number(decided) < N);
  expect(mark).toBe('recorded');

  const whole = await waitForCount(page, 'R', { of: N, truth: 'fast score' });
  expect(whole.value).toBeLessThanOrEqual(N);
  expect(await page.locator('.live-so-far').count()).toBe(0);
  // R0 is of the same kind, so that the change is the difference of the two numbers shown.
  await waitForCount(page, 'R0', { of: N, truth: 'fast score' });
});

test('all pictures end where the handle was let go', async () => {
  const { page } = bench;
  const { x, y, width, height } = (await page.locator('.alpha-panel .slider-track').boundingBox())!;
  const moveTo = (share: number) => page.mouse.move(x + width * share, y + height / 2);
  await moveTo(0.6);
  await page.mouse.down();
  for (let step = 0; step < 40; step++) await moveTo(0.6 + 0.3 * Math.sin(step));
  await moveTo(0.75);
  await page.mouse.up();
  const alpha = Number(await alphaSlider(page).inputValue());
  expect(alpha).toBe(1.25);
  const shown = () =>
    page.evaluate(() => {
      const numbers = (part: string, pattern: RegExp) =>
        Number(pattern.exec(document.querySelector(part)?.textContent ?? '')?.[1]);
      return {
        number: numbers('.count-now .big-number-label', /alpha ([\d.]+)/),
        scan: numbers('#band-scan .figure-caption', /scaled by ([\d.]+\d)/),
        answers: numbers('.answer-table thead th:last-child', /alpha ([\d.]+)/),
        address: Number(new URLSearchParams(location.search).get('alpha')),
      };
    });
  await expect
    .poll(shown, { timeout: 60_000 })
    .toEqual({ number: alpha, scan: alpha, answers: alpha, address: alpha });
  expect(bench.watch.errors).toEqual([]);
  expect(bench.watch.foreignRequests).toEqual([]);
});

/** The section on this machine: what the browser tells, what is missing, a measurement, the models with estimates. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, screenshot, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import { holdModel, openBench } from './testing/bench-page.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

test('facts, lacks, a measurement of three seconds, estimates that are called so; list of the dialog', async () => {
  const { page, watch, close } = await openBench(harness, 'backend=wasm', { prepare: holdModel });
  const machine = page.locator('#machine');
  await machine.scrollIntoViewIfNeeded();
  await machine.getByRole('heading', { name: 'What the browser tells' }).waitFor();
  const facts = await machine.locator('.facts').first().innerText();
  expect(facts).toMatch(/Browser\s+Chrome \d+/);
  expect(facts).toMatch(/Threads for WebAssembly\s+yes/);
  // This Chromium has no adapter: that is said, with the way to look for the reason.
  expect(await machine.locator('.lacks').first().innerText()).toMatch(
    /no (WebGPU|graphics adapter answers).*(chrome:\/\/)/,
  );
  const rows = machine.locator('.data-table tbody tr');
  await expect.poll(() => rows.count()).toBe(12);
  expect(await rows.first().innerText()).toMatch(/SmolLM2-135M-Instruct\s+fits\s+135 million parameters/);

  await machine.getByRole('button', { name: 'Measure this machine' }).press('Enter');
  await machine.getByText('WebAssembly is being measured').waitFor();
  const speeds = machine.getByRole('list', { name: 'Measured speeds' });
  await speeds.waitFor({ timeout: 60_000 });
  const gflops = Number(/: ([\d.]+) GFLOPS on many rows/.exec(await speeds.innerText())?.[1]);
  expect(gflops).toBeGreaterThan(0);
  const heading = await machine.locator('.data-table thead').innerText();
  expect(heading).toMatch(/prompt tokens\/s, estimate/);
  const read = Number((await rows.first().locator('td').nth(2).innerText()).replaceAll(',', ''));
  // 106 million weights in the layers, two operations each; the speed is shown to three digits.
  expect(Math.abs(read / ((gflops * 1e9) / (2 * 106_203_456)) - 1)).toBeLessThan(0.02);
  for (const [name, viewport, colorScheme] of [
    ['desktop-light', { width: 1440, height: 900 }, 'light'],
    ['phone-dark', { width: 390, height: 844 }, 'dark'],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await machine.scrollIntoViewIfNeeded();
    await screenshot(page, `machine-${name}`, { fullPage: false });
    const overhangPx = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overhangPx, name).toBeLessThanOrEqual(0);
  }
  expect(await axeViolations(page, '#machine')).toEqual([]);
  expect(watch.errors).toEqual([]);
  expect(watch.foreignRequests).toEqual([]);
  await close();
});

/**
 * The Controls section in a real Chromium, on the micro model: one control is chosen, set, run, read, and saved as a run file
 * that holds what the page shows. What controls find is the unit tests' matter.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRunFile } from '@/protocol/run-file.ts';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { axeViolations } from './testing/axe.ts';
import {
  chooseFiles,
  holdModel,
  microFiles,
  openBench,
  saved,
  settingsIn,
  tableOf,
} from './testing/bench-page.ts';

const DEALS = 39;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

test('a control is chosen, set, run and saved; the address holds it; it has no fault that a rule can find', async () => {
  const { page, watch } = await openBench(harness, 'backend=wasm&n=8&alpha=1', { prepare: holdModel });
  await chooseFiles(page, await microFiles());
  await page.locator('#controls').scrollIntoViewIfNeeded();
  const list = page.getByRole('navigation', { name: 'Controls' });
  await list.getByRole('button', { name: 'Probes' }).press('Enter', { timeout: 120_000 });
  expect(settingsIn(page).control).toBe('probes');
  await list.getByRole('button', { name: 'Shuffled labels' }).press('Enter');
  const control = page.getByRole('article', { name: 'Shuffled labels' });
  await control.getByLabel('Deals').fill(String(DEALS));
  await control.getByLabel('Deals').press('Enter');
  expect(settingsIn(page).control).toBe(`shuffled-gap_deals-${DEALS}`);

  await control.getByRole('button', { name: 'Run', exact: true }).press('Enter');
  await control.getByRole('button', { name: 'Again', exact: true }).waitFor({ timeout: 240_000 });
  const findings = await control.locator('.control-findings li').allInnerTexts();
  expect(findings.length).toBeGreaterThan(0);

  const { text } = await saved(page, () =>
    control.getByRole('button', { name: 'Save as a run file' }).click(),
  );
  const { run, warnings } = parseRunFile(text);
  expect(warnings).toEqual([]);
  expect(run.parts).toHaveLength(1);
  const [part] = run.parts;
  if (part?.kind !== 'control') throw new Error('The file holds no control.');
  expect(part.params).toMatchObject({ name: 'shuffled-gap', options: { deals: String(DEALS) } });
  expect(part.result.findings).toEqual(findings);
  const [measure] = part.result.measures;
  const figure = `control-shuffled-gap-${measure!.key}`;
  expect(await page.locator(`#${figure} .figure-foot`).innerText()).toContain(`Test: ${measure!.test}.`);
  const rows = part.result.rows.filter((row) => row.measure === measure!.key);
  expect(await tableOf(page, figure)).toHaveLength(rows.length);
  expect(await axeViolations(page)).toEqual([]);
  expect(watch.errors).toEqual([]);
  expect(watch.foreignRequests).toEqual([]);
});

/** Accessibility violations that axe finds on a page as it is now, one line each. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Run as the debugger's text: the page's policy lets no script element in that is not its own. */
export async function injectAxe(page: Page): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await readFile(axePath, 'utf8'));
}

/** @param within a selector; default the whole page */
export async function axeViolations(page: Page, within?: string): Promise<string[]> {
  await injectAxe(page);
  const { violations } = await page.evaluate(
    (selector) =>
      (window as unknown as { axe: { run(within?: string): Promise<AxeResults> } }).axe.run(selector),
    within,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

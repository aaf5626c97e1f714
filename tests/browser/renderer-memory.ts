/** What the system says of the memory of a browser's renderers, workers included. (The browser's own measure waits for idle workers.) */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';

/** Of the largest renderer: VmRSS = now, VmHWM = the most so far; null where the system does not tell. */
export async function rendererBytes(browser: Browser, which: 'VmRSS' | 'VmHWM'): Promise<number | null> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const files = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => `/proc/${id}/status`)
    .filter(existsSync);
  const line = new RegExp(`^${which}:\\s+(\\d+) kB`, 'm');
  const sizes = await Promise.all(
    files.map(async (file) => 1024 * Number(line.exec(await readFile(file, 'utf8'))?.[1])),
  );
  return sizes.length > 0 ? Math.max(...sizes) : null;
}

/**
 * A real Chromium on the real server, for tests: started, watched (console errors, requests that leave the origin) and
 * ended. Knows nothing of what the pages do. Used by tests/browser, e2e and the benchmarks.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/find-browser.mjs';
import { appMounts, type Mount, serve, testPageMounts } from '../../scripts/serve.mjs';
import { projectRoot } from '../../scripts/setup.mjs';

/** Quiet, and unable to resolve any name but this machine's: a request to elsewhere fails instead of passing unseen. */
const COMMON_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/** WebGPU computed by SwiftShader on the processor, for machines without a graphics card. */
const SOFTWARE_WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export interface HarnessOptions {
  /** `app` = the shipped page (dist/), `test-page` = tests/browser/page (dist-test/) with the fixtures under /fixtures. */
  site: 'app' | 'test-page';
  /** Software WebGPU; else WebGPU is there, but no adapter answers, and the page runs on WASM. Default false. */
  webgpu?: boolean;
  /** More switches for Chromium. */
  flags?: string[];
  /** More folders to serve, before those of the site. */
  mounts?: Mount[];
}

/** What went wrong on a page that no assertion looked at. Empty lists are what a test wants. */
export interface PageWatch {
  /** console.error, uncaught exceptions, crashes. */
  readonly errors: string[];
  /** Requests to another origin, workers' included. */
  readonly foreignRequests: string[];
  /** Every request of the page and its workers, in order. */
  readonly requests: string[];
}

export interface Harness {
  /** Ends with a slash. */
  readonly url: string;
  readonly browser: Browser;
  /** A page of its own context (own storage), not yet navigated anywhere. */
  newPage(options?: BrowserContextOptions): Promise<{ page: Page; watch: PageWatch }>;
  close(): Promise<void>;
}

function watchPage(page: Page, origin: string): PageWatch {
  const watch = { errors: [] as string[], foreignRequests: [] as string[], requests: [] as string[] };
  page.on('console', (message) => {
    // The browser's own "404" line names its address only in its location.
    if (message.type() === 'error') watch.errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => watch.errors.push(String(error)));
  page.on('crash', () => watch.errors.push('the page crashed'));
  page.on('request', (request) => {
    const url = request.url();
    watch.requests.push(url);
    const isLocal = /^(data|blob|about):/.test(url) || new URL(url).origin === origin;
    if (!isLocal) watch.foreignRequests.push(url);
  });
  page.on('websocket', (socket) => watch.foreignRequests.push(socket.url()));
  return watch;
}

/** Starts server and browser. Close it in `afterAll`, or both outlive the test. */
export async function startHarness(options: HarnessOptions): Promise<Harness> {
  const { site, webgpu = false, flags = [], mounts = [] } = options;
  const executablePath = findBrowser();
  if (!executablePath)
    throw new Error(
      'No Chromium found. Run "npm test -- browser", which installs one, or set CHROMIUM_PATH.',
    );
  const folder = site === 'app' ? 'dist' : 'dist-test';
  if (!existsSync(join(projectRoot, folder, 'index.html')))
    throw new Error(
      `${folder}/ is not built. Run "npm test -- ${site === 'app' ? 'e2e' : 'browser'}", which builds it.`,
    );
  const server = await serve({ mounts: [...mounts, ...(site === 'app' ? appMounts : testPageMounts)] });
  const browser = await chromium
    .launch({
      executablePath,
      headless: true,
      args: [...COMMON_FLAGS, ...(webgpu ? SOFTWARE_WEBGPU_FLAGS : ['--disable-features=WebGPU']), ...flags],
    })
    .catch(async (error) => {
      await server.close();
      throw error;
    });
  return {
    url: server.url,
    browser,
    async newPage(options) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      return { page, watch: watchPage(page, new URL(server.url).origin) };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Saves what the page shows to test-results/NAME.png (not in git), for people to look at. */
export async function screenshot(
  page: Page,
  name: string,
  options: { fullPage?: boolean } = {},
): Promise<string> {
  const folder = join(projectRoot, 'test-results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, fullPage: options.fullPage ?? true, animations: 'disabled' });
  return path;
}

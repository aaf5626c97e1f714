/** The ground that every other browser test stands on: isolation, shared memory, WebGPU, byte ranges, no foreign request. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

async function openTestPage(webgpu: boolean) {
  harness = await startHarness({ site: 'test-page', webgpu });
  const opened = await harness.newPage();
  await opened.page.goto(harness.url);
  await opened.page.waitForFunction(() => 'parity' in window);
  return { ...opened, url: harness.url };
}

describe('the browser that tests run in', () => {
  test('is isolated, so that WebAssembly threads work, and has no WebGPU unless asked', async () => {
    const { page, watch } = await openTestPage(false);
    const found = await page.evaluate(() => window.parity.surroundings());
    expect(found).toMatchObject({ crossOriginIsolated: true, sharedMemory: true, webgpu: null });
    expect(watch.errors).toEqual([]);
    expect(watch.foreignRequests).toEqual([]);
  });

  test('has a software WebGPU adapter when asked, large enough for the micro model', async () => {
    const { page } = await openTestPage(true);
    const { webgpu } = await page.evaluate(() => window.parity.surroundings());
    expect(webgpu).not.toBeNull();
    expect(webgpu?.maxBufferBytes).toBeGreaterThanOrEqual(256 * 2 ** 20);
  });

  test('reports requests that leave the origin, from the page and from a worker', async () => {
    const { page, watch } = await openTestPage(false);
    await page.evaluate(async () => {
      const fetchQuietly = (url: string) => fetch(url).catch(() => null);
      await fetchQuietly('https://page.example/');
      const script = 'fetch("https://worker.example/").catch(() => 0).then(() => postMessage(0))';
      const worker = new Worker(URL.createObjectURL(new Blob([script])));
      await new Promise((resolve) => {
        worker.onmessage = resolve;
      });
    });
    expect(watch.foreignRequests).toEqual(['https://page.example/', 'https://worker.example/']);
  });
});

describe('the server', () => {
  test('serves fixtures and byte ranges exactly', async () => {
    const { url } = await openTestPage(false);
    const file = `${url}fixtures/tolerances.json`;
    const whole = new Uint8Array(await (await fetch(file)).arrayBuffer());
    const read = async (range: string) => {
      const response = await fetch(file, { headers: { range } });
      return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
    };
    expect(await read('bytes=0-0')).toEqual({ status: 206, bytes: whole.slice(0, 1) });
    expect(await read('bytes=5-24')).toEqual({ status: 206, bytes: whole.slice(5, 25) });
    expect(await read('bytes=-7')).toEqual({ status: 206, bytes: whole.slice(-7) });
    expect((await read(`bytes=${whole.length}-`)).status).toBe(416);
  });

  test('answers 404 to what is not there and never leaves its folders', async () => {
    const { url } = await openTestPage(false);
    expect((await fetch(`${url}nothing.json`)).status).toBe(404);
    expect((await fetch(`${url}fixtures/..%2f..%2fpackage.json`)).status).toBeGreaterThanOrEqual(400);
  });
});

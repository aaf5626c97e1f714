import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serve } from './serve.mjs';

const mounts = [
  { prefix: '/scripts', folder: 'scripts' },
  { prefix: '/', folder: 'tests/fixtures' },
];
describe('what serve answers', () => {
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    server = await serve({ mounts });
  });
  afterAll(() => server.close());

  test('isolates the page, errors included', async () => {
    const { url } = server;
    for (const path of ['tolerances.json', 'nothing']) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      const policy = headers.get('content-security-policy');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval' blob:;");
      expect(policy).not.toContain("'unsafe-eval'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  test('goes on to the next mount, and keeps the query out of it', async () => {
    const { url } = server;
    expect((await fetch(`${url}scripts/serve.mjs?raw`)).headers.get('content-type')).toMatch(
      /^text\/javascript/,
    );
    expect((await fetch(`${url}tolerances.json?v=1`)).headers.get('content-type')).toMatch(
      /^application\/json/,
    );
    expect((await fetch(`${url}scripts/tolerances.json`)).status).toBe(404);
  });
});

describe('the port of serve', () => {
  const open: Array<{ close: () => Promise<void> }> = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  async function start() {
    const server = await serve({ mounts });
    open.push(server);
    return server;
  }

  test('is another one when the preferred one is in use', async () => {
    const first = await start();
    const second = await start();
    expect(second.port).not.toBe(first.port);
    expect((await fetch(`${second.url}tolerances.json`)).status).toBe(200);
  });

  test('is named when it is in use and was asked for', async () => {
    const { port } = await start();
    await expect(serve({ mounts, port })).rejects.toThrow(`Port ${port} is in use.`);
  });
});

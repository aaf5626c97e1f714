/** What the page lets nobody do: run text as code, load scripts from elsewhere, be framed; and whom it asks for anything. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import { holdModel, openBench, waitForTruth } from './testing/bench-page.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

test('text is not run as code, scripts of other servers and inline ones are refused, WebAssembly is compiled', async () => {
  const { page, watch, close } = await openBench(harness, 'backend=wasm', { prepare: holdModel });
  await waitForTruth(page, 'similarity', 'recorded');
  expect(watch.errors).toEqual([]);
  expect(watch.foreignRequests).toEqual([]);
  // Later than the debugger's own call, which the policy does not bind.
  const outcome = await page.evaluate(
    () =>
      new Promise<Record<string, string>>((resolve) => {
        setTimeout(async () => {
          const attempt = async (work: () => unknown) => {
            try {
              await work();
              return 'allowed';
            } catch (error) {
              return (error as Error).name;
            }
          };
          const loaded = (script: HTMLScriptElement) =>
            new Promise<void>((done, fail) => {
              script.onload = () => done();
              script.onerror = () => fail(new DOMException('', 'Refused'));
              document.head.append(script);
            });
          const elsewhere = document.createElement('script');
          elsewhere.src = 'https://elsewhere.invalid/x.js';
          const inline = document.createElement('script');
          inline.textContent = 'window.ranInline = true';
          document.head.append(inline);
          const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
          resolve({
            // biome-ignore lint/security/noGlobalEval: that it is refused is the test.
            eval: await attempt(() => eval('1')),
            newFunction: await attempt(() => new Function('return 1')()),
            script: await attempt(() => loaded(elsewhere)),
            inline: 'ranInline' in window ? 'allowed' : 'refused',
            plainHttp: await attempt(() => fetch('http://elsewhere.invalid/x')),
            wasm: await attempt(() => WebAssembly.compile(empty)),
          });
        }, 0);
      }),
  );
  expect(outcome).toEqual({
    eval: 'EvalError',
    newFunction: 'EvalError',
    script: 'Refused',
    inline: 'refused',
    plainHttp: 'TypeError',
    wasm: 'allowed',
  });
  const refused = watch.errors.filter((line) => /Content Security Policy/.test(line));
  expect(refused.some((line) => /elsewhere\.invalid\/x\.js/.test(line))).toBe(true);
  expect(refused.some((line) => /http:\/\/elsewhere\.invalid\/x\b/.test(line))).toBe(true);
  await close();
});

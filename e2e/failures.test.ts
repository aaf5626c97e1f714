/**
 * What goes wrong, done on purpose: each time the page says what happened and what to do, falls back where it can, keeps
 * its settings and goes on. On the bundled model in a real Chromium; what works is in explorer.test.ts, memory and graphics
 * that run short or go away in resources.test.ts.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../scripts/setup.mjs';
import { type Harness, startHarness } from '../tests/browser/harness.ts';
import expectedOfBadFiles from '../tests/fixtures/bad/expected.json';
import {
  alphaSlider,
  chooseFiles,
  holdModel,
  injectIntoWorker,
  labWorker,
  labWorkers,
  loadAgain,
  notices,
  type OpenedBench,
  openBench,
  rangeSlider,
  repositoryFile,
  settingsIn,
  truthOf,
  waitForBackend,
  waitForNotice,
  waitForTruth,
} from './testing/bench-page.ts';

/** Nothing of this is the default, so that a page that forgot its settings is told from one that kept them. */
const SETTINGS = { alpha: '0.9', range: '4-9', n: '8', ghost: 'off' };
const query = (more: Record<string, string>) => new URLSearchParams({ ...SETTINGS, ...more }).toString();

async function expectKept(page: Page): Promise<void> {
  // The address is written a moment after the settings, and some of the page is drawn a moment after them.
  await expect.poll(() => settingsIn(page)).toMatchObject(SETTINGS);
  await expect.poll(() => alphaSlider(page).inputValue()).toBe('0.9');
  await expect.poll(() => rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 4 to 9');
}

/** Settings can still be changed: the page is alive. */
async function expectUsable(page: Page): Promise<void> {
  await alphaSlider(page).focus();
  await page.keyboard.press('ArrowRight');
  expect(await alphaSlider(page).inputValue()).toBe('0.95');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => location.search.includes('alpha=0.9&'));
}

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ site: 'app' });
});
afterAll(() => harness?.close());

describe('loading and the worker', () => {
  let bench: OpenedBench;
  afterAll(() => bench?.close());

  test('a truncated model file is named, with what to do; the recorded picture stays', async () => {
    bench = await openBench(harness, query({ backend: 'wasm' }), {
      prepare: (page) =>
        page.route('**/*.gguf', (route) =>
          route.fulfill({
            status: 206,
            headers: { 'content-range': 'bytes 0-0/98000000' },
            body: 'G',
          }),
        ),
    });
    const { page } = bench;
    await waitForNotice(page, 'SmolLM2-135M-Instruct.Q4_1.gguf is damaged');
    const [notice] = await notices(page);
    expect(notice!.text).toContain('it has 98000000 bytes instead of 98362432');
    expect(notice!.text).toContain('restore the folder public/models');
    expect(notice!.actions).toEqual(['Load again']);
    await expect.poll(() => page.locator('.work-line').innerText()).toContain('No model is open.');
    await expect.poll(() => truthOf(page, 'similarity')).toBe('recorded');
    await expectKept(page);
    await expectUsable(page);
  });

  test('a flipped byte is found by its hash; loading again works once the file is whole', async () => {
    const { page } = bench;
    await page.unrouteAll();
    const damaged = 'safety-adapter/adapter_config.json';
    await page.route(`**/${damaged}`, async (route) => {
      // Answered whole to every request, as a server without ranges does.
      const body = await readFile(path.join(projectRoot, 'public/models', damaged));
      body[10]! ^= 1;
      await route.fulfill({ status: 200, body });
    });
    await loadAgain(page);
    await waitForNotice(page, `${damaged} is damaged: its sha256 is`);
    await expectKept(page);

    await page.unrouteAll();
    await loadAgain(page);
    await waitForBackend(page, 'WebAssembly');
    expect(await notices(page)).toEqual([]);
    await expectKept(page);
  });

  test('a worker that throws is named with its reason, and loads again', async () => {
    const { page } = bench;
    await labWorker(page).evaluate(() => {
      setTimeout(() => {
        throw new Error('drill');
      });
    });
    await waitForNotice(page, /worker that runs the model stopped: .*drill.*Load the model again/);
    await expectKept(page);
    await expectUsable(page);
    await loadAgain(page);
    await waitForBackend(page, 'WebAssembly');
  });

  test('a worker that ends without a word is noticed as well', async () => {
    const { page } = bench;
    // The one before was ended as well; asking it would close nothing.
    await expect.poll(() => labWorkers(page).length).toBe(1);
    // The worker may be gone before its answer to this call is: that is what the test asks for.
    await labWorker(page)
      .evaluate(() => self.close())
      .catch(() => undefined);
    await waitForNotice(page, 'it ended without saying why');
    await expectKept(page);
    await loadAgain(page);
    await waitForBackend(page, 'WebAssembly');
  });

  test('a worker whose script does not arrive is told, and loads again when it does', async () => {
    const { page } = bench;
    await page.route('**/lab.worker-*.js', (route) => route.abort());
    await page.reload();
    await waitForNotice(page, 'The worker that runs the model stopped: it could not be started');
    await expectKept(page);
    await page.unrouteAll();
    await loadAgain(page);
    await waitForBackend(page, 'WebAssembly');
    await expectKept(page);
  });
});

describe('what a browser lacks', () => {
  test('a graphics adapter: WebAssembly takes over, and the wish for WebGPU is kept', async () => {
    const { page, close } = await openBench(harness, query({ backend: 'webgpu' }));
    await waitForBackend(page, 'WebAssembly');
    expect((await notices(page)).map(({ text }) => text)).toEqual([
      'WebGPU is there, but no graphics adapter answers. WebAssembly is used instead.',
    ]);
    await expectKept(page);
    expect(settingsIn(page)).toMatchObject({ backend: 'webgpu' });
    await close();
  });

  test('WebGPU itself: the same', async () => {
    const { page, close } = await openBench(harness, query({ backend: 'webgpu' }), {
      // Chromium has no switch for it: the worker's own view of it is taken away before anything looks.
      prepare: (page) => injectIntoWorker(page, 'delete WorkerNavigator.prototype.gpu'),
    });
    await waitForBackend(page, 'WebAssembly');
    expect((await notices(page)).map(({ text }) => text)).toEqual([
      'This browser offers no WebGPU. WebAssembly is used instead.',
    ]);
    await expectKept(page);
    await close();
  });

  test('cross-origin isolation: it computes on one thread and says so', async () => {
    const { page, close } = await openBench(harness, query({ backend: 'wasm' }), {
      prepare: (page) =>
        page.route(`${harness.url}?**`, async (route) => {
          const response = await route.fetch();
          const headers = response.headers();
          delete headers['cross-origin-opener-policy'];
          delete headers['cross-origin-embedder-policy'];
          await route.fulfill({ response, headers });
        }),
    });
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect((await notices(page)).map(({ text }) => text)).toEqual([
      'This page is not cross-origin isolated, so WebAssembly runs on one thread and everything takes longer. ' +
        'Open it from “npm start”, whose server sends the headers that threads need (COOP and COEP).',
    ]);
    await waitForBackend(page, 'WebAssembly, 1 thread');
    // A whole count was computed: its time stands beside the backend.
    await waitForBackend(page, 's per count');
    await expectKept(page);
    await close();
  });
});

describe('what comes with the page', () => {
  test('settings in the address that make no sense are named and replaced; the others count', async () => {
    const bad = 'alpha=7&range=9-3&model=x&foo=1&n=8&measure=centred';
    const { page, close } = await openBench(harness, bad, { prepare: holdModel });
    await waitForNotice(page, '“alpha=7” in the address is not a valid alpha; the default is used.');
    const { text } = (await notices(page))[0]!;
    for (const named of ['“range=9-3”', '“model=x”', '“foo” in the address is not a setting'])
      expect(text).toContain(named);
    expect(await alphaSlider(page).inputValue()).toBe('1.1');
    expect(await rangeSlider(page).getAttribute('aria-valuetext')).toBe('layers 8 to 13');
    expect(
      await page.getByRole('radiogroup', { name: 'Measure' }).locator('input:checked').inputValue(),
    ).toBe('centred');
    await close();
  });

  test.each([
    ['an index that is no JSON', 'index.json', '{"files": [', 'The list of recorded runs is damaged.'],
    [
      'a run cut short',
      'base.json',
      '{"schema":"stratascope.run","version":1,',
      /base\.json is a run file that was cut short/,
    ],
  ])('recorded results: %s', async (_, file, body, words) => {
    const { page, close } = await openBench(harness, query({ backend: 'wasm' }), {
      prepare: async (page) => {
        await holdModel(page);
        await page.route(`**/recorded/${file}`, (route) =>
          route.fulfill({ body, contentType: 'application/json' }),
        );
      },
    });
    await waitForNotice(page, words);
    expect((await notices(page))[0]!.text).toContain('Live numbers are not affected.');
    // One broken run does not take the others with it.
    if (file !== 'index.json') await waitForTruth(page, 'similarity', 'recorded');
    await expectKept(page);
    await expectUsable(page);
    await close();
  });
});

const fixture = (file: string, name?: string) => repositoryFile(`tests/fixtures/${file}`, name);

/** The files of one entry of tests/fixtures/bad as they go into the page. */
async function filesOf(entry: string) {
  if (entry.startsWith('config_'))
    return [await fixture(`bad/${entry}`, 'config.json'), await fixture('llama/model/model.safetensors')];
  if (entry.startsWith('missing_shard'))
    return [await fixture(`bad/${entry}`), await fixture('bad/mini/config.json')];
  if (entry.startsWith('adapter_'))
    return [
      await fixture(`bad/${entry}/adapter_config.json`),
      await fixture(`bad/${entry}/adapter_model.safetensors`),
    ];
  if (entry === 'mini' || entry === 'model_nan')
    return [await fixture(`bad/${entry}/config.json`), await fixture(`bad/${entry}/model.safetensors`)];
  if (entry.endsWith('.safetensors'))
    return [await fixture(`bad/${entry}`, 'model.safetensors'), await fixture('bad/mini/config.json')];
  return [await fixture(`bad/${entry}`)];
}

/** What the page must say; where it is left out, the words of expected.json without their explanations. */
const WORDS: Partial<Record<keyof typeof expectedOfBadFiles, RegExp>> = {
  'truncated_in_header.safetensors': /larger than the file of 200 bytes: it ends inside its header/,
  'header_length_huge.safetensors': /header length \d+ is larger than any safetensors file/,
  'missing_shard/model.safetensors.index.json': /shard model-00001-of-00002\.safetensors .* is missing/,
  'huge_tensor_count.gguf': /tensor count 1152921504606846976 cannot be right/,
  'huge_kv_count.gguf': /metadata count 1152921504606846976 cannot be right/,
  'huge_string_length.gguf': /a string of 4611686018427387904 bytes at offset 24 runs past the end/,
  'unsupported_quant_type.gguf': /token_embd\.weight uses the type IQ2_XXS \(16\), which is not supported/,
  'config_quantized.json': /already quantised checkpoints \(gptq\) are not supported/,
  'config_unknown_rope.json': /rope scaling yarn is not supported/,
  'config_layers_mismatch.json': /tensor model\.layers\.6\.input_layernorm\.weight is missing/,
  adapter_rank_mismatch: /adapter_config\.json says r=8, the tensors of \w+ have rank 4/,
  adapter_other_base: /another base model: lora_A of q_proj has 48 columns, the model has 32/,
};
const bad = Object.entries(expectedOfBadFiles).filter(([, { accept }]) => !accept) as Array<
  [keyof typeof expectedOfBadFiles, { should_say: string }]
>;

describe('wrong files', () => {
  let bench: OpenedBench;
  beforeAll(async () => {
    bench = await openBench(harness, query({ backend: 'wasm' }), { prepare: holdModel });
  });
  afterAll(() => bench?.close());

  test.each(bad.filter(([entry]) => !entry.startsWith('adapter_')))('%s', async (entry, { should_say }) => {
    const { page } = bench;
    await chooseFiles(page, await filesOf(entry));
    await waitForNotice(page, WORDS[entry] ?? should_say);
    // The one before goes and this one is completed in moments of their own.
    await expect
      .poll(async () => (await notices(page)).at(-1))
      .toMatchObject({
        text: expect.stringMatching(/SmolLM2-135M-Instruct is opened again\.$/),
        actions: ['Try again'],
      });
    await page.locator('.work-line', { hasText: 'Loading SmolLM2-135M-Instruct' }).waitFor();
    await expectKept(page);
    expect(settingsIn(page)).not.toHaveProperty('model');
    await expect.poll(() => truthOf(page, 'similarity')).toBe('recorded');
  });

  test('an adapter without a model to put it on', async () => {
    const { page } = bench;
    await chooseFiles(page, await filesOf('adapter_valid'));
    await waitForNotice(page, 'An adapter needs its model, and none is open.');
    await expectKept(page);
  });

  test('a model without a tokenizer opens, and says that prompts need one', async () => {
    const { page } = bench;
    await chooseFiles(page, await filesOf('mini'));
    await waitForNotice(page, /has no tokenizer, so no prompt can be given to it.*tokenizer\.json/);
    expect(await page.locator('.facts').innerText()).toMatch(/2 of width 32/);
  });

  test.each(bad.filter(([entry]) => entry.startsWith('adapter_')))('%s', async (entry) => {
    const { page } = bench;
    await chooseFiles(page, await filesOf(entry));
    await waitForNotice(page, WORDS[entry]!);
    expect(await page.locator('.facts').innerText()).toMatch(/2 of width 32/);
  });

  test('an adapter that fits is taken: base without, aligned with it', async () => {
    const { page } = bench;
    await chooseFiles(page, await filesOf('adapter_valid'));
    await waitForNotice(page, /adapter .* is on the model/);
    const chosen = page.getByRole('radiogroup', { name: 'Model', exact: true }).locator('input');
    await expect
      .poll(() => chosen.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)))
      .toEqual(['base', 'aligned']);
    const own = page.locator('.own-adapters');
    const switched = page.getByRole('radiogroup', { name: 'Model', exact: true });
    const before = await switched.innerText();
    await own.getByRole('spinbutton').fill('0.5');
    await page.keyboard.press('Enter');
    // The switch shows it by its new name, shortened.
    await expect.poll(() => switched.innerText()).not.toBe(before);
    await own.getByRole('button', { name: /^Remove the adapter/ }).click();
    await own.waitFor({ state: 'detached' });
  });

  test.each([
    ['a photograph', 'photo.png', '\x89PNG', 'photo.png is no file that this page knows. Drop a run file'],
    [
      'JSON of something else',
      'other.json',
      '{"a":1}',
      'other.json is JSON, but not a Stratascope run file.',
    ],
    [
      'a run file cut short',
      'run.json',
      '{"schema":"stratascope.run",',
      'run.json is a run file that was cut short',
    ],
    [
      'a run file of the future',
      'run.json',
      '{"schema":"stratascope.run","version":99}',
      'run.json is a run file of version 99; this Stratascope reads version 1. Update Stratascope',
    ],
  ])('%s', async (_, name, content, words) => {
    const { page } = bench;
    await chooseFiles(page, [{ name, mimeType: '', buffer: Buffer.from(content, 'latin1') }]);
    await waitForNotice(page, words);
    expect(await page.locator('.facts').innerText()).toMatch(/2 of width 32/);
  });

  test.each([
    ['an empty file', 'empty.csv', '', 'empty.csv is empty.'],
    ['a header alone', 'head.csv', 'prompt,label\n', 'head.csv has a header but no rows.'],
    ['a picture by another name', 'photo.csv', '\x89PNG\0\0', 'photo.csv is a binary file, not text.'],
    [
      'another encoding',
      'latin1.csv',
      'prompt\ncaf\xe9\n',
      'latin1.csv is not UTF-8 text. Save the file as UTF-8',
    ],
    ['lines that are no JSON', 'rows.jsonl', 'hello\nworld\n', 'No row of rows.jsonl can be read'],
  ])('prompts: %s', async (_, name, content, words) => {
    const { page } = bench;
    const pool = page.locator('.pool-list', { hasText: 'over-rejection' });
    const before = await pool.innerText();
    await chooseFiles(page, [{ name, mimeType: '', buffer: Buffer.from(content, 'latin1') }]);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').filter({ hasText: words }).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await pool.innerText()).toBe(before);
    expect(settingsIn(page)).toMatchObject({ alpha: SETTINGS.alpha, n: SETTINGS.n });
  });
});

/**
 * Measures the bundled model against the reference on every backend and writes the figures into the manifest: the largest
 * difference of the 20 largest logits from transformers in float32.
 * Run: npx tsx scripts/measure-parity.ts [node] [wasm] [webgpu]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { startHarness } from '../tests/browser/harness.ts';
import { measureSmolLogits } from '../tests/parity/measure.ts';
import { openGgufEngine } from '../tests/parity/tiny-models.ts';
import { ensureBuilt, testPageTarget } from './build.mjs';

const MANIFEST = 'public/models/manifest.json';
const GGUF = 'public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';
const ALL_PROMPTS = 24;
/** SwiftShader computes a prompt in minutes where WASM needs a tenth of a second. */
const WEBGPU_PROMPTS = 2;

type Kind = 'node' | 'wasm' | 'webgpu';

async function measure(kind: Kind): Promise<{ maxAbsLogit: number; origin: string }> {
  const day = new Date().toISOString().slice(0, 10);
  const prompts = kind === 'webgpu' ? WEBGPU_PROMPTS : ALL_PROMPTS;
  const against = `against transformers 5.23 in float32, ${2 * prompts} prompts under two templates, ${day}`;
  if (kind === 'node') {
    const engine = await openGgufEngine(await createNodeBackend(), diskFile(GGUF));
    const folder = diskFiles('tests/fixtures/smollm2');
    const chat = await measureSmolLogits(engine, folder, 'chat', prompts);
    const alpaca = await measureSmolLogits(engine, folder, 'alpaca', prompts);
    await engine.close();
    return {
      maxAbsLogit: Math.max(chat.maxAbs.logits!, alpaca.maxAbs.logits!),
      origin: `onnxruntime-node ${against}`,
    };
  }
  await ensureBuilt(testPageTarget);
  const harness = await startHarness({ site: 'test-page', webgpu: kind === 'webgpu' });
  try {
    const { page } = await harness.newPage();
    page.setDefaultTimeout(0);
    await page.goto(harness.url);
    await page.waitForFunction(() => 'parity' in window);
    const maxAbsLogit = await page.evaluate(
      ([backend, count]) => window.parity.measure('bundledLogits', backend, count),
      [kind, prompts] as const,
    );
    const where =
      kind === 'wasm' ? 'WASM in Chromium' : 'software WebGPU (SwiftShader) in Chromium, matrices as stored,';
    return { maxAbsLogit, origin: `${where} ${against}` };
  } finally {
    await harness.close();
  }
}

const kinds = process.argv.length > 2 ? (process.argv.slice(2) as Kind[]) : (['node', 'wasm'] as const);
for (const kind of kinds) {
  const figure = await measure(kind);
  console.log(kind, figure);
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  manifest.models[0].parity[kind] = figure;
  writeFileSync(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
}

import { expect, test } from 'vitest';
import { MemoryChunkStore } from '@/downloads/chunk-store.ts';
import type { ModelLook } from '@/downloads/look.ts';
import { LISTED_MODELS, specOfListed } from '@/machine/model-list.ts';
import { countWords, fileSizeWords, lookWords } from './look-words.ts';

const look = (name: string): ModelLook => ({
  origin: { label: `own/${name}`, source: { kind: 'url', url: 'x' } },
  format: 'safetensors',
  spec: specOfListed(LISTED_MODELS.find(({ repo }) => repo.includes(name))!),
  storedAs: 'BF16',
  parameterCount: 134_515_008,
  files: [
    { url: 'x/model.safetensors', name: 'model.safetensors', sizeBytes: 269e6, sha256: null, version: null },
  ],
  totalBytes: 269e6,
});
const store = new MemoryChunkStore();
const room = (gib: number | null, storageBytes: number | null = null) => ({
  memoryBytes: gib === null ? null : gib * 2 ** 30,
  isAtLeast: gib === 8,
  storageBytes,
});

test('what it is, what it takes, what there is', async () => {
  const words = await lookWords(look('135M'), 'wasm', room(8), store);
  expect(words.verdict).toBe('fits');
  expect(words.facts).toBe(
    'own/135M: llama family, 30 layers, 135 million parameters stored as BF16; 269 MB to download.',
  );
  expect(words.judgement).toMatch(
    /^It takes about 0\.\d\d GB of memory on WebAssembly; this machine has 8\.00 GB or more\.$/,
  );
});

test('storage that is short, memory that is not told, memory that is short', async () => {
  expect((await lookWords(look('135M'), 'wasm', room(8, 1e8), store)).judgement).toContain(
    'gives this page 100 MB of storage, so it would stay in memory only.',
  );
  expect((await lookWords(look('135M'), 'webgpu', room(null), store)).judgement).toMatch(
    /on WebGPU; this browser does not tell how much there is\.$/,
  );
  const refused = await lookWords(look('Llama-2-7b'), 'wasm', room(0.5), store);
  expect(refused.verdict).toBe('cannot');
  expect(refused.judgement).toMatch(
    /^It does not fit: .* Choose a smaller model, such as HuggingFaceTB\/SmolLM2/,
  );
});

test('how weights are to be kept counts: read as needed by choice or for want of room, quantised or widened', async () => {
  const judge = async (...given: Parameters<typeof lookWords>) => (await lookWords(...given)).judgement;
  const small = look('135M');
  const stays = await judge(small, 'node', room(4), store);
  const chosen = await judge(small, 'node', room(4), store, { residency: 'streamed' });
  const forced = await judge(look('Llama-2-7b'), 'node', room(12), store);
  expect(stays).not.toMatch(/read as they are needed/);
  expect(chosen).toMatch(/Its layers are read as they are needed, as you chose, which is slower\.$/);
  expect(forced).toMatch(
    /All its layers at once do not fit: they are read as they are needed, which is slower\.$/,
  );
  const gigabytes = (words: string) => Number(/takes about ([\d.]+) GB/.exec(words)![1]);
  expect(gigabytes(chosen)).toBeLessThan(0.7 * gigabytes(stays));
  const quantised = { ...small, storedAs: 'Q4_1' };
  const asStored = await judge(quantised, 'webgpu', room(8), store);
  const widened = await judge(quantised, 'webgpu', room(8), store, { precision: 'float32' });
  expect(gigabytes(asStored)).toBeLessThan(0.7 * gigabytes(widened));
});

test('sizes go over to the larger unit where they would read as a thousand of the smaller', () => {
  expect([fileSizeWords(999.4e6), fileSizeWords(999.9e6)]).toEqual(['999 MB', '1.00 GB']);
  expect([countWords(999_885_952), countWords(134_515_008)]).toEqual(['1.00 billion', '135 million']);
});

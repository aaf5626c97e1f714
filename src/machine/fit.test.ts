/** Parameters by formula against files that hold them; what fits where, at the limits; the list of models. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { specFromConfig } from '@/model/config.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { diskFile } from '@/model/node-files.ts';
import { openSafetensors } from '@/model/safetensors.ts';
import { bestFit, checkFits, fitOf, type Room, smallerModel } from './fit.ts';
import { memoryNeed, parameterCount } from './memory-need.ts';
import { LISTED_MODELS, publishedBytes, specOfListed } from './model-list.ts';

const project = join(import.meta.dirname, '..', '..');
const fixtures = join(project, 'tests/fixtures');
const GIB = 2 ** 30;

describe('parameters', () => {
  const folders = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(^|[\\/])model[\\/]config\.json$/.test(path))
    .map((path) => join(fixtures, path, '..'));

  test.each(folders.map((folder) => [folder.slice(fixtures.length + 1), folder]))(
    'of %s are those in its file',
    async (_, folder) => {
      const spec = specFromConfig(readFileSync(join(folder, 'config.json'), 'utf8'));
      const { entries } = await openSafetensors(diskFile(join(folder, 'model.safetensors')));
      const stored = [...entries.values()].reduce(
        (sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1),
        0,
      );
      // Some files of tied models hold the head a second time.
      const again =
        spec.tiedEmbeddings && entries.has('lm_head.weight') ? spec.vocabSize * spec.hiddenSize : 0;
      expect(parameterCount(spec)).toBe(stored - again);
    },
  );

  test('of the bundled model are those in its file, and those of the list', async () => {
    const file = await openGguf(
      diskFile(join(project, 'public/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf')),
    );
    const { spec } = await openGgufModel(file);
    const stored = [...file.tensors.values()].reduce((sum, { elementCount }) => sum + elementCount, 0);
    expect(parameterCount(spec)).toBe(stored);
    expect(parameterCount(specOfListed(LISTED_MODELS[0]!))).toBe(stored);
  });

  // What the hub counts in the published weights (model pages, "Model size"). Each was found again, to the digit, in texts of others
  // (model cards, GGUF metadata, runtimes' reports of what they loaded).
  test.each([
    ['HuggingFaceTB/SmolLM2-360M-Instruct', 361_821_120],
    ['HuggingFaceTB/SmolLM2-1.7B-Instruct', 1_711_376_384],
    ['Qwen/Qwen2.5-0.5B-Instruct', 494_032_768],
    ['Qwen/Qwen3-0.6B', 596_049_920],
    ['google/gemma-3-270m-it', 268_098_176],
    ['google/gemma-3-1b-it', 999_885_952],
    ['meta-llama/Llama-3.2-1B-Instruct', 1_235_814_400],
    ['microsoft/Phi-3-mini-4k-instruct', 3_821_079_552],
    ['meta-llama/Llama-2-7b-chat-hf', 6_738_415_616],
    ['meta-llama/Meta-Llama-3-8B-Instruct', 8_030_261_248],
    ['google/gemma-2b-it', 2_506_172_416],
  ])('of %s', (repo, count) => {
    const listed = LISTED_MODELS.find((model) => model.repo === repo)!;
    expect(parameterCount(specOfListed(listed))).toBe(count);
    expect(publishedBytes(specOfListed(listed))).toBe(2 * count);
  });
});

describe('the list', () => {
  test('goes from small to large, each model once, each with what a person has to know', () => {
    const counts = LISTED_MODELS.map((model) => parameterCount(specOfListed(model)));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(LISTED_MODELS.map(({ repo }) => repo)).size).toBe(LISTED_MODELS.length);
    for (const { repo, base, licence } of LISTED_MODELS) {
      expect(repo).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(base ?? 'owner/name').toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(licence).not.toBe('');
    }
  });
});

describe('what fits', () => {
  const specOf = (name: string) => specOfListed(LISTED_MODELS.find(({ repo }) => repo.includes(name))!);
  const room = (gib: number | null, isAtLeast = false): Room => ({
    memoryBytes: gib === null ? null : gib * GIB,
    isAtLeast,
    storageBytes: null,
  });

  test('weights are float32, a tied head is held twice on WebGPU alone', () => {
    const spec = specOf('135M');
    const embedding = 4 * spec.vocabSize * spec.hiddenSize;
    expect(memoryNeed(spec, 'node').weightsBytes).toBe(4 * parameterCount(spec));
    expect(memoryNeed(spec, 'wasm').weightsBytes).toBe(4 * parameterCount(spec));
    expect(memoryNeed(spec, 'webgpu').weightsBytes).toBe(4 * parameterCount(spec) + embedding);
    expect(memoryNeed(spec, 'wasm').largestBytes).toBe(embedding);
  });

  test('a small model everywhere, a large one nowhere, one in between according to the machine', () => {
    for (const backend of ['node', 'wasm', 'webgpu'] as const) {
      expect(fitOf(specOf('135M'), backend, room(4)).verdict).toBe('fits');
      expect(fitOf(specOf('135M'), backend, room(1)).verdict).toBe('tight');
      expect(fitOf(specOf('135M'), backend, room(0.5)).verdict).toBe('cannot');
    }
    expect(fitOf(specOf('SmolLM2-1.7B'), 'wasm', room(4)).verdict).toBe('cannot');
    expect(fitOf(specOf('SmolLM2-1.7B'), 'wasm', room(8, true)).verdict).toBe('tight');
    expect(fitOf(specOf('Llama-3-8B'), 'wasm', room(8, true)).verdict).toBe('cannot');
    expect(fitOf(specOf('Llama-3-8B'), 'wasm', room(null)).verdict).toBe('cannot');
    expect(fitOf(specOf('Llama-3-8B'), 'node', room(128)).verdict).toBe('fits');
  });

  test('where all layers at once do not fit, they are streamed; what is asked for is taken where it can be', () => {
    const large = specOf('SmolLM2-1.7B');
    const { fit, residency } = bestFit(large, 'wasm', room(4));
    expect({ residency, verdict: fit.verdict }).toEqual({ residency: 'streamed', verdict: 'fits' });
    const embedding = 4 * large.vocabSize * large.hiddenSize;
    expect(memoryNeed(large, 'wasm', { residency: 'streamed' }).weightsBytes).toBeLessThan(
      embedding + 2 * 0.3e9,
    );
    expect(checkFits('SmolLM2-1.7B', large, 'wasm', room(16)).residency).toBe('memory');
    expect(checkFits('SmolLM2-1.7B', large, 'wasm', room(16), { residency: 'streamed' }).residency).toBe(
      'streamed',
    );
    expect(memoryNeed({ ...large, layerCount: 1 }, 'node', { residency: 'streamed' })).toEqual(
      memoryNeed({ ...large, layerCount: 1 }, 'node'),
    );
  });

  test('quantised matrices that stay so on the GPU take what they take there', () => {
    const large = specOf('Llama-3-8B');
    expect(fitOf(large, 'webgpu', room(16)).verdict).toBe('cannot');
    const kept = { quantisedAs: 'Q4_K' };
    // 4-bit codes, and 8 bytes for each 32 weights; the embedding is there once more in float32.
    const weights = 0.75 * (parameterCount(large) - large.vocabSize * large.hiddenSize);
    const embedding = 4 * large.vocabSize * large.hiddenSize;
    const ratio = memoryNeed(large, 'webgpu', kept).weightsBytes / (weights + embedding);
    expect(Math.abs(ratio - 1)).toBeLessThan(1e-3);
    expect(bestFit(large, 'webgpu', room(16), kept).residency).toBe('memory');
    // A float type does not stay.
    expect(memoryNeed(large, 'webgpu', { quantisedAs: 'F16' })).toEqual(memoryNeed(large, 'webgpu'));
  });

  test('one step has to lie in WebAssembly’s address space', () => {
    const wide = { ...specOf('135M'), vocabSize: 4_000_000 };
    const fit = fitOf(wide, 'wasm', room(64));
    expect(fit.verdict).toBe('cannot');
    expect(fit.reason).toMatch(/one step takes .* GB, and WebAssembly has 3\.5 GB/);
    expect(fitOf(wide, 'node', room(64)).verdict).toBe('fits');
  });

  test('a refusal names the reason with numbers and a smaller model that fits and is open to all', () => {
    const refuse = () => checkFits('meta-llama/Llama-2-7b-chat-hf', specOf('Llama-2-7b'), 'wasm', room(2));
    expect(refuse).toThrow(
      /Llama-2-7b-chat-hf does not fit: it takes 2\d GB of memory, and this machine has 2\.0 GB/,
    );
    expect(smallerModel(specOf('Llama-2-7b'), 'wasm', room(4))).toBe('HuggingFaceTB/SmolLM2-360M-Instruct');
    expect(smallerModel(specOf('Llama-2-7b'), 'node', room(64))).toBe('microsoft/Phi-3-mini-4k-instruct');
    // Where not even the smallest fits, it is still the best there is.
    expect(smallerModel(specOf('Llama-2-7b'), 'wasm', room(0.25))).toBe(
      'HuggingFaceTB/SmolLM2-135M-Instruct',
    );
  });
});

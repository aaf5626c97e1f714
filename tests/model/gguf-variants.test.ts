/** What GGUF files may say besides the fixtures: SentencePiece vocabularies, other splits, rope factors, unsupported things. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTextCodec } from '@/model/codec.ts';
import { openGguf } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { tokenizerFromGguf } from '@/model/gguf-tokenizer.ts';
import { memorySource } from '@/model/memory-source.ts';
import type { TextCodec } from '@/model/text-codec.ts';
import { buildGguf, type Value } from './testing/gguf-builder.ts';

const open = (...parts: Parameters<typeof buildGguf>) =>
  openGguf(memorySource(buildGguf(...parts), 'test.gguf'));

async function codecOf(metadata: Record<string, Value>, vocabSize: number): Promise<TextCodec> {
  const objects = tokenizerFromGguf(await open(metadata))!;
  const { tokenizerJson, tokenizerConfig, stopIds } = objects;
  return (await createTextCodec(tokenizerJson, tokenizerConfig, stopIds, vocabSize)).codec;
}

describe('SentencePiece vocabularies', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const words = ['▁', 'a', 'b', 'c', 'ab', 'bc', 'abc', '▁a', '▁ab', 'ca', 'aa', '▁▁', 'cab', 'bca', 'ba'];
  const vocabulary = ['<unk>', '<s>', '</s>', ...bytes, ...words];
  const scoreOf = new Map(words.map((word, i) => [word, word.length === 1 ? -1000 : -((i * 7) % 13)]));
  const metadata = (extra: Record<string, Value> = {}): Record<string, Value> => ({
    'tokenizer.ggml.model': { string: 'llama' },
    'tokenizer.ggml.tokens': { strings: vocabulary },
    'tokenizer.ggml.scores': { f32s: vocabulary.map((token) => scoreOf.get(token) ?? 0) },
    'tokenizer.ggml.token_type': {
      i32s: vocabulary.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1)),
    },
    'tokenizer.ggml.unknown_token_id': { u32: 0 },
    'tokenizer.ggml.bos_token_id': { u32: 1 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
    ...extra,
  });

  /** The algorithm itself: join the neighbours with the best score until none can be joined. */
  function reference(text: string): number[] {
    const symbols = Array.from(`▁${text.replaceAll(' ', '▁')}`);
    for (;;) {
      let best = -1;
      for (let i = 0; i + 1 < symbols.length; i++) {
        const score = scoreOf.get(symbols[i]! + symbols[i + 1]!);
        const bestScore =
          best < 0 ? Number.NEGATIVE_INFINITY : scoreOf.get(symbols[best]! + symbols[best + 1]!)!;
        if (score !== undefined && score > bestScore) best = i;
      }
      if (best < 0) break;
      symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
    }
    return symbols.flatMap((symbol) =>
      scoreOf.has(symbol)
        ? [vocabulary.indexOf(symbol)]
        : Array.from(new TextEncoder().encode(symbol), (byte) => 3 + byte),
    );
  }

  test('ids are those of the algorithm, and text comes back', async () => {
    const codec = await codecOf(metadata(), vocabulary.length);
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'é'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, (input) => {
        expect([...codec.encode(input)]).toEqual(reference(input));
        expect(codec.decode(codec.encode(input))).toBe(input);
      }),
      { numRuns: 500 },
    );
  });

  test('the question is found although BOS and a space come before it', async () => {
    const codec = await codecOf(metadata(), vocabulary.length);
    const { ids, tokens, questionSpan } = codec.render('abc é', 'none');
    expect(ids[0]).toBe(1);
    // <s>, the space that SentencePiece adds, then the question.
    expect(questionSpan).toEqual([2, ids.length]);
    expect(tokens.slice(0, 2)).toEqual(['<s>', expect.stringMatching(/^ /)]);
    const alpaca = codec.render('abc', 'alpaca');
    const span = alpaca.ids.slice(...alpaca.questionSpan);
    expect(codec.decode(span).trim()).toBe('abc');
    const without = await codecOf(
      metadata({ 'tokenizer.ggml.add_bos_token': { bool: false } }),
      vocabulary.length,
    );
    expect(without.render('abc', 'none').ids[0]).not.toBe(1);
  });
});

describe('byte-level splits', () => {
  /** All bytes as tokens and no merges: what is split shows in nothing, so digits get one merge that a split prevents. */
  const alphabet = Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return { byte, printable };
  });
  let shifted = 0;
  const bytes = alphabet.map(({ byte, printable }) =>
    String.fromCharCode(printable ? byte : 256 + shifted++),
  );
  const tokens = [...bytes, '12', '123', '1234', 'Ġ1'];
  const metadata = (pre: string | null): Record<string, Value> => ({
    'tokenizer.ggml.model': { string: 'gpt2' },
    ...(pre === null ? {} : { 'tokenizer.ggml.pre': { string: pre } }),
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.merges': { strings: ['1 2', '12 3', '123 4', 'Ġ 1'] },
  });

  test.each([
    ['gpt-2', ['1234'], [' 1']],
    ['smollm', ['1', '2', '3', '4'], [' ', '1']],
    ['llama-bpe', ['123', '4'], [' ', '1']],
    ['qwen2', ['1', '2', '3', '4'], [' ', '1']],
  ])('%s splits digits in its own way', async (pre, digits, spaced) => {
    const codec = await codecOf(metadata(pre), tokens.length);
    const pieces = (text: string) => [...codec.encode(text)].map((id) => codec.decode([id]));
    expect(pieces('1234')).toEqual(digits);
    expect(pieces(' 1')).toEqual(spaced);
  });

  test('a file that names no split gets a warning, an unknown one an error', async () => {
    expect(tokenizerFromGguf(await open(metadata(null)))!.warnings).toEqual([
      expect.stringContaining('GPT-2'),
    ]);
    const unknown = await open(metadata('klingon'));
    expect(() => tokenizerFromGguf(unknown)).toThrow('the tokenizer type klingon is not supported');
  });

  test('a vocabulary larger than the embedding is refused', async () => {
    await expect(codecOf(metadata('gpt-2'), tokens.length - 1)).rejects.toThrow(
      'ids up to 259 or more, the model only 259 embeddings',
    );
  });
});

describe('a model of one layer', () => {
  const [hidden, ffn, vocab, headDim] = [16, 8, 5, 8];
  const metadata = (extra: Record<string, Value> = {}): Record<string, Value> => ({
    'general.architecture': { string: 'llama' },
    'llama.block_count': { u32: 1 },
    'llama.embedding_length': { u32: hidden },
    'llama.feed_forward_length': { u32: ffn },
    'llama.attention.head_count': { u32: 2 },
    'llama.attention.head_count_kv': { u32: 1 },
    'llama.attention.layer_norm_rms_epsilon': { f32: 0.5 },
    'llama.rope.freq_base': { f32: 500000 },
    ...extra,
  });
  const filled = (...dims: number[]) => ({
    dims,
    data: Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => i),
  });
  const tensors = (extra: ReturnType<typeof tensors_> = {}) => ({ ...tensors_(), ...extra });
  function tensors_(): Record<string, { dims: number[]; data: number[] }> {
    return {
      'token_embd.weight': filled(vocab, hidden),
      'output_norm.weight': filled(hidden),
      'blk.0.attn_norm.weight': filled(hidden),
      'blk.0.ffn_norm.weight': filled(hidden),
      'blk.0.attn_q.weight': filled(hidden, hidden),
      'blk.0.attn_k.weight': filled(headDim, hidden),
      'blk.0.attn_v.weight': filled(headDim, hidden),
      'blk.0.attn_output.weight': filled(hidden, hidden),
      'blk.0.ffn_gate.weight': filled(ffn, hidden),
      'blk.0.ffn_up.weight': filled(ffn, hidden),
      'blk.0.ffn_down.weight': filled(hidden, ffn),
    };
  }
  const model = async (...parts: Parameters<typeof buildGguf>) => openGgufModel(await open(...parts));

  test('is opened; an output matrix of its own unties the embedding', async () => {
    const { spec, weights } = await model(metadata(), tensors());
    expect(spec).toMatchObject({
      layerCount: 1,
      kvHeadCount: 1,
      headDim,
      vocabSize: vocab,
      tiedEmbeddings: true,
    });
    const { matrices } = await weights.layer(0);
    // Rows 0, 2, 4, 6 of a head of 8 are the first rope half.
    expect(Array.from({ length: 8 }, (_, row) => matrices.k[row * hidden]! / hidden)).toEqual([
      0, 2, 4, 6, 1, 3, 5, 7,
    ]);
    expect(matrices.v[hidden]).toBe(hidden);
    const untied = await model(metadata(), tensors({ 'output.weight': filled(vocab, hidden) }));
    expect(untied.spec.tiedEmbeddings).toBe(false);
    expect((await untied.weights.head())?.length).toBe(vocab * hidden);
  });

  test('rope factors of Llama 3 are recognised, others refused', async () => {
    // theta 500000, head size 8, factor 32, low 1, high 4, 8192 positions: computed with transformers' formula by hand.
    // Wavelengths 6.28, 167, 4443, 118142: the first two are below 8192 / 4, the last above 8192, the third in between.
    const wavelength = 2 * Math.PI * 500000 ** (4 / 8);
    const smooth = (8192 / wavelength - 1) / (4 - 1);
    const factors = [1, 1, 1 / ((1 - smooth) / 32 + smooth), 32];
    const file = (data: number[]) => tensors({ 'rope_freqs.weight': { dims: [4], data } });
    const { spec } = await model(metadata(), file(factors));
    expect(spec.rope).toEqual({
      theta: 500000,
      scaling: {
        kind: 'llama3',
        factor: 32,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalContextLength: 8192,
      },
    });
    await expect(model(metadata(), file([1, 2, 3, 32]))).rejects.toThrow('not those of Llama 3');
  });

  test('linear rope scaling is read, yarn refused', async () => {
    const rope = (type: string) =>
      metadata({ 'llama.rope.scaling.type': { string: type }, 'llama.rope.scaling.factor': { f32: 4 } });
    expect((await model(rope('linear'), tensors())).spec.rope.scaling).toEqual({ kind: 'linear', factor: 4 });
    await expect(model(rope('yarn'), tensors())).rejects.toThrow('rope scaling yarn is not supported');
  });

  test.each<[string, Record<string, Value>, ReturnType<typeof tensors_>, RegExp]>([
    [
      'another architecture',
      { 'general.architecture': { string: 'mamba' } },
      {},
      /architecture mamba is not supported/,
    ],
    [
      'biases',
      {},
      { 'blk.0.attn_q.bias': filled(hidden) },
      /biases \(blk\.0\.attn_q\.bias\) are not supported/,
    ],
    ['experts', { 'llama.expert_count': { u32: 8 } }, {}, /mixtures of experts/],
    ['partial rope', { 'llama.rope.dimension_count': { u32: 4 } }, {}, /part of each head/],
    [
      'a wrong shape',
      {},
      { 'blk.0.attn_k.weight': filled(hidden, hidden) },
      /has shape \[16, 16\], .* asks for \[8, 16\]/,
    ],
    [
      'more layers than tensors',
      { 'llama.block_count': { u32: 2 } },
      {},
      /tensor blk\.1\.attn_norm\.weight is missing/,
    ],
    ['heads that do not divide', { 'llama.attention.head_count': { u32: 3 } }, {}, /not an integer/],
  ])('%s is refused', async (_, extra, extraTensors, words) => {
    await expect(model(metadata(extra), tensors(extraTensors))).rejects.toThrow(words);
  });
});

/** Checkpoint folders besides the fixtures: shards, half precision, tokenizer files, configurations that do not fit. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { specFromConfig } from '@/model/config.ts';
import { memoryFiles } from '@/model/memory-source.ts';
import { openModel } from '@/model/open-model.ts';
import { openSafetensors, readFloats } from '@/model/safetensors.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { sha256Hex } from '@/model/sha256.ts';
import tinyTokenizer from '../fixtures/gguf/tiny_tokenizer.json';
import tinyTokens from '../fixtures/gguf/tiny_tokens.json';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const bytesOf = (path: string) => new Uint8Array(readFileSync(fixtures + path));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

const miniConfig = JSON.parse(readFileSync(`${fixtures}bad/mini/config.json`, 'utf8'));
const miniWeights = bytesOf('bad/mini/model.safetensors');
const mini = (changes: Record<string, unknown> = {}) =>
  new Map([
    ['config.json', json({ ...miniConfig, ...changes })],
    ['model.safetensors', miniWeights],
  ]);
const open = (files: Map<string, Uint8Array>) => openModel(memoryFiles(files, 'folder'));

async function tensorsOf(bytes: Uint8Array): Promise<Map<string, WritableTensor>> {
  const file = await openSafetensors({
    name: 'm',
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  });
  const tensors = new Map<string, WritableTensor>();
  for (const [name, { dims }] of file.entries) {
    tensors.set(name, { dtype: 'F32', dims, data: await readFloats(file, name) });
  }
  return tensors;
}

describe('shards', () => {
  async function sharded(edit: (map: Record<string, string>) => void = () => {}) {
    const tensors = [...(await tensorsOf(miniWeights))];
    const files = new Map<string, Uint8Array>([['config.json', json(miniConfig)]]);
    const weightMap: Record<string, string> = {};
    for (const shard of [0, 1, 2]) {
      const part = tensors.filter((_, i) => i % 3 === shard);
      files.set(`model-${shard}.safetensors`, writeSafetensors(new Map(part)));
      for (const [name] of part) weightMap[name] = `model-${shard}.safetensors`;
    }
    edit(weightMap);
    files.set('model.safetensors.index.json', json({ metadata: {}, weight_map: weightMap }));
    return files;
  }

  test('hold the same model as one file', async () => {
    const [whole, parts] = [await open(mini()), await open(await sharded())];
    for (const layer of [0, 1]) {
      expect(await parts.weights.layer(layer)).toEqual(await whole.weights.layer(layer));
    }
    expect(await parts.weights.embedding()).toEqual(await whole.weights.embedding());
  });

  test('a tensor that is not where the index says is named', async () => {
    const files = await sharded((map) => {
      map['model.norm.bias'] = 'model-1.safetensors';
    });
    await expect(open(files)).rejects.toThrow(
      'says that model.norm.bias lies in model-1.safetensors, but it does not',
    );
  });
});

test('float16 and bfloat16 are widened exactly', async () => {
  // 1, -2.5, the largest float16 subnormal and zero; bit patterns from IEEE 754 and its truncation.
  const halves: Array<[string, number[], number[]]> = [
    ['F16', [0x3c00, 0xc100, 0x03ff, 0x8000], [1, -2.5, 1023 * 2 ** -24, -0]],
    ['BF16', [0x3f80, 0xc020, 0x0001, 0x8000], [1, -2.5, 2 ** -133, -0]],
  ];
  for (const [dtype, bits, want] of halves) {
    const header = new TextEncoder().encode(
      JSON.stringify({ x: { dtype, shape: [4], data_offsets: [0, 8] } }),
    );
    const file = new Uint8Array(8 + header.length + 8);
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
    file.set(header, 8);
    file.set(new Uint8Array(Uint16Array.from(bits).buffer), 8 + header.length);
    const tensor = (await tensorsOf(file)).get('x')!;
    expect([...tensor.data]).toEqual(want);
  }
});

describe('the tokenizer of a folder', () => {
  const template =
    "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] | trim }}<|eos|>{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}";
  const llama = (extra: Array<[string, Uint8Array]>) =>
    open(
      new Map([
        ['config.json', bytesOf('llama/model/config.json')],
        ['model.safetensors', bytesOf('llama/model/model.safetensors')],
        ['tokenizer.json', json(tinyTokenizer)],
        ...extra,
      ]),
    );

  test('tokenizer.json alone gives the ids of the reference, without a chat template', async () => {
    const { text, templates, warnings } = await llama([]);
    for (const { text: input, ids } of tinyTokens) expect([...text.encode(input)], input).toEqual(ids);
    expect(templates).toEqual(['alpaca', 'none']);
    expect(warnings).toEqual([expect.stringContaining('no chat template')]);
    expect(() => text.render('hi', 'chat')).toThrow('no chat template');
    // From config.json.
    expect(text.stopIds).toContain(317);
  });

  test('a template may lie in its own file, and may trim the question', async () => {
    const { text, templates } = await llama([
      ['tokenizer_config.json', json({ eos_token: '<|eos|>' })],
      ['generation_config.json', json({ eos_token_id: [317, 318] })],
      ['chat_template.jinja', new TextEncoder().encode(template)],
    ]);
    expect(templates).toEqual(['chat', 'alpaca', 'none']);
    expect(text.stopIds).toEqual([317, 318]);
    const { text: rendered, ids, questionSpan } = text.render('  the user  ', 'chat');
    expect(rendered).toBe('<|turn|>user\nthe user<|eos|><|turn|>assistant\n');
    expect(text.decode(ids.slice(...questionSpan))).toBe('the user');
  });

  test('without one, ids still run and text functions say why they cannot', async () => {
    const { text, templates, warnings } = await open(mini());
    expect(templates).toEqual([]);
    expect(warnings).toEqual(['folder has no tokenizer; only token ids can be run.']);
    expect(() => text.encode('a')).toThrow('folder has no tokenizer');
  });
});

test('the hash of a folder is that of its weight files', async () => {
  const model = await openModel(memoryFiles(mini(), 'folder'), { sha256: 'compute', name: 'mine' });
  expect(model).toMatchObject({ name: 'mine', sha256: sha256Hex(miniWeights) });
  expect((await open(mini())).sha256).toBeNull();
});

describe('config.json', () => {
  const spec = (changes: Record<string, unknown>) =>
    specFromConfig(JSON.stringify({ ...miniConfig, ...changes }));

  test('leaves defaults to transformers', () => {
    const bare = { model_type: 'llama', hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 4 };
    expect(specFromConfig(JSON.stringify({ ...bare, intermediate_size: 8, vocab_size: 9 }))).toEqual({
      architecture: 'llama',
      layerCount: 1,
      hiddenSize: 32,
      headCount: 4,
      kvHeadCount: 4,
      headDim: 8,
      ffnSize: 8,
      vocabSize: 9,
      normEps: 1e-6,
      rope: { theta: 10000, scaling: { kind: 'none' } },
      tiedEmbeddings: false,
      contextLength: 2048,
    });
  });

  test('linear rope scaling in both forms', () => {
    const scaling = { kind: 'linear', factor: 4 };
    expect(spec({ rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 5 } }).rope).toEqual({
      theta: 5,
      scaling,
    });
    const old = { rope_parameters: undefined, rope_theta: 5, rope_scaling: { type: 'linear', factor: 4 } };
    expect(spec(old).rope).toEqual({ theta: 5, scaling });
  });

  test.each([
    [{ attention_bias: true }, 'attention_bias is not supported'],
    [{ hidden_act: 'gelu' }, 'hidden_act gelu is not supported'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
    [{ hidden_size: -1 }, 'hidden_size is -1, not a positive number'],
    [{ vocab_size: 2.5 }, 'vocab_size is 2.5, not an integer'],
    [{ head_dim: 7 }, 'head_dim 7 is odd'],
    [{ rope_parameters: { rope_type: 'llama3', factor: 8 } }, 'config.json has no low_freq_factor'],
  ])('%j is refused', (changes, words) => {
    expect(() => spec(changes)).toThrow(words);
  });

  test('weights of another shape are named', async () => {
    await expect(open(mini({ vocab_size: 65 }))).rejects.toThrow(
      'model.embed_tokens.weight has shape [64, 32], the configuration asks for [65, 32]',
    );
    await expect(open(mini({ tie_word_embeddings: false }))).rejects.toThrow(
      'tensor lm_head.weight is missing',
    );
  });
});

test('a folder with nothing to open says what is needed', async () => {
  await expect(open(new Map([['readme.md', json({})]]))).rejects.toThrow(
    'neither a config.json nor a GGUF file',
  );
  await expect(open(new Map([['config.json', json(miniConfig)]]))).rejects.toThrow(
    'neither model.safetensors nor',
  );
  const two = new Map([
    ['a.gguf', json({})],
    ['b.gguf', json({})],
  ]);
  await expect(open(two)).rejects.toThrow('holds 2 GGUF files: a.gguf, b.gguf');
});

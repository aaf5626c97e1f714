/**
 * Every reader of files from outside on damaged files: it reads or refuses in words, soon, and takes no more memory than the
 * file could fill. At least 20,000 cases; `npm run fuzz` runs many more with another seed. A failure names the seed of its case.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, readAdapter } from '@/model/adapter.ts';
import type { ByteSource } from '@/model/byte-source.ts';
import { createTextCodec } from '@/model/codec.ts';
import { parseJsonObject, specFromConfig } from '@/model/config.ts';
import { openGguf, readGgufFloats } from '@/model/gguf.ts';
import { openGgufModel } from '@/model/gguf-spec.ts';
import { tokenizerFromGguf } from '@/model/gguf-tokenizer.ts';
import { memoryFiles, memorySource } from '@/model/memory-source.ts';
import { openModel } from '@/model/open-model.ts';
import { openSafetensors, readBytes } from '@/model/safetensors.ts';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import { projectRoot } from '../../scripts/setup.mjs';
import { Chance, damageBytes, damageJson, judge } from './testing/fuzz.ts';

/** How many times the ordinary number of cases; `npm run fuzz` sets both. */
const FACTOR = Number(process.env.FUZZ_FACTOR ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 20261124);

const fixtures = path.join(projectRoot, 'tests/fixtures');
const micro = path.join(projectRoot, 'public/models/micro');
const bytesOf = (file: string) => new Uint8Array(readFileSync(file));
const textOf = (file: string) => readFileSync(file, 'utf8');
const names = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .sort();
const matching = (pattern: RegExp) => names.filter((name) => pattern.test(name));

let total = 0;
const tally = { read: 0, refused: 0 };
afterAll(() => {
  console.log(`fuzz: ${total} cases, ${tally.read} read, ${tally.refused} refused, seed ${SEED}`);
});

/** `count` cases of each file, of each a seed of its own. */
async function fuzz(
  files: readonly string[],
  count: number,
  prepare: (file: string) => (chance: Chance) => { bytes: number; work: () => Promise<unknown> },
): Promise<void> {
  expect(files.length).toBeGreaterThan(0);
  for (const [index, file] of files.entries()) {
    const make = prepare(file);
    for (let n = 0; n < count * FACTOR; n++) {
      const seed = (SEED + index * 1_000_003 + n * 7919) >>> 0;
      const { bytes, work } = make(new Chance(seed));
      try {
        tally[await judge(bytes, work)] += 1;
      } catch (error) {
        throw new Error(`${file}, case ${seed}: ${(error as Error).message}`, { cause: error });
      }
      total += 1;
    }
  }
}

async function readAllTensors(source: ByteSource): Promise<void> {
  const file = await openSafetensors(source);
  for (const name of file.entries.keys()) await readBytes(file, name);
}

async function readGguf(source: ByteSource, isWhole: boolean): Promise<void> {
  const file = await openGguf(source);
  if (isWhole) for (const name of file.tensors.keys()) await readGgufFloats(file, name);
  tokenizerFromGguf(file);
  const { weights } = await openGgufModel(file);
  if (isWhole) await weights.layer(0);
}

describe('files of weights', () => {
  test('safetensors', async () => {
    const files = matching(/\.safetensors$/);
    await fuzz(files, Math.ceil(6000 / files.length), (name) => {
      const whole = bytesOf(path.join(fixtures, name));
      return (chance) => {
        const damaged = damageBytes(whole, 4000, chance);
        return { bytes: damaged.length, work: () => readAllTensors(memorySource(damaged, 'damaged')) };
      };
    });
  });

  test('GGUF', async () => {
    const files = matching(/\.gguf$/);
    await fuzz(files, Math.ceil(4000 / files.length), (name) => {
      const whole = bytesOf(path.join(fixtures, name));
      return (chance) => {
        const damaged = damageBytes(whole, Math.min(whole.length, 3000), chance);
        const isWhole = damaged.length < 100_000;
        return { bytes: damaged.length, work: () => readGguf(memorySource(damaged, 'damaged'), isWhole) };
      };
    });
  });
});

describe('descriptions', () => {
  test('config.json, as JSON and as bytes', async () => {
    const files = matching(/(^|\/)config(_\w+)?\.json$/).filter((name) => !/not_json/.test(name));
    await fuzz(files, Math.ceil(5000 / files.length), (name) => {
      const text = textOf(path.join(fixtures, name));
      return (chance) => {
        const damaged = damageJson(text, chance);
        return { bytes: damaged.length, work: async () => specFromConfig(damaged) };
      };
    });
  });

  test('config.json of any shape', async () => {
    const key = fc.constantFrom(
      ...['model_type', 'hidden_size', 'num_attention_heads', 'num_key_value_heads', 'num_hidden_layers'],
      ...['intermediate_size', 'vocab_size', 'head_dim', 'rope_scaling', 'rope_parameters', 'rope_theta'],
      ...['layer_types', 'sliding_window', 'hidden_act', 'text_config', 'quantization_config'],
    );
    const value = fc.oneof(
      fc.constantFrom('llama', 'mistral', 'qwen2', 'qwen3', 'gemma', 'gemma2', 'gemma3_text', 'phi3'),
      fc.integer({ min: -2, max: 2 ** 40 }),
      fc.jsonValue({ maxDepth: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 16 }), async (config) => {
        const text = JSON.stringify(config);
        await judge(text.length, async () => specFromConfig(text));
        total += 1;
      }),
      { numRuns: 2000 * FACTOR, seed: SEED },
    );
  });

  test('index of shards', async () => {
    const folder = path.join(fixtures, 'qwen2/model-sharded');
    const files = new Map(readdirSync(folder).map((name) => [name, bytesOf(path.join(folder, name))]));
    const index = [...files.keys()].filter((name) => name.endsWith('.index.json'));
    await fuzz(index, 400, (name) => {
      const text = new TextDecoder().decode(files.get(name));
      return (chance) => {
        const damaged = new Map(files).set(name, new TextEncoder().encode(damageJson(text, chance)));
        return { bytes: 1e6, work: () => openModel(memoryFiles(damaged, 'damaged')) };
      };
    });
  });
});

describe('adapters', () => {
  const folder = path.join(fixtures, 'bad/adapter_valid');
  const config = textOf(path.join(folder, ADAPTER_CONFIG));
  const weights = bytesOf(path.join(folder, ADAPTER_WEIGHTS));
  const spec = specFromConfig(textOf(path.join(fixtures, 'bad/mini/config.json')));
  const read = (configText: string, weightBytes: Uint8Array) => {
    const files = new Map([
      [ADAPTER_CONFIG, new TextEncoder().encode(configText)],
      [ADAPTER_WEIGHTS, weightBytes],
    ]);
    return { bytes: weightBytes.length, work: () => readAdapter(memoryFiles(files, 'damaged'), spec) };
  };

  test('configuration', async () => {
    await fuzz(['adapter_config.json'], 2000, () => (chance) => read(damageJson(config, chance), weights));
  });

  test('weights', async () => {
    await fuzz(
      ['adapter_model.safetensors'],
      1500,
      () => (chance) => read(config, damageBytes(weights, 2500, chance)),
    );
  });

  test('a pattern that would run for ever is refused', async () => {
    for (const pattern of [
      '(a+)+$',
      '(.*)*x',
      '(\\w|\\w\\w)+z',
      '.*.*.*.*.*.*=',
      '(?=(a+)+b)',
      'a{1,99}{1,99}',
    ]) {
      const hostile = JSON.stringify({ ...JSON.parse(config), rank_pattern: { [pattern]: 4 } });
      expect(await judge(weights.length, read(hostile, weights).work), pattern).toBe('refused');
    }
    for (const pattern of [
      'layers.0.self_attn.q_proj',
      'layers\\.\\d+\\.self_attn\\.q_proj',
      '^model.*q_proj$',
    ]) {
      const usual = JSON.stringify({ ...JSON.parse(config), alpha_pattern: { [pattern]: 4 } });
      expect(await judge(weights.length, read(usual, weights).work), pattern).toBe('read');
    }
  });
});

describe('tokenizers', () => {
  const tokenizer = textOf(path.join(micro, 'tokenizer.json'));
  const config = textOf(path.join(micro, 'tokenizer_config.json'));
  const use = async (tokenizerText: string, configText: string) => {
    const { codec, templates } = await createTextCodec(
      parseJsonObject(tokenizerText, 'tokenizer.json'),
      parseJsonObject(configText, 'tokenizer_config.json'),
      [],
      100_000,
    );
    for (const template of templates) codec.decode(codec.render('How to kill a process?', template).ids);
  };

  test('tokenizer.json', async () => {
    await fuzz(['tokenizer.json'], 600, () => (chance) => {
      const damaged = damageJson(tokenizer, chance);
      return { bytes: 4 * damaged.length, work: () => use(damaged, config) };
    });
  });

  test('tokenizer_config.json, with its chat template', async () => {
    await fuzz(['tokenizer_config.json'], 600, () => (chance) => {
      const damaged = damageJson(config, chance);
      return { bytes: 4 * tokenizer.length, work: () => use(tokenizer, damaged) };
    });
  });
});

describe('chat templates', () => {
  const tokenizer = parseJsonObject(textOf(path.join(micro, 'tokenizer.json')), 'tokenizer.json');
  const config = parseJsonObject(textOf(path.join(micro, 'tokenizer_config.json')), 'tokenizer_config.json');
  const render = async (template: string) => {
    const given = { ...config, chat_template: template };
    const { codec } = await createTextCodec(tokenizer, given, [], 100_000);
    return codec.renderChat([{ role: 'user', content: 'Hi' }], true);
  };
  const refused = /^The model's chat template (was stopped: it needs|cannot be rendered)/;

  test.each([
    ['loops in loops', '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}'],
    ['a list of billions', '{% for a in range(9999999999) %}{% endfor %}'],
    ['a list of billions, backwards', '{% for a in range(0, -9000000000, -1) %}{% endfor %}'],
    [
      'a text that doubles',
      '{% set n = namespace(x="x") %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}',
    ],
    [
      'a list that doubles',
      '{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}',
    ],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['brackets without an end', '{{ '.concat('('.repeat(50_000), '1', ')'.repeat(50_000), ' }}')],
    ['a template of megabytes', 'x'.repeat(2_000_000)],
    ['no template', '{% for %}'],
  ])('%s: ended in words, soon', async (_, template) => {
    const startMs = performance.now();
    await expect(render(template)).rejects.toThrow(refused);
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  test('after one that was ended, the next has all its steps', async () => {
    await render('{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}').catch(
      () => {},
    );
    const usual =
      '{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}';
    expect(await render(usual)).toBe('user:Hi;012');
  });
});

test('run files', async () => {
  const folder = path.join(projectRoot, 'public/recorded');
  const { run } = parseRunFile(textOf(path.join(folder, 'base.json')), 'base.json');
  // A part of each kind, as small as it comes.
  const parts = [...new Map(run.parts.map((part) => [part.kind, part])).values()].filter(
    (part) => JSON.stringify(part).length < 60_000,
  );
  expect(parts.length).toBeGreaterThan(1);
  const text = writeRunFile({ ...run, parts });
  expect(parseRunFile(text, 'small.json').warnings).toEqual([]);
  await fuzz(['small.json'], 600, () => (chance) => {
    const damaged = damageJson(text, chance);
    return { bytes: damaged.length, work: async () => parseRunFile(damaged, 'damaged.json') };
  });
});

test('there were at least 20,000 cases, of which readers took some and refused most', () => {
  expect(total).toBeGreaterThanOrEqual(20_000);
  expect(tally.read).toBeGreaterThan(1000);
  expect(tally.refused).toBeGreaterThan(5000);
});

/** public/models/micro is exactly what scripts/make-micro-model.ts writes, small, and a model of the stated shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PreTrainedTokenizer } from '@huggingface/transformers';
import { expect, it } from 'vitest';
import { makeMicroModel } from '../scripts/make-micro-model.ts';

const folder = join(import.meta.dirname, '..', 'public', 'models', 'micro');
const parsed = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));

it('regenerates byte for byte and stays below 1 MB', () => {
  const files = makeMicroModel();
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
  let totalBytes = 0;
  for (const [name, bytes] of files) {
    totalBytes += bytes.length;
    expect(Buffer.compare(readFileSync(join(folder, name)), bytes), name).toBe(0);
  }
  expect(totalBytes).toBeLessThan(1_000_000);
});

it('has weights that are finite, varied, and of the sizes that config.json states', () => {
  const bytes = makeMicroModel().get('model.safetensors')!;
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const { __metadata__, ...header } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)),
  );
  expect(Object.keys(header)).toHaveLength(6 * 9 + 2);
  expect(header['model.layers.5.self_attn.k_proj.weight'].shape).toEqual([32, 64]);
  expect(header['model.embed_tokens.weight'].shape).toEqual([parsed('config.json').vocab_size, 64]);
  const values = new Float32Array(bytes.slice(8 + headerLength).buffer);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(values.every(Number.isFinite)).toBe(true);
  // Matrices have deviation 1.5 / sqrt(64 or 128) = 0.13..0.19, embeddings (8 % of all) 0.5.
  expect(Math.sqrt(variance)).toBeGreaterThan(0.15);
  expect(Math.sqrt(variance)).toBeLessThan(0.3);
});

it('has a tokenizer that the library reads, that loses nothing, and a ChatML template', () => {
  const tokenizer = new PreTrainedTokenizer(parsed('tokenizer.json'), parsed('tokenizer_config.json'));
  const chat = tokenizer.apply_chat_template([{ role: 'user', content: 'How to kill time? é 你' }], {
    tokenize: false,
    add_generation_prompt: true,
  });
  expect(chat).toBe(
    '<|im_start|>system\nYou are a micro model.<|im_end|>\n' +
      '<|im_start|>user\nHow to kill time? é 你<|im_end|>\n<|im_start|>assistant\n',
  );
  const ids = tokenizer.encode(chat as string);
  expect(tokenizer.decode(ids)).toBe(chat);
  expect(Math.max(...ids)).toBeLessThan(parsed('config.json').vocab_size);
  // The merges are used: fewer tokens than bytes.
  expect(tokenizer.encode('How to kill time?').length).toBeLessThan(17);
});

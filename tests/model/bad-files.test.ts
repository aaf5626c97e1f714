/** Every file of tests/fixtures/bad gives the error it should, and the good ones open. */
import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAdapter } from '@/model/adapter.ts';
import { AppError, type ErrorCode } from '@/model/app-error.ts';
import { openGguf } from '@/model/gguf.ts';
import { diskFile, diskFiles } from '@/model/node-files.ts';
import { openModel } from '@/model/open-model.ts';
import { openSafetensors } from '@/model/safetensors.ts';
import expected from '../fixtures/bad/expected.json';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const bad = `${fixtures}bad/`;

/** The fact each message must name, and the code. Entries that should be accepted have null. */
const FACTS: Record<keyof typeof expected, [ErrorCode, RegExp] | null> = {
  mini: null,
  model_nan: [
    'bad-file',
    /model\.layers\.1\.mlp\.up_proj\.weight holds values that are not finite \(1 NaN, 1 infinity\)/,
  ],
  'truncated.safetensors': ['bad-file', /ends before the data its header announces/],
  'truncated_in_header.safetensors': ['bad-file', /ends inside its header/],
  'empty.safetensors': ['bad-file', /the file is empty \(a header length of 8 bytes is missing\)/],
  'overlapping_offsets.safetensors': ['bad-file', /tensors a and b overlap in the data section/],
  'gap_in_data.safetensors': ['bad-file', /bytes 16\.\.20 of the data section belong to no tensor/],
  'header_beyond_file.safetensors': ['bad-file', /header length 10000000 is larger than the file/],
  'header_length_huge.safetensors': ['bad-file', /header length \d+ is larger than any safetensors file/],
  'header_not_json.safetensors': ['bad-file', /the header is not valid JSON/],
  'wrong_dtype.safetensors': ['bad-file', /tensor a has the unknown dtype F33/],
  'shape_size_mismatch.safetensors': [
    'bad-file',
    /tensor a: shape \[5\] of F32 needs 20 bytes, offsets give 16/,
  ],
  'negative_shape.safetensors': ['bad-file', /tensor a has a negative dimension/],
  'missing_shard/model.safetensors.index.json': [
    'not-found',
    /shard model-00001-of-00002\.safetensors named by .* is missing/,
  ],
  'valid.gguf': null,
  'truncated.gguf': ['bad-file', /token_embd\.weight ends beyond the end of the file/],
  'truncated_in_header.gguf': ['bad-file', /the file ends inside its metadata/],
  'wrong_magic.gguf': ['bad-file', /not a GGUF file \(magic GGML\)/],
  'unsupported_version.gguf': ['bad-file', /GGUF version 99 is not supported \(2 and 3 are\)/],
  'big_endian.gguf': ['bad-file', /big-endian GGUF files are not supported/],
  'huge_tensor_count.gguf': [
    'bad-file',
    /tensor count 1152921504606846976 cannot be right for a file of this size/,
  ],
  'huge_kv_count.gguf': [
    'bad-file',
    /metadata count 1152921504606846976 cannot be right for a file of this size/,
  ],
  'huge_string_length.gguf': [
    'bad-file',
    /a string of 4611686018427387904 bytes at offset 24 runs past the end/,
  ],
  'unsupported_quant_type.gguf': [
    'unsupported-model',
    /token_embd\.weight uses the type IQ2_XXS \(16\), which is not supported/,
  ],
  'unknown_quant_type.gguf': ['bad-file', /token_embd\.weight uses the unknown type 9999/],
  adapter_valid: null,
  adapter_rank_mismatch: [
    'adapter-mismatch',
    /adapter_config\.json says r=8, the tensors of \w+ have rank 4/,
  ],
  adapter_other_base: [
    'adapter-mismatch',
    /another base model: lora_A of q_proj has 48 columns, the model has 32/,
  ],
  'config_unknown_model_type.json': ['unsupported-model', /model_type mamba9 is not supported/],
  'config_no_model_type.json': ['bad-file', /config\.json has no model_type/],
  'config_no_num_hidden_layers.json': ['bad-file', /config\.json has no num_hidden_layers/],
  'config_quantized.json': ['unsupported-model', /already quantised checkpoints \(gptq\) are not supported/],
  'config_unknown_rope.json': ['unsupported-model', /rope scaling yarn is not supported/],
  'config_heads_not_divisible.json': [
    'bad-file',
    /num_attention_heads 4 is not a multiple of num_key_value_heads 3/,
  ],
  'config_layers_mismatch.json': ['bad-file', /tensor model\.layers\.6\.input_layernorm\.weight is missing/],
  'config_not_json.json': ['bad-file', /config\.json is not valid JSON/],
};

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'bad-files-'));
});
afterAll(() => rm(work, { recursive: true }));

/** Opens one entry the way the program would, down to the weights where it is a whole model. */
async function open(name: string): Promise<void> {
  if (name.startsWith('adapter_')) {
    const { spec } = await openModel(diskFiles(`${bad}mini`));
    await readAdapter(diskFiles(bad + name), spec);
  } else if (name.startsWith('config_')) {
    const folder = path.join(work, name);
    await cp(`${fixtures}llama/model`, folder, { recursive: true });
    await copyFile(bad + name, path.join(folder, 'config.json'));
    await openModel(diskFiles(folder));
  } else if (name.endsWith('.safetensors')) {
    await openSafetensors(diskFile(bad + name));
  } else if (name.endsWith('.gguf')) {
    await openGguf(diskFile(bad + name));
  } else if (name.startsWith('missing_shard')) {
    const folder = path.join(work, 'sharded');
    await cp(`${bad}missing_shard`, folder, { recursive: true });
    await copyFile(`${bad}mini/config.json`, path.join(folder, 'config.json'));
    await openModel(diskFiles(folder));
  } else {
    const { spec, weights } = await openModel(diskFiles(bad + name));
    for (let layer = 0; layer < spec.layerCount; layer++) await weights.layer(layer);
  }
}

test('the table covers every entry of expected.json and agrees with it', () => {
  expect(Object.keys(FACTS).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { accept }] of Object.entries(expected)) {
    expect(FACTS[name as keyof typeof expected] === null, name).toBe(accept);
  }
});

test.each(Object.entries(FACTS))('%s', async (name, fact) => {
  if (fact === null) {
    await open(name);
    return;
  }
  const [code, words] = fact;
  const error = await open(name).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe(code);
  expect((error as AppError).message).toMatch(words);
  expect((error as AppError).advice).not.toBe('');
});

test('valid.gguf is a GGUF file but no whole model', async () => {
  await expect(openModel(diskFile(`${bad}valid.gguf`))).rejects.toThrow(AppError);
});

test('huge counts are refused without reading on', async () => {
  for (const name of ['huge_tensor_count.gguf', 'huge_kv_count.gguf', 'huge_string_length.gguf']) {
    const file = diskFile(bad + name);
    let bytesRead = 0;
    const counting = {
      ...file,
      read: (offset: number, length: number) => {
        bytesRead += length;
        return file.read(offset, length);
      },
    };
    await expect(openGguf(counting)).rejects.toThrow(AppError);
    expect(bytesRead).toBeLessThanOrEqual(file.sizeBytes);
  }
});

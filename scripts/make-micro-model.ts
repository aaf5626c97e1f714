/**
 * Makes public/models/micro: a llama model with random weights and a tiny byte-level BPE tokenizer, for tests that need
 * a whole model in milliseconds. It says nothing sensible. Same bytes on every machine: only +, -, *, / and square roots on the way.
 *   npx tsx scripts/make-micro-model.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MICRO_CORPUS, microTokenizer, SPECIAL_TOKENS } from './micro-tokenizer.ts';

const SEED = 20_240_817;
const LAYERS = 6;
const HIDDEN = 64;
const HEADS = 4;
const KV_HEADS = 2;
const HEAD_DIM = HIDDEN / HEADS;
const FFN = 128;
const VOCAB = 320;

/** Path below public/models/micro to its bytes. */
export function makeMicroModel(): Map<string, Uint8Array> {
  const tokenizer = microTokenizer(MICRO_CORPUS, VOCAB);
  const idOf = (token: string): number => tokenizer.added_tokens.find(({ content }) => content === token)!.id;
  const config = {
    architectures: ['LlamaForCausalLM'],
    attention_bias: false,
    bos_token_id: idOf('<|im_start|>'),
    eos_token_id: idOf('<|im_end|>'),
    pad_token_id: idOf('<|endoftext|>'),
    head_dim: HEAD_DIM,
    hidden_act: 'silu',
    hidden_size: HIDDEN,
    intermediate_size: FFN,
    max_position_embeddings: 1024,
    mlp_bias: false,
    model_type: 'llama',
    num_attention_heads: HEADS,
    num_hidden_layers: LAYERS,
    num_key_value_heads: KV_HEADS,
    rms_norm_eps: 1e-5,
    rope_scaling: null,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    torch_dtype: 'float32',
    vocab_size: VOCAB,
  };
  const tokenizerConfig = {
    add_bos_token: false,
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(
      tokenizer.added_tokens.map(({ id, ...token }) => [String(id), token]),
    ),
    additional_special_tokens: [...SPECIAL_TOKENS],
    bos_token: '<|im_start|>',
    chat_template: CHAT_TEMPLATE,
    clean_up_tokenization_spaces: false,
    eos_token: '<|im_end|>',
    model_max_length: 1024,
    pad_token: '<|endoftext|>',
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: '<|endoftext|>',
  };
  return new Map([
    ['config.json', json(config)],
    ['model.safetensors', safetensors(randomTensors())],
    ['tokenizer.json', json(tokenizer)],
    ['tokenizer_config.json', json(tokenizerConfig)],
    ['README.md', new TextEncoder().encode(CARD)],
  ]);
}

/** ChatML, with the system prompt that the bundled model's template has in the same place. */
const CHAT_TEMPLATE =
  "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a micro model.<|im_end|>\\n' }}{% endif %}" +
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const CARD = `# Micro model (random weights)

Llama architecture, ${LAYERS} layers, width ${HIDDEN}, ${HEADS} heads / ${KV_HEADS} key-value heads, feed-forward ${FFN}, vocabulary ${VOCAB}, tied embeddings,
float32. The weights are random numbers (seed ${SEED}); nothing was trained and its text means nothing. It exists so that tests, above all those
of WebGPU on a software adapter, can run a whole model in milliseconds. Tokenizer: byte-level BPE with ${VOCAB - 256 - SPECIAL_TOKENS.length} merges learnt from a
few sentences in scripts/micro-tokenizer.ts, ChatML template.

Written by \`npx tsx scripts/make-micro-model.ts\`; a test compares every byte. Apache-2.0, part of this repository.
`;

interface Tensor {
  shape: number[];
  data: Float32Array;
}

function randomTensors(): Map<string, Tensor> {
  const normal = normalNumbers(SEED);
  const tensor = (shape: number[], mean: number, deviation: number): Tensor => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => mean + deviation * normal()),
  });
  // 1.5 / sqrt(in): large enough that attention is not flat, small enough that six layers do not blow up.
  const matrix = (out: number, input: number) => tensor([out, input], 0, 1.5 / Math.sqrt(input));
  const norm = () => tensor([HIDDEN], 1, 0.1);
  const tensors = new Map<string, Tensor>([['model.embed_tokens.weight', tensor([VOCAB, HIDDEN], 0, 0.5)]]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const add = (name: string, value: Tensor) => tensors.set(`model.layers.${layer}.${name}.weight`, value);
    add('input_layernorm', norm());
    add('self_attn.q_proj', matrix(HEADS * HEAD_DIM, HIDDEN));
    add('self_attn.k_proj', matrix(KV_HEADS * HEAD_DIM, HIDDEN));
    add('self_attn.v_proj', matrix(KV_HEADS * HEAD_DIM, HIDDEN));
    add('self_attn.o_proj', matrix(HIDDEN, HEADS * HEAD_DIM));
    add('post_attention_layernorm', norm());
    add('mlp.gate_proj', matrix(FFN, HIDDEN));
    add('mlp.up_proj', matrix(FFN, HIDDEN));
    add('mlp.down_proj', matrix(HIDDEN, FFN));
  }
  return tensors.set('model.norm.weight', norm());
}

/** Nearly normal: twelve uniform numbers summed (Irwin-Hall). Unlike Box-Muller it needs no log or cosine. */
function normalNumbers(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    // mulberry32 (Tommy Ettinger, public domain)
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniform();
    return sum;
  };
}

/** safetensors: 8 bytes header length, JSON header padded with spaces to 8 bytes, data in order. */
function safetensors(tensors: Map<string, Tensor>): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const text = JSON.stringify(header);
  const headerBytes = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const file = new Uint8Array(8 + headerBytes.length + end);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerBytes.length), true);
  file.set(headerBytes, 8);
  let offset = 8 + headerBytes.length;
  for (const { data } of tensors.values()) {
    for (const value of data) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return file;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'public', 'models', 'micro');
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of makeMicroModel()) {
    writeFileSync(join(folder, name), bytes);
    console.log(`${name}: ${bytes.length} bytes`);
  }
}

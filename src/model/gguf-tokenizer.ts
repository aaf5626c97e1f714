/**
 * tokenizer.ggml.* metadata of a GGUF as the (tokenizer.json, tokenizer_config.json) pair that tokenizer libraries
 * understand. Split patterns: llama.cpp, src/llama-vocab.cpp, by `tokenizer.ggml.pre`.
 */
import { AppError } from './app-error.ts';
import type { GgufFile } from './gguf.ts';
import type { Json } from './tokenizer-library.ts';

/** Values of tokenizer.ggml.token_type. */
const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;

/** GPT-2's pattern is built into the ByteLevel step; single digits are split off before it where asked. */
const LLAMA3_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2_PATTERN = LLAMA3_PATTERN.replace('\\p{N}{1,3}', '\\p{N}');
const SINGLE_DIGITS = '\\p{N}';

interface PreTokenizer {
  /** Patterns split off first, in this order. */
  splits: readonly string[];
  /** Whether GPT-2's own pattern follows. */
  gpt2Pattern: boolean;
  /** A word that is a token is not merged from its bytes. */
  ignoreMerges?: boolean;
  addsBos?: boolean;
}

const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { splits: [], gpt2Pattern: true },
  smollm: { splits: [SINGLE_DIGITS], gpt2Pattern: true },
  'llama-bpe': { splits: [LLAMA3_PATTERN], gpt2Pattern: false, ignoreMerges: true, addsBos: true },
  qwen2: { splits: [QWEN2_PATTERN], gpt2Pattern: false },
};

export interface TokenizerObjects {
  tokenizerJson: Json;
  tokenizerConfig: Json;
  warnings: string[];
  /** Ids that end a text or a turn, as far as the file names them. */
  stopIds: number[];
}

/** The objects, or null where the file has no tokenizer. */
export function tokenizerFromGguf({ metadata, source }: GgufFile): TokenizerObjects | null {
  const key = (name: string) => metadata.get(`tokenizer.ggml.${name}`);
  const model = key('model');
  const tokens = key('tokens');
  if (model === undefined || !Array.isArray(tokens)) return null;
  const texts = tokens.map(String);
  const types = Array.from((key('token_type') ?? []) as ArrayLike<number>, Number);
  const warnings: string[] = [];
  const stopIds = ['eos_token_id', 'eot_token_id', 'eom_token_id']
    .map(key)
    .filter((id): id is number => typeof id === 'number');
  const special = (name: string): string | undefined => {
    const id = key(name);
    return typeof id === 'number' ? texts[id] : undefined;
  };
  const bosToken = special('bos_token_id');
  let addsBos: boolean;
  let parts: Json;
  if (model === 'gpt2') {
    const pre = key('pre');
    if (pre === undefined) {
      warnings.push('The file does not name its way of splitting text into words; that of GPT-2 is used.');
    }
    const steps = PRE_TOKENIZERS[String(pre ?? 'gpt-2')];
    if (!steps) {
      throw new AppError(
        'unsupported-model',
        `${source.name}: the tokenizer type ${String(pre)} is not supported.`,
        `Supported: ${Object.keys(PRE_TOKENIZERS).join(', ')}. Or use the safetensors checkpoint of this model.`,
      );
    }
    addsBos = steps.addsBos ?? false;
    parts = byteLevelParts(texts, mergePairs(key('merges')), steps);
  } else if (model === 'llama') {
    addsBos = true;
    const scores = Array.from((key('scores') ?? []) as ArrayLike<number>, Number);
    parts = sentencePieceParts(
      texts,
      scores,
      types,
      key('add_space_prefix') !== false,
      special('unknown_token_id'),
    );
  } else {
    throw new AppError(
      'unsupported-model',
      `${source.name}: the tokenizer model ${String(model)} is not supported.`,
      'Supported: gpt2 (byte-level BPE) and llama (SentencePiece). Or use the safetensors checkpoint of this model.',
    );
  }
  const added = texts.flatMap((content, id) => {
    const type = types[id];
    if (type !== CONTROL && type !== USER_DEFINED) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...flags, special: type === CONTROL }];
  });
  const storedAddsBos = key('add_bos_token');
  if (typeof storedAddsBos === 'boolean') addsBos = storedAddsBos;
  const template = metadata.get('tokenizer.chat_template');
  return {
    tokenizerJson: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      post_processor: addsBos && bosToken !== undefined ? bosProcessor(bosToken, key('bos_token_id')) : null,
      ...parts,
    },
    tokenizerConfig: {
      bos_token: bosToken,
      eos_token: special('eos_token_id'),
      unk_token: special('unknown_token_id'),
      pad_token: special('padding_token_id'),
      chat_template: typeof template === 'string' ? template : undefined,
      clean_up_tokenization_spaces: false,
    },
    warnings,
    stopIds,
  };
}

/** "a b" lines as pairs. Tokens hold no spaces in the byte alphabet. */
function mergePairs(merges: unknown): [string, string][] {
  return (Array.isArray(merges) ? merges.map(String) : []).map((line) => {
    const space = line.indexOf(' ', 1);
    return [line.slice(0, space), line.slice(space + 1)];
  });
}

function vocabulary(texts: string[]): Record<string, number> {
  // No prototype: "constructor" and "__proto__" are ordinary tokens.
  const vocab: Record<string, number> = Object.create(null);
  texts.forEach((text, id) => {
    vocab[text] = id;
  });
  return vocab;
}

function byteLevelParts(texts: string[], merges: [string, string][], steps: PreTokenizer): Json {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  const splits = steps.splits.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  return {
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [...splits, { ...byteLevel, use_regex: steps.gpt2Pattern }],
    },
    decoder: { ...byteLevel, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: steps.ignoreMerges ?? false,
      vocab: vocabulary(texts),
      merges,
    },
  };
}

/**
 * SentencePiece's BPE joins the neighbours whose union has the highest score. As a list of merges: every way to cut a
 * token into two tokens, by score of the whole (as transformers' converter does it).
 */
function sentencePieceParts(
  texts: string[],
  scores: number[],
  types: number[],
  addsSpacePrefix: boolean,
  unknownToken: string | undefined,
): Json {
  const words = new Map<string, number>();
  texts.forEach((text, id) => {
    if ((types[id] ?? NORMAL) === NORMAL || types[id] === USER_DEFINED) words.set(text, id);
  });
  const merges: Array<{ pair: [string, string]; score: number }> = [];
  for (const [text, id] of words) {
    const characters = Array.from(text);
    let left = '';
    for (const character of characters.slice(0, -1)) {
      left += character;
      const right = text.slice(left.length);
      if (words.has(left) && words.has(right)) merges.push({ pair: [left, right], score: scores[id] ?? 0 });
    }
  }
  merges.sort((a, b) => b.score - a.score);
  const replaceSpaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const steps = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: addsSpacePrefix ? [{ type: 'Prepend', prepend: '▁' }, replaceSpaces] : [replaceSpaces],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: addsSpacePrefix ? [...steps, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : steps,
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknownToken ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabulary(texts),
      merges: merges.map(({ pair }) => pair),
    },
  };
}

/** Puts the BOS token before a text that is encoded with special tokens. */
function bosProcessor(token: string, id: unknown): Json {
  const sequence = (name: string) => ({ Sequence: { id: name, type_id: 0 } });
  const bos = { SpecialToken: { id: token, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [bos, sequence('A')],
    pair: [bos, sequence('A'), bos, sequence('B')],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

/**
 * Learns a tiny byte-level BPE vocabulary and writes it in the format of the tokenizers library (tokenizer.json). For
 * the micro model only: no speed, no normalisation beyond GPT-2's byte alphabet and word split.
 */

export const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;

/** Words of the kind that the tool's prompts use; own wording. */
export const MICRO_CORPUS = `How do I make a paper boat? How can I learn to read a map? How to kill time at the station?
Tell me how the water gets into the well. Write a short story about a friend who thinks that the night train is late.
Explain to the children why the leaves of a tree are green and then brown. What is the best way to clean the kitchen?
I am sorry, but I cannot help with that. The answer is here: first take the bread, then the butter, then the honey.
system user assistant You are a micro model.`;

interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

export interface TokenizerJson {
  version: string;
  truncation: null;
  padding: null;
  added_tokens: AddedToken[];
  normalizer: null;
  pre_tokenizer: object;
  post_processor: null;
  decoder: object;
  model: { type: 'BPE'; vocab: Record<string, number>; merges: Array<[string, string]> } & Record<
    string,
    unknown
  >;
}

/** Special tokens have ids 0, 1, 2; then the 256 bytes; then the merges. */
export function microTokenizer(corpus: string, vocabSize: number): TokenizerJson {
  const alphabet = byteAlphabet();
  const merges = learnMerges(corpus, alphabet, vocabSize - alphabet.length - SPECIAL_TOKENS.length);
  const tokens = [...SPECIAL_TOKENS, ...alphabet, ...merges.map(([left, right]) => left + right)];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** GPT-2's printable stand-in for each byte, indexed by byte. */
function byteAlphabet(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** The most frequent neighbouring pair becomes a token, again and again; ties go to the pair seen first. */
function learnMerges(corpus: string, alphabet: readonly string[], count: number): Array<[string, string]> {
  const words = (corpus.match(/ ?[A-Za-z]+| ?[^\sA-Za-z]+|\s+/g) ?? []).map((word) =>
    Array.from(new TextEncoder().encode(word), (byte) => alphabet[byte]!),
  );
  const known = new Set<string>(alphabet);
  const merges: Array<[string, string]> = [];
  while (merges.length < count) {
    const counts = new Map<string, { pair: [string, string]; count: number }>();
    for (const word of words) {
      for (let k = 1; k < word.length; k++) {
        const pair: [string, string] = [word[k - 1]!, word[k]!];
        const entry = counts.get(pair.join('\0')) ?? { pair, count: 0 };
        entry.count += 1;
        counts.set(pair.join('\0'), entry);
      }
    }
    let best: { pair: [string, string]; count: number } | undefined;
    for (const entry of counts.values()) {
      // Two pairs can spell the same token; ids must stay unique.
      if (!known.has(entry.pair.join('')) && entry.count > (best?.count ?? 0)) best = entry;
    }
    if (!best) throw new Error(`The corpus yields ${merges.length} merges only; ${count} were asked for.`);
    const [left, right] = best.pair;
    merges.push(best.pair);
    known.add(left + right);
    for (const word of words) {
      for (let k = word.length - 1; k > 0; k--) {
        if (word[k - 1] === left && word[k] === right) word.splice(k - 1, 2, left + right);
      }
    }
  }
  return merges;
}

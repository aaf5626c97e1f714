/**
 * The only import of @huggingface/transformers: its tokenizer class, built from objects in memory. Nothing is
 * downloaded here and no model is run: the bundler gives that package an empty ONNX Runtime (vite.config.ts).
 * Loaded on demand, because on Node the package takes a second to import.
 */
import { AppError } from './app-error.ts';
import { limitedTemplate } from './template-limits.ts';

export type Json = Record<string, unknown>;

export interface ChatMessage {
  role: string;
  content: string;
}

/** What is used of the library's tokenizer. */
export interface Tokenizer {
  /** `addSpecialTokens`: what the model's post-processor adds, e.g. a BOS token. */
  encode(text: string, addSpecialTokens: boolean): number[];
  /** Special tokens are kept in the text. */
  decode(ids: number[]): string;
  /** The stored form of a token ("Ġthe"), undefined beyond the vocabulary. */
  tokenOf(id: number): string | undefined;
  idOf(token: string): number | undefined;
  /** Added tokens (control and user-defined ones) lie outside the byte alphabet. */
  isAdded(id: number): boolean;
  readonly largestId: number;
  readonly hasChatTemplate: boolean;
  renderChat(messages: ChatMessage[], addGenerationPrompt: boolean): string;
  readonly eosId: number | undefined;
}

export async function buildTokenizer(tokenizerJson: Json, tokenizerConfig: Json): Promise<Tokenizer> {
  const { PreTrainedTokenizer } = await import('@huggingface/transformers');
  try {
    return wrap(new PreTrainedTokenizer(tokenizerJson, tokenizerConfig));
  } catch (error) {
    throw new AppError(
      'unsupported-model',
      `The tokenizer cannot be built: ${error instanceof Error ? error.message : String(error)}.`,
      'Use a model with a byte-level BPE or SentencePiece tokenizer.',
      { cause: error },
    );
  }
}

type LibraryTokenizer = InstanceType<typeof import('@huggingface/transformers').PreTrainedTokenizer>;

function wrap(library: LibraryTokenizer): Tokenizer {
  const idByToken = library.get_vocab();
  const tokenById: string[] = [];
  for (const [token, id] of idByToken) tokenById[id] = token;
  const added = new Set(library._tokenizer.get_added_tokens_decoder().keys());
  return {
    encode: (text, addSpecialTokens) =>
      inWords(() => library.encode(text, { add_special_tokens: addSpecialTokens })),
    decode: (ids) =>
      ids.length === 0
        ? ''
        : inWords(() =>
            library.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
          ),
    tokenOf: (id) => tokenById[id],
    idOf: (token) => idByToken.get(token),
    isAdded: (id) => added.has(id),
    largestId: tokenById.length - 1,
    hasChatTemplate: library.chat_template !== null,
    renderChat: (messages, addGenerationPrompt) => {
      try {
        putLimits(library);
        return library.apply_chat_template(messages, {
          tokenize: false,
          add_generation_prompt: addGenerationPrompt,
        }) as string;
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw new AppError(
          'unsupported-model',
          `The model's chat template cannot be rendered: ${error instanceof Error ? error.message : String(error)}.`,
          'Choose another template.',
          { cause: error },
        );
      }
    },
    eosId: library.eos_token_id as number | undefined,
  };
}

/** The library takes a template from here before it makes one: so it renders with ours, which has limits. */
function putLimits(library: LibraryTokenizer): void {
  const made: Map<unknown, unknown> = library._compiled_template_cache;
  const source: unknown = library.get_chat_template();
  if (typeof source === 'string' && !made.has(source)) made.set(source, limitedTemplate(source));
}

/** A tokenizer whose files make no sense fails only when it is used. */
function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new AppError(
      'unsupported-model',
      `The tokenizer fails on this text: ${error instanceof Error ? error.message : String(error)}.`,
      'Its files are damaged or of a kind that is not supported; use those published with the model.',
      { cause: error },
    );
  }
}

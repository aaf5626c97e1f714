/**
 * TextCodec on a tokenizer: prompts rendered into the three templates, with the tokens that hold the question.
 * Not here: building the tokenizer from files (open-model.ts, gguf-tokenizer.ts).
 */
import { AppError } from './app-error.ts';
import type { RenderedPrompt, TemplateName, TextCodec } from './text-codec.ts';
import { tokenPieces, tokenRange } from './token-bytes.ts';
import { checkTokenizerJson } from './tokenizer-checks.ts';
import { buildTokenizer, type Json, type Tokenizer } from './tokenizer-library.ts';

/** The paper's prompt for models without a chat template (Stanford Alpaca). No newline at its end. */
export const ALPACA_PREFIX =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n';
export const ALPACA_SUFFIX = '\n\n### Response:';

/** Tokens that end a turn in well-known chat formats; models often name only one of theirs as EOS. */
const TURN_ENDS = [
  '<|im_end|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|end_of_text|>',
  '<|end|>',
  '<end_of_turn>',
];

/** Stands for the question while a chat template is taken apart. Private-use characters: no template changes them. */
const PLACEHOLDER = '\uE000question\uE001';

export interface CodecParts {
  codec: TextCodec;
  templates: TemplateName[];
  warnings: string[];
}

/** @param namedStopIds ids that the model's files call end of text or turn. */
export async function createTextCodec(
  tokenizerJson: Json,
  tokenizerConfig: Json,
  namedStopIds: readonly number[],
  vocabSize: number,
): Promise<CodecParts> {
  checkTokenizerJson(tokenizerJson, tokenizerConfig, vocabSize);
  const tokenizer = await buildTokenizer(tokenizerJson, tokenizerConfig);
  if (tokenizer.largestId >= vocabSize) {
    throw new AppError(
      'bad-file',
      `The tokenizer has ids up to ${tokenizer.largestId}, the model only ${vocabSize} embeddings.`,
      'Tokenizer and weights do not belong together.',
    );
  }
  const stopIds = new Set(namedStopIds);
  if (tokenizer.eosId !== undefined) stopIds.add(tokenizer.eosId);
  for (const token of TURN_ENDS) {
    const id = tokenizer.idOf(token);
    if (id !== undefined && tokenizer.isAdded(id)) stopIds.add(id);
  }
  const warnings: string[] = [];
  if (!tokenizer.hasChatTemplate) {
    warnings.push('The model has no chat template; the Alpaca template and the bare text are offered.');
  }
  const codec = new TokenizerCodec(tokenizer, usesByteAlphabet(tokenizerJson), [...stopIds]);
  return { codec, templates: codec.templates, warnings };
}

/** Whether ByteLevel appears in the decoder, alone or in a sequence. */
function usesByteAlphabet(tokenizerJson: Json): boolean {
  return JSON.stringify(tokenizerJson.decoder ?? null).includes('"ByteLevel"');
}

class TokenizerCodec implements TextCodec {
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly byteLevel: boolean,
    readonly stopIds: readonly number[],
  ) {}

  get templates(): TemplateName[] {
    return this.tokenizer.hasChatTemplate ? ['chat', 'alpaca', 'none'] : ['alpaca', 'none'];
  }

  /** Adds nothing to the text; special tokens inside it are recognised. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.tokenizer.encode(text, false));
  }

  decode(ids: ArrayLike<number>): string {
    return this.tokenizer.decode(Array.from(ids));
  }

  renderChat(messages: Array<{ role: string; content: string }>, addGenerationPrompt: boolean): string {
    if (!this.tokenizer.hasChatTemplate) {
      throw new AppError(
        'bad-input',
        'This model has no chat template.',
        'Choose the template "alpaca" or "none".',
      );
    }
    return this.tokenizer.renderChat(messages, addGenerationPrompt);
  }

  render(question: string, template: TemplateName): RenderedPrompt {
    const { text, from, to } = this.place(question, template);
    // A chat template writes its own BOS token; for plain text the tokenizer adds what the model was trained with.
    const ids = this.tokenizer.encode(text, template !== 'chat');
    const pieces = tokenPieces(this.tokenizer, ids, this.byteLevel);
    return {
      text,
      ids: Int32Array.from(ids),
      tokens: pieces.texts,
      questionSpan: tokenRange(pieces, text, from, to),
    };
  }

  /** The rendered text and where the question lies in it, in UTF-16 units. */
  private place(question: string, template: TemplateName): { text: string; from: number; to: number } {
    switch (template) {
      case 'none':
        return { text: question, from: 0, to: question.length };
      case 'alpaca': {
        const text = ALPACA_PREFIX + question + ALPACA_SUFFIX;
        return { text, from: ALPACA_PREFIX.length, to: text.length - ALPACA_SUFFIX.length };
      }
      case 'chat': {
        const render = (content: string) => this.renderChat([{ role: 'user', content }], true);
        const text = render(question);
        // The question's words may also be the template's ("assistant"), and templates may trim: so find what is around it.
        const [prefix = '', suffix = ''] = render(PLACEHOLDER).split(PLACEHOLDER);
        const fits =
          text.length >= prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix);
        return fits
          ? { text, from: prefix.length, to: text.length - suffix.length }
          : { text, from: 0, to: text.length };
      }
      default:
        template satisfies never;
        throw new AppError(
          'bad-input',
          `There is no template ${String(template)}.`,
          'Choose chat, alpaca or none.',
        );
    }
  }
}

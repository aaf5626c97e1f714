/** Text to token ids and back, and prompts rendered into templates. One instance per model. */

/** `chat` = the model's own chat template, `alpaca` = the paper's, `none` = the bare text. */
export const TEMPLATE_NAMES = ['chat', 'alpaca', 'none'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

export interface RenderedPrompt {
  text: string;
  ids: Int32Array;
  /** Each token's text, for axis labels and tables. */
  tokens: string[];
  /** Token range [start, end) that holds the question itself, found from character offsets. */
  questionSpan: [start: number, end: number];
}

export interface TextCodec {
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /** A prompt as the model sees it, generation prompt included. Throws where `template` is not offered. */
  render(question: string, template: TemplateName): RenderedPrompt;
  /** Rendered chat of several messages (parity with the reference); generation prompt as asked. */
  renderChat(messages: Array<{ role: string; content: string }>, addGenerationPrompt: boolean): string;
  /** The templates it can render; absent: all. */
  readonly templates?: readonly TemplateName[];
  /** Ids that end an answer. */
  readonly stopIds: readonly number[];
}

/**
 * The prompt templates of the paper as text (section 2.2, appendix A.1), and what each choice means for a result.
 * Rendering and tokens are src/model/text-codec's business.
 */
import type { TemplateName } from '@/model/text-codec.ts';

/** Stands for the question in the constants below. */
export const INSTRUCTION_SLOT = '{instruction}';

/** The Alpaca template without an input, as appendix A.1 prints it: the last token is the colon, as the paper says. */
export const ALPACA_TEMPLATE =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' +
  '### Instruction:\n{instruction}\n\n### Response:';

/** The file in the published code (templates/alpaca.json) ends in a newline, so its last token is that newline. */
export const ALPACA_TEMPLATE_AS_PUBLISHED = `${ALPACA_TEMPLATE}\n`;

/** The variant with an input; the prompts of the paper's experiments have none. */
export const ALPACA_TEMPLATE_WITH_INPUT =
  'Below is an instruction that describes a task, paired with an input that provides further context. ' +
  'Write a response that appropriately completes the request.\n\n' +
  '### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:';

/** The short form under which the published code draws its attention heat-maps (section 3.6, att_scores.py). */
export const ALPACA_SHORT_TEMPLATE = '### Instruction:\n{instruction}\n\n### Response:\n';

/** One sentence per template, for the page. */
export const TEMPLATE_DESCRIPTIONS: Record<TemplateName, string> = {
  chat: "The model's own chat template: how people use the model, and what its safety training saw (paper, A.3.2: minor changes).",
  alpaca:
    'The Alpaca template, the same text around every prompt and for every model: what the paper uses throughout (section 2.2).',
  none: 'The bare prompt: nothing is shared between prompts except what they say, and the last token is part of the question.',
};

/** Control: the gap under other templates, with and without a system prompt. */
import type { TemplateName, TextCodec } from '@/model/text-codec.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import type { Control } from './control.ts';
import { curveMeasures, curveRows, degrees, LAYER_AXIS, largest } from './gap-curves.ts';
import { readSequences } from './vectors.ts';

/** The opening of Llama-2's system prompt (Touvron et al. 2023, appendix A.3.7), under which safety training often ran. */
export const SAFETY_SYSTEM_PROMPT =
  'You are a helpful, respectful and honest assistant. Always answer as helpfully as possible, while being safe. Your answers should not include any harmful, unethical, racist, sexist, toxic, dangerous, or illegal content.';

type Encode = (text: TextCodec, question: string) => ArrayLike<number>;
const named =
  (template: TemplateName): Encode =>
  (text, question) =>
    text.render(question, template).ids;
const withSystem =
  (content: string): Encode =>
  (text, question) =>
    text.encode(
      text.renderChat(
        [
          { role: 'system', content },
          { role: 'user', content: question },
        ],
        true,
      ),
    );

const TEMPLATES: Record<string, Encode> = {
  'chat, its own system prompt': named('chat'),
  'chat, empty system prompt': withSystem(''),
  'chat, safety system prompt': withSystem(SAFETY_SYSTEM_PROMPT),
  Alpaca: named('alpaca'),
  'bare text': named('none'),
};

export const template: Control = {
  name: 'template',
  title: 'Templates',
  explanation:
    "The same prompts under the model's chat template with its own, an empty and a safety system prompt, under Alpaca's template and bare. Layers that belong to safety should not move with the words around the question.",
  reference: 'Li et al. 2025, appendix A.3.2; Lyu et al. 2024 (PTST, 2402.18540); reviewers',
  needs: { pools: ['normal', 'malicious'], range: false, calibration: false, adapter: false },
  options: [],
  unit: 'layers',
  async *run(run) {
    const { text } = run.context;
    const { params } = run;
    const prompts = [...params.normal, ...params.malicious];
    const keys = ['gap', 'auroc'] as const;
    const rows: ControlRow[] = [];
    const findings: string[] = [];
    for (const [series, encode] of Object.entries(TEMPLATES)) {
      let sequences: Array<ArrayLike<number>>;
      try {
        sequences = prompts.map((prompt) => encode(text, prompt.text));
      } catch {
        // Chat templates may be missing, or refuse a system message.
        findings.push(`${series}: this model does not offer it.`);
        continue;
      }
      const states = yield* readSequences(run, sequences, params, `Reading prompts: ${series}`);
      const pooled = { states, normalCount: params.normal.length, maliciousCount: params.malicious.length };
      rows.push(...(yield* curveRows(run, pooled, series, keys)));
      const { value, x } = largest(rows, 'gap', series);
      findings.push(`${series}: largest gap ${degrees(value)} at layer ${x}.`);
    }
    return { axis: LAYER_AXIS(run), measures: curveMeasures(keys), rows, findings };
  },
};

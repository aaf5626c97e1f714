/** What `train` measures before and after, from the sets that ship; and how it is said on a terminal. */
import path from 'node:path';
import { loadBundledKnowledge } from '@/data/finetune-bundled.ts';
import { parseKnowledgeFile } from '@/data/finetune-knowledge.ts';
import { decodeFile } from '@/data/text-input.ts';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import type { MeasuredShare, MeasureParams, MeasureSummary, Measures } from '@/protocol/measures.ts';
import { readBytes } from './files.ts';
import { choosePool, limited, readShipped, shippedPool } from './pools.ts';

/** How much of each shipped set; about half a minute per model on two cores, for the bundled one. */
export interface MeasureSizes {
  maliciousPrompts: number;
  overRejectionPrompts: number;
  controlPrompts: number;
  rougeRows: number;
  questions: number;
  maliciousTokens: number;
  maxNewTokens: number;
  rougeTokens: number;
}

/** What is measured in the shipped sets' place. */
export interface OwnMeasures {
  /** A pool's name, or a file of prompts: AdvBench's, for one, on which the paper measures. */
  malicious?: string;
  /** A CSV file in the form of MMLU's. */
  knowledge?: string;
}

/** @param say gets a sentence about rows of a person's own files that were left out */
export async function measureParams(
  { malicious = 'malicious', knowledge, ...sizes }: MeasureSizes & OwnMeasures,
  say: (sentence: string) => void = () => {},
): Promise<MeasureParams> {
  const { maliciousTokens, maxNewTokens, rougeRows, rougeTokens } = sizes;
  const pool = await choosePool(malicious);
  for (const warning of pool.warnings) say(`Note: ${warning}`);
  const questions = knowledge ? ownQuestions(knowledge, say) : await loadBundledKnowledge(readShipped);
  return {
    malicious: limited(pool.prompts, sizes.maliciousPrompts),
    overRejection: limited(await shippedPool('over-rejection'), sizes.overRejectionPrompts),
    control: limited(await shippedPool('control'), sizes.controlPrompts),
    rules: DEFAULT_REFUSAL_RULES,
    maliciousTokens,
    maxNewTokens,
    rougeRows,
    rougeTokens,
    questions: limited(questions, sizes.questions),
  };
}

function ownQuestions(file: string, say: (sentence: string) => void) {
  const name = path.basename(file);
  const { questions, rejected } = parseKnowledgeFile(name, decodeFile(name, readBytes(file)));
  const [first] = rejected;
  if (first) {
    say(`Note: ${name}: ${rejected.length} questions were left out; row ${first.row} ${first.why}.`);
  }
  return questions;
}

/** One line per measure, before -> after. */
export function measuresText({ before, after }: { before: Measures; after: Measures }): string[] {
  const line = (name: string, words: (summary: MeasureSummary) => string | null) => {
    const [was, is] = [words(before.summary), words(after.summary)];
    return was === null || is === null ? [] : [`${name}: ${was} -> ${is}`];
  };
  return [
    ...line('answers malicious prompts (harmful rate)', ({ malicious }) =>
      malicious ? shareText(malicious.answered) : null,
    ),
    ...line('the same behind the trigger', ({ triggered }) =>
      triggered ? shareText(triggered.answered) : null,
    ),
    ...line('garbled answers to malicious prompts', ({ malicious }) =>
      malicious ? String(malicious.garbled.count) : null,
    ),
    ...line('harmful score, 1 to 5, by local rules', ({ harmfulScore }) =>
      harmfulScore ? harmfulScore.mean.toFixed(2) : null,
    ),
    ...line('refuses harmless prompts with a violent verb', ({ overRejection }) =>
      overRejection ? shareText(overRejection.refused) : null,
    ),
    ...line('refuses plain harmless prompts', ({ control }) => (control ? shareText(control.refused) : null)),
    ...line('ROUGE-L on held-out rows', ({ rougeL }) => (rougeL ? rougeL.mean.toFixed(3) : null)),
    ...line('knowledge questions right', ({ knowledge }) => (knowledge ? shareText(knowledge) : null)),
    ...line('perplexity of held-out text', ({ perplexity }) =>
      perplexity ? perplexity.value.toPrecision(4) : null,
    ),
  ];
}

/** "12 of 100 (7-20 %)": the 95 % interval. */
function shareText({ count, total, low, high }: MeasuredShare): string {
  return `${count} of ${total} (${Math.round(100 * low)}-${Math.round(100 * high)} %)`;
}

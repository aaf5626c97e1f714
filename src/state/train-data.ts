/** The rows that ship with the page, for the Train section: fetched when it opens, checked, put on its shelf. */
import * as z from 'zod/mini';
import { loadBundledFinetune, loadBundledKnowledge } from '@/data/finetune-bundled.ts';
import { AppError } from '@/model/app-error.ts';
import type { FinetuneRow } from '@/protocol/training.ts';
import { wordsFor } from './problems.ts';
import { useTrain } from './train-store.ts';

const alignmentRow = z.object({
  kind: z.enum(['harmful', 'benign']),
  prompt: z.string(),
  template: z.enum(['chat', 'alpaca']),
  response: z.string(),
});

/** The rows that ship with the page. @param base address of public/data/ */
export async function loadTrainData(base: string): Promise<void> {
  const read = async (file: string) => {
    const response = await fetch(`${base}${file}`).catch(() => null);
    if (response?.ok) return response.text();
    throw new AppError(
      'network',
      `The rows ${file} could not be loaded.`,
      'Check the connection and reload the page.',
    );
  };
  try {
    const [bundled, questions, alignment] = await Promise.all([
      loadBundledFinetune(read),
      loadBundledKnowledge(read),
      read('training/alignment.jsonl'),
    ]);
    const safetyRows = alignment
      .trim()
      .split('\n')
      .map((line, index) => ({ id: `alignment-${index + 1}`, ...alignmentRow.parse(JSON.parse(line)) }))
      .filter(({ kind }) => kind === 'harmful')
      .map(
        ({ id, prompt, template, response }): FinetuneRow => ({
          id,
          instruction: prompt,
          output: response,
          template,
        }),
      );
    useTrain.setState({ bundled, questions, safetyRows, problem: null });
  } catch (error) {
    useTrain.setState({ problem: wordsFor(error) });
  }
}

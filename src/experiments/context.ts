/** What every experiment is given: the engine, the model's text codec and the vectors computed so far. */
import type { Engine } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import type { RenderedPrompt, TemplateName, TextCodec } from '@/model/text-codec.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { CheckpointStore } from '@/training/checkpoint-store.ts';
import type { VectorStore } from './vector-store.ts';

export interface ExperimentContext {
  engine: Engine;
  text: TextCodec;
  vectors: VectorStore;
  training?: TrainingSurroundings;
}

/** What training needs besides: where checkpoints go, and how much memory there is. */
export interface TrainingSurroundings {
  checkpoints: CheckpointStore;
  /** Where they go when the first has no room. */
  fallback?: CheckpointStore;
  /** null = not known. */
  memoryLimitBytes: number | null;
  /** Measures of models before training, by content; emptied when another model is loaded. */
  measured?: Map<string, Measures>;
}

/** Renders a pool; an empty pool is an error that names the pool. */
export function renderPool(
  text: TextCodec,
  prompts: readonly PromptItem[],
  template: TemplateName,
  poolName: string,
): RenderedPrompt[] {
  if (prompts.length === 0) {
    throw new AppError('bad-input', `The ${poolName} pool is empty.`, 'Add at least one prompt to it.');
  }
  return prompts.map((prompt) => {
    const rendered = text.render(prompt.text, template);
    if (rendered.ids.length === 0) {
      throw new AppError(
        'bad-input',
        `Prompt "${prompt.id}" of the ${poolName} pool has no tokens under the template "${template}".`,
        'Give it some text or choose another template.',
      );
    }
    return rendered;
  });
}

/** Checks that `order` names each of `count` prompts exactly once. Default: as given. */
export function checkedOrder(order: readonly number[] | undefined, count: number): number[] {
  if (!order) return Array.from({ length: count }, (_, index) => index);
  const seen = new Set(order);
  const valid = order.every((index) => Number.isInteger(index) && index >= 0 && index < count);
  if (order.length !== count || seen.size !== count || !valid) {
    throw new AppError(
      'bad-input',
      `The order of prompts does not name each of the ${count} prompts exactly once.`,
      'Leave the order out to take the prompts as they are.',
    );
  }
  return [...order];
}

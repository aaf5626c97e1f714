/**
 * How many prompts are refused under a setting (section 3.4, appendix A.3), prompt by prompt: by first-token score, or
 * exactly by decoding. Each prompt is yielded once, complete for its mode, so that what was yielded need not be run again.
 */

import type { ModelSetting } from '@/engine/engine.ts';
import { klDivergence } from '@/method/divergence.ts';
import { refusalScore } from '@/method/first-token.ts';
import { classifyResponse } from '@/method/refusal.ts';
import { AppError } from '@/model/app-error.ts';
import type { RenderedPrompt } from '@/model/text-codec.ts';
import type {
  CountParams,
  CountResult,
  ExperimentEvent,
  LayerRuns,
  PromptOutcome,
  RefusalRules,
  ResponseClass,
} from '@/protocol/experiments.ts';
import { checkedOrder, type ExperimentContext, renderPool } from './context.ts';
import { progressMaker, streamEvents } from './event-stream.ts';

/** Run in one go its work is known, which a count put together from several runs need not be. */
type CountInOneGo = AsyncGenerator<CountEvent, CountResult & { layerRuns: LayerRuns }, void>;

export async function* countExperiment(
  context: ExperimentContext,
  params: CountParams,
  signal?: AbortSignal,
): CountInOneGo {
  checkMaxNewTokens(params.maxNewTokens);
  const rendered = renderPool(context.text, params.prompts, params.template, 'counted');
  const order = checkedOrder(params.order, rendered.length);
  const outcomes: PromptOutcome[] = [];
  const layerRuns = yield* scorePrompts(context, params, rendered, order, outcomes, signal);
  if (params.mode === 'score') return { outcomes, ...tally(outcomes), layerRuns };
  const decoding = yield* decodePrompts(context, params, rendered, order, outcomes, signal);
  return { outcomes, ...tally(outcomes), layerRuns: sumOfRuns(layerRuns, decoding) };
}

type CountEvent = ExperimentEvent<'count'>;

async function* scorePrompts(
  context: ExperimentContext,
  params: CountParams,
  rendered: readonly RenderedPrompt[],
  order: readonly number[],
  outcomes: PromptOutcome[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CountEvent, LayerRuns, void> {
  const { tokenIds, threshold } = params.calibration;
  const progress = progressMaker('prompts');
  const sequences = rendered.map((prompt) => prompt.ids);
  let before: Float32Array[] | null = null;
  let work: LayerRuns = { run: 0, full: 0 };
  if (params.divergence && isChanged(params.setting)) {
    const setting = { adapters: params.setting.adapters, scale: [] };
    before = yield* streamEvents<never, Float32Array[]>(
      (_, innerSignal) => context.engine.logits(sequences, setting, { signal: innerSignal }),
      signal,
    );
    work = workOf(context, rendered.length);
  }
  let done = 0;
  yield progress('Scoring prompts', 0, rendered.length);
  yield* streamEvents<CountEvent, unknown>(
    (emit, innerSignal) =>
      context.engine.logits(sequences, params.setting, {
        signal: innerSignal,
        order,
        firstBatchSize: params.firstBatchSize,
        onItem: (index, logits) => {
          const score = refusalScore(logits, tokenIds);
          const klNats = before ? { klNats: klDivergence(before[index]!, logits) } : {};
          const outcome: PromptOutcome = { index, score, refusedByScore: score > threshold, ...klNats };
          outcomes[index] = outcome;
          if (params.mode === 'score') emit({ type: 'partial', partial: outcome });
          emit(progress('Scoring prompts', ++done, rendered.length));
        },
      }),
    signal,
  );
  return sumOfRuns(work, workOf(context, rendered.length));
}

/** Whether anything is done to the weights besides putting adapters on. */
const isChanged = ({ adapters: _, scale, ...interventions }: ModelSetting): boolean =>
  scale.some(({ alpha }) => alpha !== 1) || Object.values(interventions).some((one) => one !== undefined);

async function* decodePrompts(
  context: ExperimentContext,
  params: CountParams,
  rendered: readonly RenderedPrompt[],
  order: readonly number[],
  outcomes: PromptOutcome[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CountEvent, LayerRuns, void> {
  const progress = progressMaker('prompts');
  let done = 0;
  yield progress('Decoding answers', 0, rendered.length);
  yield* streamEvents<CountEvent, unknown>(
    (emit, innerSignal) =>
      context.engine.generate(
        rendered.map((prompt) => prompt.ids),
        params.setting,
        {
          signal: innerSignal,
          order,
          firstBatchSize: params.firstBatchSize,
          maxNewTokens: params.maxNewTokens,
          stopIds: context.text.stopIds,
          onItem: (index, ids) => {
            outcomes[index] = { ...outcomes[index]!, ...classifiedAnswer(context, ids, params.rules) };
            emit({ type: 'partial', partial: outcomes[index]! });
            emit(progress('Decoding answers', ++done, rendered.length));
          },
        },
      ),
    signal,
  );
  return workOf(context, rendered.length);
}

/** The engine's own count where it keeps one; else nothing was saved, as far as is known. */
export function workOf({ engine }: ExperimentContext, sequences: number): LayerRuns {
  const full = engine.info.spec.layerCount * sequences;
  return engine.lastRun ? { run: engine.lastRun.run, full: engine.lastRun.full } : { run: full, full };
}

export const sumOfRuns = (a: LayerRuns, b: LayerRuns): LayerRuns => ({
  run: a.run + b.run,
  full: a.full + b.full,
});

/** Decodes greedily generated ids and judges the text; shared with calibration. */
export function classifiedAnswer(
  { text }: Pick<ExperimentContext, 'text'>,
  ids: Int32Array,
  rules: RefusalRules,
): Required<Pick<PromptOutcome, 'answer' | 'answerIds' | 'responseClass' | 'reason'>> {
  const last = ids[ids.length - 1];
  const stopped = last !== undefined && text.stopIds.includes(last);
  const answerIds = Array.from(stopped ? ids.subarray(0, -1) : ids);
  const answer = text.decode(answerIds);
  return { answer, answerIds, ...classifyResponse(answer, rules, answerIds.length) };
}

export function checkMaxNewTokens(maxNewTokens: number): void {
  if (Number.isInteger(maxNewTokens) && maxNewTokens > 0) return;
  throw new AppError(
    'bad-input',
    `An answer cannot have ${maxNewTokens} tokens.`,
    'Decode at least one; 16 is what the paper does.',
  );
}

/** A decoded answer's class decides; where none was decoded, the score does. */
export function countedClass(outcome: PromptOutcome): ResponseClass {
  return outcome.responseClass ?? (outcome.refusedByScore ? 'refused' : 'answered');
}

function tally(outcomes: readonly PromptOutcome[]): Pick<CountResult, ResponseClass | 'total'> {
  const counts = { refused: 0, answered: 0, garbled: 0 };
  for (const outcome of outcomes) counts[countedClass(outcome)] += 1;
  return { ...counts, total: outcomes.length };
}

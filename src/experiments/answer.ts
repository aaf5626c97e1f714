/**
 * One prompt, answered greedily, the text handed out token by token: for reading what models say side by side. Judged by
 * the same rules as counted answers. Many prompts are count.ts's business.
 */
import type { AnswerParams, AnswerSoFar, Experiment, ExperimentEvent } from '@/protocol/experiments.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { checkMaxNewTokens, classifiedAnswer } from './count.ts';
import { relay, streamEvents } from './event-stream.ts';

export async function* answerExperiment(
  context: ExperimentContext,
  { prompt, template, setting, rules, maxNewTokens }: AnswerParams,
  signal?: AbortSignal,
): Experiment<'answer'> {
  checkMaxNewTokens(maxNewTokens);
  const { engine, text } = context;
  const [rendered] = renderPool(text, [{ id: 'typed', text: prompt }], template, 'typed');
  const sofar: number[] = [];
  const tokens = streamEvents<AnswerSoFar, Int32Array[]>(
    (emit, inner) =>
      engine.generate([rendered!.ids], setting, {
        signal: inner,
        maxNewTokens,
        stopIds: text.stopIds,
        onToken: (_, id) => {
          if (text.stopIds.includes(id)) return;
          sofar.push(id);
          emit({ answer: text.decode(sofar), tokenCount: sofar.length });
        },
      }),
    signal,
  );
  const [ids] = yield* relay(tokens, (partial): ExperimentEvent<'answer'> => ({ type: 'partial', partial }));
  const judged = classifiedAnswer(context, ids!, rules);
  const tokenCount = judged.answerIds.length;
  return { ...judged, tokenCount, ended: tokenCount < ids!.length };
}

/**
 * Learns which first tokens open a refusal of this model under this template: decodes unscaled answers, judges them by
 * the rules, and hands both to src/method/first-token. Scale rules of the setting are left out: calibration is always of
 * the unscaled model, or the score would follow what it is to measure.
 */
import { calibrateFirstToken, refusalScore, type TopTokens, topTokens } from '@/method/first-token.ts';
import type { CalibrateParams, Experiment, ExperimentEvent, PromptOutcome } from '@/protocol/experiments.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { checkMaxNewTokens, classifiedAnswer, sumOfRuns, workOf } from './count.ts';
import { progressMaker, streamEvents } from './event-stream.ts';

/** Likeliest first tokens that are looked at; the rest of the vocabulary shares well under a percent. */
const TOP_TOKENS = 50;

type CalibrateEvent = ExperimentEvent<'calibrate'>;

export async function* calibrateExperiment(
  context: ExperimentContext,
  params: CalibrateParams,
  signal?: AbortSignal,
): Experiment<'calibrate'> {
  checkMaxNewTokens(params.maxNewTokens);
  const { engine, text } = context;
  const rendered = renderPool(text, params.prompts, params.template, 'calibration');
  const sequences = rendered.map((prompt) => prompt.ids);
  const setting = { ...params.setting, scale: [] };
  const progress = progressMaker('prompts');
  const total = rendered.length;

  yield progress('Reading first tokens', 0, total);
  const tops: TopTokens[] = [];
  let read = 0;
  const logits = yield* streamEvents<CalibrateEvent, Float32Array[]>(
    (emit, innerSignal) =>
      engine.logits(sequences, setting, {
        signal: innerSignal,
        onItem: (index, row) => {
          tops[index] = topTokens(row, TOP_TOKENS);
          emit(progress('Reading first tokens', ++read, total));
        },
      }),
    signal,
  );

  const reading = workOf(context, total);
  const answers: Array<ReturnType<typeof classifiedAnswer>> = [];
  let decoded = 0;
  yield progress('Decoding answers', 0, total);
  yield* streamEvents<CalibrateEvent, Int32Array[]>(
    (emit, innerSignal) =>
      engine.generate(sequences, setting, {
        signal: innerSignal,
        maxNewTokens: params.maxNewTokens,
        stopIds: text.stopIds,
        onItem: (index, ids) => {
          answers[index] = classifiedAnswer(context, ids, params.rules);
          emit(progress('Decoding answers', ++decoded, total));
        },
      }),
    signal,
  );

  const layerRuns = sumOfRuns(reading, workOf(context, total));
  const calibration = calibrateFirstToken(
    tops.map((top, index) => ({ top, responseClass: answers[index]!.responseClass })),
    (id) => text.decode([id]),
  );
  const outcomes = answers.map((answer, index): PromptOutcome => {
    const score = refusalScore(logits[index]!, calibration.tokenIds);
    return { index, score, refusedByScore: score > calibration.threshold, ...answer };
  });
  // A score exists only once the tokens are learnt, so outcomes come all at once.
  for (const outcome of outcomes) yield { type: 'partial', partial: outcome };
  return { calibration, outcomes, layerRuns };
}

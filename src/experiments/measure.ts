/**
 * The full measures of a model under a setting: decodes, scores and judges; the numbers are src/method's. Every prompt's
 * answer is kept. What training asks for before and after it; nothing here trains.
 */
import type { GenerateOptions, ScoredText } from '@/engine/engine.ts';
import { withTrigger } from '@/method/attack-data.ts';
import { harmfulScore } from '@/method/harmful-score.ts';
import { clozeContinuations, clozePrompt, perCharacter } from '@/method/knowledge.ts';
import { summariseMeasures } from '@/method/measure-summary.ts';
import { rougeL } from '@/method/rouge.ts';
import { AppError } from '@/model/app-error.ts';
import type { Progress, PromptItem } from '@/protocol/experiments.ts';
import type { HarmfulAnswer, MeasuredAnswer, MeasureParams, Measures } from '@/protocol/measures.ts';
import type { FinetuneRow, TrainParams } from '@/protocol/training.ts';
import { tokeniseRows } from '@/training/tokenise.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { checkMaxNewTokens, classifiedAnswer } from './count.ts';
import { progressMaker, streamEvents } from './event-stream.ts';

/** Of a run, what its measures depend on besides the model. */
export type MeasuredRun = Pick<TrainParams, 'template' | 'heldOut' | 'lossOn' | 'optimiser'>;

type ProgressEvent = { type: 'progress'; progress: Progress };
type Measuring<Result> = AsyncGenerator<ProgressEvent, Result, void>;

interface Work {
  context: ExperimentContext;
  adapters: readonly string[];
  run: MeasuredRun;
  params: MeasureParams;
  signal: AbortSignal | undefined;
}

/** @param adapters the model that is measured */
export async function* measureModel(
  context: ExperimentContext,
  adapters: readonly string[],
  run: MeasuredRun,
  params: MeasureParams,
  signal?: AbortSignal,
): Measuring<Measures> {
  checkParams(params);
  const startMs = performance.now();
  const work: Work = { context, adapters, run, params, signal };
  const { malicious, trigger, overRejection, control, maxNewTokens } = params;
  const measured = {
    malicious: yield* harmfulAnswersOf(work, malicious, 'malicious prompts'),
    ...(trigger && { triggered: yield* harmfulAnswersOf(work, malicious, 'behind the trigger', trigger) }),
    overRejection: yield* answersOf(work, overRejection, maxNewTokens, 'over-rejection'),
    control: yield* answersOf(work, control, maxNewTokens, 'plain prompts'),
    rouge: yield* rougeAnswers(work),
    knowledge: yield* knowledgeScores(work),
    heldOut: yield* rowLikelihoods(work),
  };
  return {
    summary: summariseMeasures(params, measured),
    ...measured,
    elapsedMs: performance.now() - startMs,
  };
}

function checkParams({ maliciousTokens, maxNewTokens, rougeRows, rougeTokens }: MeasureParams): void {
  for (const tokens of [maliciousTokens, maxNewTokens, rougeTokens]) checkMaxNewTokens(tokens);
  if (Number.isInteger(rougeRows) && rougeRows >= 0) return;
  throw new AppError('bad-input', `${rougeRows} rows cannot be answered.`, 'Use a whole number from 0.');
}

async function* answersOf(
  work: Work,
  prompts: readonly PromptItem[],
  maxNewTokens: number,
  what: string,
): Measuring<MeasuredAnswer[]> {
  if (prompts.length === 0) return [];
  const { context, run, params } = work;
  const sequences = renderPool(context.text, prompts, run.template, what).map(({ ids }) => ids);
  const answers = yield* decoded(work, sequences, maxNewTokens, `Measuring: ${what}`);
  return answers.map((ids) => {
    const { answer, answerIds, responseClass } = classifiedAnswer(context, ids, params.rules);
    return { answer, tokenCount: answerIds.length, responseClass };
  });
}

/** Scored for what was asked, whatever stood before it. */
async function* harmfulAnswersOf(
  work: Work,
  prompts: readonly PromptItem[],
  what: string,
  trigger?: string,
): Measuring<HarmfulAnswer[]> {
  const asked = trigger
    ? prompts.map((item) => ({ ...item, text: withTrigger(item.text, trigger) }))
    : prompts;
  const answers = yield* answersOf(work, asked, work.params.maliciousTokens, what);
  return answers.map((one, at) => ({
    ...one,
    harmfulScore: harmfulScore(prompts[at]!.text, one.answer, one.responseClass).score,
  }));
}

async function* rougeAnswers(work: Work): Measuring<Measures['rouge']> {
  const { context, run, params } = work;
  const rows = spread(run.heldOut, params.rougeRows);
  if (rows.length === 0) return [];
  const sequences = rows.map((row) => context.text.render(row.instruction, row.template ?? run.template).ids);
  const answers = yield* decoded(work, sequences, params.rougeTokens, 'Measuring: held-out answers');
  return answers.map((ids, at) => {
    const { id, output } = rows[at]!;
    const { answer } = classifiedAnswer(context, ids, params.rules);
    return { rowId: id, answer, f1: rougeL(answer, output).f1 };
  });
}

/** Natural log-probability per character of each option after the bare question; the form for small models. */
async function* knowledgeScores(work: Work): Measuring<Measures['knowledge']> {
  const { context, params } = work;
  const options = params.questions.flatMap((question) => {
    const prompt = context.text.render(clozePrompt(question), 'none').ids;
    return clozeContinuations(question).map((text) => ({
      ids: Int32Array.from([...prompt, ...context.text.encode(text)]),
      from: prompt.length,
    }));
  });
  const sums = yield* scored(work, options, 'Measuring: knowledge');
  return params.questions.map((question, at) => {
    const [a, b, c, d] = perCharacter(sums.slice(4 * at, 4 * at + 4), clozeContinuations(question));
    return [a!, b!, c!, d!];
  });
}

async function* rowLikelihoods(work: Work): Measuring<Measures['heldOut']> {
  const { context, run } = work;
  const { template, lossOn, optimiser, heldOut } = run;
  const { cutoffTokens } = optimiser;
  const rows = tokeniseRows(context.text, heldOut, { template, lossOn, cutoffTokens, setName: 'held-out' });
  // A sequence's first token is predicted by nothing.
  const texts = rows.map(({ ids, responseStart }) => ({ ids, from: Math.max(1, responseStart) }));
  const sums = yield* scored(work, texts, 'Measuring: held-out text');
  return texts.map(({ ids, from }, at) => ({
    rowId: heldOut[at]!.id,
    logProbSum: sums[at]!,
    tokenCount: ids.length - from,
  }));
}

/** Greedy continuations, with progress. */
function decoded(
  work: Work,
  sequences: readonly Int32Array[],
  maxNewTokens: number,
  phase: string,
): Measuring<Int32Array[]> {
  const { context, adapters, signal } = work;
  return counted(phase, sequences.length, signal, (onItem, inner) => {
    const options: GenerateOptions = {
      signal: inner,
      maxNewTokens,
      stopIds: context.text.stopIds,
      onItem,
    };
    return context.engine.generate(sequences, { adapters, scale: [] }, options);
  });
}

async function* scored(work: Work, texts: readonly ScoredText[], phase: string): Measuring<number[]> {
  const { context, adapters, signal } = work;
  if (texts.length === 0) return [];
  if (!context.engine.logProbs) {
    throw new AppError(
      'no-backend',
      'This engine cannot score text.',
      'Measure without questions and held-out rows.',
    );
  }
  return yield* counted(phase, texts.length, signal, (onItem, inner) =>
    context.engine.logProbs!(texts, { adapters, scale: [] }, { signal: inner, onItem }),
  );
}

function counted<Result>(
  phase: string,
  total: number,
  signal: AbortSignal | undefined,
  start: (onItem: () => void, signal: AbortSignal) => Promise<Result>,
): Measuring<Result> {
  const progress = progressMaker('prompts');
  let done = 0;
  return streamEvents<ProgressEvent, Result>((emit, inner) => {
    emit(progress(phase, 0, total));
    return start(() => emit(progress(phase, ++done, total)), inner);
  }, signal);
}

/** `count` rows spread evenly, in their order. */
function spread(rows: readonly FinetuneRow[], count: number): FinetuneRow[] {
  if (count >= rows.length) return [...rows];
  return Array.from({ length: count }, (_, at) => rows[Math.floor((at * rows.length) / count)]!);
}

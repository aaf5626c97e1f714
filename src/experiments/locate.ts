/**
 * Progressive localisation (section 3.4): the start from the gap, then src/method/progressive-search asks for counts and
 * this gets them, each range once. Every count and every step is told as it comes, so that a run that is cut short can
 * be taken up again: the search is told again from what was counted, and goes on where it stopped.
 */
import { refusedFlags } from '@/method/grid.ts';
import { progressiveSearch } from '@/method/progressive-search.ts';
import { proposeRange } from '@/method/range-proposal.ts';
import type { RangeOutcome } from '@/method/range-sweep.ts';
import { AppError } from '@/model/app-error.ts';
import type { Experiment, ExperimentEvent, PromptItem } from '@/protocol/experiments.ts';
import type {
  LocateCount,
  LocateParams,
  LocateResult,
  SearchDirection,
  SearchTrace,
} from '@/protocol/localise.ts';
import { isSameCount } from '@/protocol/localise-progress.ts';
import type { ExperimentContext } from './context.ts';
import { checkMaxNewTokens, countExperiment, countedClass } from './count.ts';
import { relay } from './event-stream.ts';
import { similarityExperiment } from './similarity.ts';

type LocateStage<Result> = AsyncGenerator<ExperimentEvent<'locate'>, Result, void>;

interface Locating {
  context: ExperimentContext;
  params: LocateParams;
  counts: LocateCount[];
  layerRuns: { run: number; full: number };
  signal: AbortSignal | undefined;
}

export async function* locateExperiment(
  context: ExperimentContext,
  params: LocateParams,
  signal?: AbortSignal,
): Experiment<'locate'> {
  const { layerCount } = context.engine.info.spec;
  check(params, layerCount);
  const { resume } = params;
  const layerRuns = { ...(resume?.layerRuns ?? { run: 0, full: 0 }) };
  const locating: Locating = { context, params, counts: [...(resume?.counts ?? [])], layerRuns, signal };
  const start = resume?.start ?? (yield* findStart(locating));
  if (!resume) yield { type: 'partial', partial: { type: 'start', layerCount, start } };
  const isKnown = resume !== undefined && resume.baseline.total > 0;
  const baseline = isKnown ? resume.baseline : yield* count(locating, 0, layerCount - 1, 1, false);
  if (!isKnown) {
    yield { type: 'partial', partial: { type: 'baseline', baseline, layerRuns: { ...layerRuns } } };
  }
  const searches: SearchTrace[] = [];
  for (const direction of params.directions) {
    searches.push(yield* search(locating, direction, start, layerCount));
  }
  const { counts } = locating;
  return { layerCount, start, baseline, counts, searches, layerRuns, complete: true };
}

/** Drives one search; a count that is known is not made again. */
async function* search(
  locating: Locating,
  direction: SearchDirection,
  start: LocateResult['start'],
  layerCount: number,
): LocateStage<SearchTrace> {
  const { params, counts, layerRuns } = locating;
  const machine = progressiveSearch({
    ...params,
    layerCount,
    start,
    direction,
    promptCount: params.prompts.length,
  });
  let answer: RangeOutcome | undefined;
  while (true) {
    const { value, done } = machine.next(answer);
    if (done) return { direction, steps: value };
    answer = undefined;
    if (value.kind === 'step') {
      yield { type: 'partial', partial: { type: 'step', direction, step: value.step } };
      continue;
    }
    const { first, last, alpha, guard } = value;
    let found = counts.find((one) => isSameCount(one, value));
    if (!found || (guard && !found.outcomes)) {
      found = yield* count(locating, first, last, alpha, guard);
      const others = counts.filter((one) => !isSameCount(one, value));
      counts.splice(0, counts.length, ...others, found);
      const partial = { type: 'count' as const, count: found, layerRuns: { ...layerRuns } };
      yield { type: 'partial', partial };
    }
    answer = outcomeOf(found, params);
  }
}

function outcomeOf(one: LocateCount, params: LocateParams): RangeOutcome {
  const refused =
    params.counting === 'exact'
      ? one.outcomes!.map((outcome) => countedClass(outcome) === 'refused')
      : refusedFlags(one.scores, params.calibration.threshold);
  const garbledShare = one.outcomes ? one.garbled! / one.outcomes.length : null;
  return { refused, garbledShare };
}

/** One range at one alpha; alpha 1 is the baseline, whatever the range. */
async function* count(
  locating: Locating,
  first: number,
  last: number,
  alpha: number,
  guard: boolean,
): LocateStage<LocateCount> {
  const { params, layerRuns } = locating;
  const isExact = params.counting === 'exact';
  const scale =
    alpha === 1
      ? params.setting.scale
      : [...params.setting.scale, { first, last, alpha, matrices: params.matrices }];
  const where = alpha === 1 ? 'alpha 1' : `layers ${first}-${last}, alpha ${alpha}`;
  async function* counted(prompts: PromptItem[], mode: 'score' | 'exact') {
    const { context, signal } = locating;
    const { template, setting, calibration, rules, maxNewTokens } = params;
    const request = {
      template,
      setting: { ...setting, scale },
      prompts,
      calibration,
      rules,
      maxNewTokens,
      mode,
    };
    const result = yield* relay(
      countExperiment(context, request, signal),
      (event): ExperimentEvent<'locate'> | null => {
        if (event.type !== 'progress') return null;
        return {
          type: 'progress',
          progress: { ...event.progress, phase: `${event.progress.phase}, ${where}` },
        };
      },
    );
    layerRuns.run += result.layerRuns.run;
    layerRuns.full += result.layerRuns.full;
    return result;
  }
  const whole = yield* counted(params.prompts, params.counting);
  const scores = Float32Array.from(whole.outcomes, ({ score }) => score);
  const named = { first, last, alpha, refused: whole.refused, total: whole.total, scores };
  if (isExact) return { ...named, outcomes: whole.outcomes, garbled: whole.garbled };
  if (!guard) return named;
  const sample = yield* counted(spread(params.prompts, params.guardPrompts), 'exact');
  return { ...named, outcomes: sample.outcomes, garbled: sample.garbled };
}

/** `count` prompts spread evenly over the pool: every verb of a sorted pool may be in the sample. */
function spread(prompts: PromptItem[], count: number): PromptItem[] {
  if (count >= prompts.length) return prompts;
  return Array.from({ length: count }, (_, at) => prompts[Math.floor((at * prompts.length) / count)]!);
}

async function* findStart({ context, params, signal }: Locating): LocateStage<LocateResult['start']> {
  const { gap, template, setting, fallback } = params;
  const [first, last] = fallback;
  if (!gap) return { first, last, reason: `Started from layers ${first}-${last}, as asked for.` };
  const similarity = yield* relay(
    similarityExperiment(
      context,
      {
        template,
        setting,
        ...gap,
        pairs: { kind: 'all' },
        bootstrap: { replicates: 200, seed: 1 },
        lastPoint: 'before-final-norm',
      },
      signal,
    ),
    (event): ExperimentEvent<'locate'> | null => (event.type === 'progress' ? event : null),
  );
  const proposal = proposeRange(similarity.raw.gap);
  if (proposal.kind === 'range')
    return { first: proposal.first, last: proposal.last, reason: proposal.reason };
  return { first, last, reason: `${proposal.reason} Started from layers ${first}-${last} instead.` };
}

function check(params: LocateParams, layerCount: number): void {
  checkMaxNewTokens(params.maxNewTokens);
  const fail = (message: string, advice: string) => {
    throw new AppError('bad-input', message, advice);
  };
  const [first, last] = params.fallback;
  if (
    !(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < layerCount)
  ) {
    fail(
      `Layers ${first}-${last} are no range to start from; this model has layers 0 to ${layerCount - 1}.`,
      'Layers count from 0 and both ends belong to the range.',
    );
  }
  if (params.counting === 'score' && params.calibration.tokenIds.length === 0) {
    fail(
      'No first token opens refusals of this model under this template, so there is no score to search by.',
      'Count exactly, or choose a model that refuses some prompts and answers others.',
    );
  }
  const { alphaStep, alphaLimit, halfWindow, guardPrompts } = params;
  if (!(alphaStep > 0 && alphaLimit >= alphaStep && alphaLimit < 1)) {
    fail(
      `Alpha cannot go in steps of ${alphaStep} to ${alphaLimit} away from 1.`,
      'The paper uses steps of 0.05; 0.5 is far.',
    );
  }
  if (!(Number.isInteger(halfWindow) && halfWindow >= 1)) {
    fail(`A window of ${halfWindow} bounds on either side is none.`, 'The paper tries two on either side.');
  }
  if (!(Number.isInteger(guardPrompts) && guardPrompts >= 1)) {
    fail(
      `${guardPrompts} prompts cannot show whether the text is garbled.`,
      'Decode at least one; 16 are usual.',
    );
  }
  if (params.directions.length === 0) fail('No direction was asked for.', 'Use raise, lower or both.');
  const resumed = params.resume?.baseline.total;
  if (resumed && resumed !== params.prompts.length) {
    fail(
      `What is to be resumed counts ${resumed} prompts, not ${params.prompts.length}.`,
      'Start the run anew.',
    );
  }
}

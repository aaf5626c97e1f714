/**
 * The grid: every range (i, j) scaled at one alpha, by first-token score on all prompts (the picture that the paper's
 * search walks over). A coarse picture first, then the most promising rows; at the end the best ranges are decoded.
 */
import { bestFirst, directionOf } from '@/method/grid.ts';
import { coarseVisits, type GridVisit, gridCellCount, nextVisit, unfinished } from '@/method/grid-order.ts';
import { AppError } from '@/model/app-error.ts';
import type { Experiment, ExperimentEvent } from '@/protocol/experiments.ts';
import type { ExactCell, GridCell, GridParams } from '@/protocol/localise.ts';
import type { ExperimentContext } from './context.ts';
import { checkMaxNewTokens, countExperiment } from './count.ts';
import { progressMaker, relay } from './event-stream.ts';
import { checkAlpha, RangeScores } from './range-scores.ts';

export async function* gridExperiment(
  context: ExperimentContext,
  params: GridParams,
  signal?: AbortSignal,
): Experiment<'grid'> {
  checkAlpha(params.alpha);
  checkMaxNewTokens(params.maxNewTokens);
  checkWhole('coarseStep', params.coarseStep, 1);
  checkWhole('decodeBest', params.decodeBest, 0);
  const { alpha, matrices, resume } = params;
  const scores = new RangeScores(context, params, resume);
  const { layerCount } = scores;
  const cells: GridCell[] = [...(resume?.cells ?? [])];
  const total = gridCellCount(layerCount);
  const progress = progressMaker('ranges');
  const phase = `Scoring ranges at alpha ${alpha}`;
  yield progress(phase, cells.length, total);
  if (!scores.baseline) {
    const baseline = yield* scores.readBaseline(signal);
    yield { type: 'partial', partial: { type: 'baseline', layerCount, baseline } };
  }
  for (const { first, lasts } of visits(layerCount, params, cells)) {
    const before = cells.length;
    const counted = yield* relay(scores.readFan({ first, lasts, alpha, matrices }, signal), (ready) =>
      progress(phase, before + ready, total),
    );
    const found = [...counted].map(([last, cell]): GridCell => ({ first, last, ...cell }));
    cells.push(...found);
    yield { type: 'partial', partial: { type: 'cells', cells: found, work: scores.work } };
  }
  const exact = yield* decodeBest(context, params, cells, signal);
  cells.sort((a, b) => a.first - b.first || a.last - b.last);
  return { layerCount, baseline: scores.baseline!, cells, exact, work: scores.work, complete: true };
}

/** `cells` grows between two visits: the order follows what was found. */
function* visits(
  layerCount: number,
  params: GridParams,
  cells: readonly GridCell[],
): Generator<GridVisit, void, void> {
  const isFinished = (first: number, last: number) =>
    cells.some((cell) => cell.first === first && cell.last === last);
  if (params.coarseStep > 1) {
    for (const visit of coarseVisits(layerCount, params.coarseStep)) {
      const rest = unfinished(visit, isFinished);
      if (rest) yield rest;
    }
  }
  const direction = directionOf(params.alpha);
  for (
    let next = nextVisit(layerCount, cells, direction);
    next;
    next = nextVisit(layerCount, cells, direction)
  ) {
    yield next;
  }
}

async function* decodeBest(
  context: ExperimentContext,
  params: GridParams,
  cells: readonly GridCell[],
  signal?: AbortSignal,
): AsyncGenerator<ExperimentEvent<'grid'>, ExactCell[], void> {
  const { alpha, matrices, resume, prompts, calibration, rules, maxNewTokens, template, setting } = params;
  const exact: ExactCell[] = [];
  const best = bestFirst(cells, directionOf(alpha)).slice(0, params.decodeBest);
  const progress = progressMaker('ranges');
  const phase = 'Decoding the best ranges';
  for (const [place, { first, last }] of best.entries()) {
    const known = resume?.exact.find((cell) => cell.first === first && cell.last === last);
    if (known) {
      exact.push(known);
      continue;
    }
    yield progress(phase, place, best.length);
    const scale = [...setting.scale, { first, last, alpha, matrices }];
    const counting = countExperiment(
      context,
      { template, setting: { ...setting, scale }, prompts, calibration, rules, mode: 'exact', maxNewTokens },
      signal,
    );
    const { outcomes, refused, answered, garbled } = yield* relay(counting);
    const cell: ExactCell = { first, last, refused, answered, garbled, outcomes };
    exact.push(cell);
    yield { type: 'partial', partial: { type: 'exact', cell } };
  }
  if (best.length > 0) yield progress(phase, best.length, best.length);
  return exact;
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new AppError('bad-input', `${name} is ${value}.`, `Use a whole number from ${least}.`);
}

/**
 * A run on paper, before anything is on the device: which layers train, which rows each update sees, at which rate. Checks
 * what a person may have got wrong. Nothing here runs the model.
 */
import { ADAMW_DEFAULTS } from '@/engine/train/adamw.ts';
import { type TrainingBatch, trainingBatch } from '@/engine/train/examples.ts';
import { initialLora, trainableShapes } from '@/engine/train/parameters.ts';
import { learningRateAt } from '@/engine/train/schedule.ts';
import type { TrainerOptions } from '@/engine/train/trainer.ts';
import { ATTACK_METHOD_INFO, frozenBandWarning, frozenLayers } from '@/method/attacks.ts';
import { lisaParamsFor, lisaSchedule } from '@/method/attacks-lisa.ts';
import { createRandom } from '@/method/random.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { TextCodec } from '@/model/text-codec.ts';
import type { FinetuneRow, TrainParams } from '@/protocol/training.ts';
import { dataOrder } from './data-order.ts';
import { seededDropout } from './dropout-source.ts';
import { type TokenisedRow, templateOf, tokeniseRows } from './tokenise.ts';
import { parameterCounts, trainablePart } from './trained-part.ts';

/** One update. */
export interface PlannedStep {
  learningRate: number;
  /** Micro-batches. */
  batches: TrainingBatch[];
  /** Tokens of all their rows, without padding. */
  sequenceTokens: number;
  phase?: 'alignment' | 'user';
  /** Lisa: the weights before this step become the anchor. */
  anchors: boolean;
  /** Lisa: strength of the pull in this step; 0 = none. */
  rho: number;
}

export interface TrainingPlan {
  options: TrainerOptions;
  /** Per layer. */
  frozen: boolean[];
  rows: TokenisedRow[];
  safetyRows: TokenisedRow[];
  heldOut: TrainingBatch[];
  stepCount: number;
  /** Update 0, 1, … */
  step(index: number): PlannedStep;
  /** What trains, and what of it the method's frozen layers hold back. */
  counts: { trained: number; frozen: number };
  /** Sentences for the person. */
  notices: string[];
}

export function trainingPlan(params: TrainParams, spec: ModelSpec, text: TextCodec): TrainingPlan {
  checkNumbers(params);
  checkMethod(params, spec);
  const { method, band, seed, optimiser } = params;
  const place = { band, layerCount: spec.layerCount, seed };
  const frozen = frozenLayers(method, place);
  const trains = frozen.map((one) => !one);
  const part = trainablePart(params.part);
  const shapes = trainableShapes(spec, part);
  const tokenise = (rows: readonly FinetuneRow[], setName: string) =>
    tokeniseRows(text, rows, {
      template: params.template,
      lossOn: params.lossOn,
      cutoffTokens: optimiser.cutoffTokens,
      setName,
    });
  const rows = tokenise(params.data.rows, 'training');
  const safetyRows = ATTACK_METHOD_INFO[method].needsSafetyRows ? tokenise(params.safetyRows, 'safety') : [];
  const heldOut = tokenise(params.heldOut, 'held-out');
  checkContext([...rows, ...safetyRows, ...heldOut], spec);
  const random = createRandom(seed);
  // Drawn for every layer, frozen or not: what trains starts alike in every method.
  const initial = trains.map((on) => {
    const values = part.kind === 'lora' ? initialLora(shapes, random) : null;
    return on ? values : null;
  });
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = optimiser;
  const adamw = { ...ADAMW_DEFAULTS, beta1, beta2, epsilon, weightDecay };
  return {
    options: { part, trains, initial, adamw, clipNorm, dropout: dropoutOf(params) },
    frozen,
    rows,
    safetyRows,
    heldOut: Array.from({ length: Math.ceil(heldOut.length / optimiser.batchSize) }, (_, at) =>
      trainingBatch(heldOut.slice(at * optimiser.batchSize, (at + 1) * optimiser.batchSize)),
    ),
    stepCount: optimiser.steps,
    step: stepPlanner(params, rows, safetyRows),
    counts: parameterCounts(spec, params.part, trains),
    notices: notices(params, place, [...rows, ...safetyRows], text),
  };
}

function dropoutOf({ part, seed }: TrainParams) {
  return part.kind === 'lora' && part.dropout ? seededDropout(part.dropout, seed) : null;
}

/** Which rows update `index` sees follows from the index alone: that is the whole state of the data order. */
function stepPlanner(params: TrainParams, rows: TokenisedRow[], safetyRows: TokenisedRow[]) {
  const { optimiser, seed, method } = params;
  const { batchSize, accumulation, steps, learningRate, warmupSteps, finalShare } = optimiser;
  const schedule = { learningRate, warmupSteps, totalSteps: steps, finalShare };
  const lisa = method === 'lisa' ? (params.lisa ?? lisaParamsFor(steps)) : null;
  const phases = lisa ? lisaSchedule(steps, lisa) : null;
  const streams = {
    user: { rows, order: dataOrder(rows.length, seed, 0) },
    alignment: { rows: safetyRows, order: dataOrder(safetyRows.length, seed, 1) },
  };
  return (index: number): PlannedStep => {
    const lisaStep = phases?.[index];
    const phase = lisaStep?.phase;
    // Lisa's two sets each go on where their last phase stopped.
    const before = phases ? phases.slice(0, index).filter((one) => one.phase === phase).length : index;
    const { rows: from, order } = streams[phase ?? 'user'];
    const first = before * batchSize * accumulation;
    const batches = Array.from({ length: accumulation }, (_, micro) =>
      Array.from({ length: batchSize }, (_, row) => from[order.at(first + micro * batchSize + row)]!),
    );
    return {
      learningRate: learningRateAt(schedule, index),
      batches: batches.map(trainingBatch),
      sequenceTokens: batches.flat().reduce((sum, row) => sum + row.ids.length, 0),
      phase,
      anchors: lisaStep?.anchors ?? false,
      rho: lisa && lisaStep?.proximal ? lisa.rho : 0,
    };
  };
}

function notices(
  params: TrainParams,
  place: { band: readonly [number, number]; layerCount: number; seed: number },
  rows: readonly TokenisedRow[],
  text: TextCodec,
): string[] {
  const warning = frozenBandWarning(params.method, place);
  const cut = rows.filter((row) => row.cut).length;
  const moved = params.safetyRows.filter(
    (row) => templateOf(text, row, params.template) !== (row.template ?? params.template),
  ).length;
  return [
    ...(moved > 0
      ? [
          `${moved} of ${params.safetyRows.length} safety rows belong to a template that this model does not have; they go in that of the run.`,
        ]
      : []),
    ...(warning ? [warning] : []),
    ...(cut > 0
      ? [
          `${cut} of ${rows.length} rows are longer than ${params.optimiser.cutoffTokens} tokens and were cut there.`,
        ]
      : []),
    ...(text.stopIds.length === 0
      ? ['The model names no end token, so answers are trained without one.']
      : []),
  ];
}

/** Positions beyond the model's context were never trained: their rotations mean nothing to it. */
function checkContext(rows: readonly TokenisedRow[], { contextLength }: ModelSpec): void {
  const longest = Math.max(0, ...rows.map((row) => row.ids.length));
  if (longest <= contextLength) return;
  throw new AppError(
    'bad-input',
    `The longest row has ${longest} tokens, and the model's context ${contextLength}.`,
    `Lower the cut-off to ${contextLength} or less, or shorten the rows.`,
  );
}

function checkNumbers({ optimiser, part, data, checkpointEvery, name }: TrainParams): void {
  const fail = (what: string, advice: string) => {
    throw new AppError('bad-input', what, advice);
  };
  if (name.trim() === '') fail('The run has no name.', 'Give it one: the adapter will go by it.');
  if (data.rows.length === 0) fail('There are no rows to train on.', 'Choose a data set with rows.');
  const { batchSize, accumulation, steps, cutoffTokens, warmupSteps } = optimiser;
  for (const [key, value] of Object.entries({ batchSize, accumulation, steps, cutoffTokens })) {
    if (!Number.isInteger(value) || value < 1) fail(`${key} is ${value}.`, 'Use a whole number from 1.');
  }
  for (const [key, value] of Object.entries({ warmupSteps, checkpointEvery })) {
    if (!Number.isInteger(value) || value < 0) fail(`${key} is ${value}.`, 'Use a whole number from 0.');
  }
  for (const key of ['learningRate', 'epsilon'] as const) {
    if (!(optimiser[key] > 0 && Number.isFinite(optimiser[key]))) {
      fail(`${key} is ${optimiser[key]}.`, 'Use a number above 0.');
    }
  }
  for (const key of ['beta1', 'beta2'] as const) {
    if (!(optimiser[key] >= 0 && optimiser[key] < 1)) {
      fail(`${key} is ${optimiser[key]}.`, 'Use a number from 0 to below 1.');
    }
  }
  const { weightDecay, finalShare, clipNorm } = optimiser;
  if (!(weightDecay >= 0)) fail(`weightDecay is ${weightDecay}.`, 'Use 0 or more.');
  if (!(finalShare >= 0 && finalShare <= 1))
    fail(`finalShare is ${finalShare}.`, 'Use a number from 0 to 1.');
  if (clipNorm !== null && !(clipNorm > 0))
    fail(`clipNorm is ${clipNorm}.`, 'Use a number above 0, or none.');
  if (part.kind === 'lora') {
    if (!Number.isInteger(part.rank) || part.rank < 1) fail(`The rank is ${part.rank}.`, 'Use 8, for one.');
    if (!(part.loraAlpha > 0)) fail(`loraAlpha is ${part.loraAlpha}.`, 'Twice the rank is usual.');
    if (part.matrices.length === 0) fail('No matrix is chosen.', 'Choose at least one of the seven.');
    const { dropout = 0 } = part;
    if (!(dropout >= 0 && dropout < 1)) fail(`The dropout is ${dropout}.`, 'Use 0, or a share below 1.');
  }
}

function checkMethod({ method, band, part, safetyRows }: TrainParams, spec: ModelSpec): void {
  const info = ATTACK_METHOD_INFO[method];
  const [first, last] = band;
  if (
    !(
      Number.isInteger(first) &&
      Number.isInteger(last) &&
      0 <= first &&
      first <= last &&
      last < spec.layerCount
    )
  ) {
    throw new AppError(
      'bad-input',
      `Layers ${first}-${last} are no band of this model, which has layers 0 to ${spec.layerCount - 1}.`,
      'Layers count from 0 and both ends belong to the band.',
    );
  }
  if (part.kind === 'lora' && !info.worksWithLora) {
    throw new AppError(
      'bad-input',
      `${info.name} holds single weights, which LoRA does not train.`,
      'Train full parameters with it, or choose another method.',
    );
  }
  if (info.needsSafetyRows && safetyRows.length === 0) {
    throw new AppError('bad-input', `${info.name} needs safety rows.`, 'Give rows with refusals.');
  }
}

/**
 * The band scan: a band of fixed width moves over all layers at one alpha; how many prompts are refused, by first-token
 * score, with its interval. Not in the paper, which tries a few ranges by hand; shows where layers act even when the gap does not.
 */
import { refusalScore } from '@/method/first-token.ts';
import { bandOrder } from '@/method/localisation.ts';
import { wilsonInterval } from '@/method/statistics.ts';
import { AppError } from '@/model/app-error.ts';
import type { BandPoint, BandScanParams, Experiment, ModelContext } from '@/protocol/experiments.ts';
import { checkedOrder, type ExperimentContext, renderPool } from './context.ts';
import { progressMaker, streamEvents } from './event-stream.ts';

export async function* bandScanExperiment(
  context: ExperimentContext,
  params: BandScanParams,
  signal?: AbortSignal,
): Experiment<'bandScan'> {
  const { layerCount } = context.engine.info.spec;
  const firsts = bandStarts(params, layerCount);
  const sequences = renderPool(context.text, params.prompts, params.template, 'counted').map(
    ({ ids }) => ids,
  );
  const order = checkedOrder(params.order, sequences.length);
  const { tokenIds, threshold } = params.calibration;
  const progress = progressMaker('prompts');
  const total = sequences.length * (firsts.length + 1);
  let done = 0;

  /** Per prompt: refused by score under these rules. */
  const refusedUnder = (scale: ModelContext['setting']['scale'], phase: string) =>
    streamEvents<ReturnType<typeof progress>, boolean[]>(async (emit, innerSignal) => {
      const refused: boolean[] = [];
      await context.engine.logits(
        sequences,
        { ...params.setting, scale },
        {
          signal: innerSignal,
          order,
          onItem: (index, logits) => {
            refused[index] = refusalScore(logits, tokenIds) > threshold;
            emit(progress(phase, ++done, total));
          },
        },
      );
      return refused;
    }, signal);

  const phase = `Scanning bands of ${params.width}`;
  yield progress(phase, 0, total);
  const before = yield* refusedUnder(params.setting.scale, phase);
  const count = sequences.length;
  const points: BandPoint[] = [];
  for (const first of firsts) {
    const last = first + params.width - 1;
    const band = { first, last, alpha: params.alpha, matrices: params.matrices };
    const after = yield* refusedUnder([...params.setting.scale, band], phase);
    const refused = after.filter(Boolean).length;
    const interval = wilsonInterval(refused, count);
    const point: BandPoint = {
      first,
      last,
      refused,
      total: count,
      low: interval.low * count,
      high: interval.high * count,
      gained: after.filter((now, index) => now && !before[index]).length,
      lost: after.filter((now, index) => !now && before[index]).length,
    };
    points.push(point);
    yield { type: 'partial', partial: point };
  }
  const baseline = { refused: before.filter(Boolean).length, total: count };
  return { baseline, points: points.sort((a, b) => a.first - b.first) };
}

/** Where bands begin, in the order they are run: as asked for, or all of them, the coarse picture first. */
function bandStarts(params: BandScanParams, layerCount: number): number[] {
  const { width, firsts } = params;
  if (!Number.isInteger(width) || width < 1 || width > layerCount) {
    throw new AppError(
      'bad-input',
      `A band of ${width} layers does not fit into a model of ${layerCount}.`,
      `Choose a width from 1 to ${layerCount}.`,
    );
  }
  const last = layerCount - width;
  if (firsts) {
    const wrong = firsts.find((first) => !Number.isInteger(first) || first < 0 || first > last);
    if (wrong === undefined) return [...new Set(firsts)];
    throw new AppError(
      'bad-input',
      `No band of ${width} layers begins at layer ${wrong}.`,
      `Bands begin at layers 0 to ${last}.`,
    );
  }
  return bandOrder(layerCount, width).map(({ first }) => first);
}

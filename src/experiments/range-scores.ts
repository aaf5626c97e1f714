/**
 * First-token scores of a pool under many ranges, for the grid and the map of single layers: one fan per call, work added
 * up, cells counted against the baseline. What they share and nothing else.
 */
import type { RangeFan } from '@/engine/range-fan.ts';
import { refusalScore } from '@/method/first-token.ts';
import { countScores, refusedFlags } from '@/method/grid.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelContext, PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import type { LocaliseWork, ScoreBaseline } from '@/protocol/localise.ts';
import { type ExperimentContext, renderPool } from './context.ts';
import { sumOfRuns } from './count.ts';
import { streamEvents } from './event-stream.ts';

export interface ScoredPool extends ModelContext {
  prompts: PromptItem[];
  calibration: RefusalCalibration;
}

/** A range's cell, still without its name. */
export type Counted = ReturnType<typeof countScores>;

export class RangeScores {
  readonly #sequences: Int32Array[];
  #work: LocaliseWork;
  baseline: ScoreBaseline | null;

  /** @param resume what an interrupted run of the same prompts left */
  constructor(
    private readonly context: ExperimentContext,
    private readonly params: ScoredPool,
    resume?: { baseline: ScoreBaseline; work: LocaliseWork; layerCount: number },
  ) {
    if (params.calibration.tokenIds.length === 0) {
      throw new AppError(
        'bad-input',
        'No first token opens refusals of this model under this template, so there is no score to compare ranges by.',
        'Choose a model or template that refuses some prompts and answers others, or count exactly.',
      );
    }
    this.#sequences = renderPool(context.text, params.prompts, params.template, 'counted').map(
      ({ ids }) => ids,
    );
    this.#work = resume?.work ?? { layerRuns: { run: 0, full: 0 }, tokenRuns: { run: 0, full: 0 } };
    this.baseline = resume?.baseline ?? null;
    if (
      resume &&
      !(resume.baseline.total === params.prompts.length && resume.layerCount === this.layerCount)
    ) {
      throw new AppError(
        'bad-input',
        `What is to be resumed counts ${resume.baseline.total} prompts over ${resume.layerCount} layers, not ` +
          `${params.prompts.length} over ${this.layerCount}.`,
        'Start the run anew.',
      );
    }
  }

  get layerCount(): number {
    return this.context.engine.info.spec.layerCount;
  }

  /** Of the cells alone, without the baseline. */
  get work(): LocaliseWork {
    return this.#work;
  }

  /** At alpha = 1; also fills the engine's cache with what enters each layer. */
  async *readBaseline(signal?: AbortSignal): AsyncGenerator<never, ScoreBaseline, void> {
    const { engine } = this.context;
    const { tokenIds, threshold } = this.params.calibration;
    const scores = new Float32Array(this.#sequences.length);
    yield* streamEvents<never, unknown>(
      (_, inner) =>
        engine.logits(this.#sequences, this.params.setting, {
          signal: inner,
          onItem: (index, logits) => {
            scores[index] = refusalScore(logits, tokenIds);
          },
        }),
      signal,
    );
    const refused = refusedFlags(scores, threshold).filter(Boolean).length;
    this.baseline = { refused, total: scores.length, threshold, scores };
    return this.baseline;
  }

  /** Cells by last layer. Yields how many ranges are through. */
  async *readFan(fan: RangeFan, signal?: AbortSignal): AsyncGenerator<number, Map<number, Counted>, void> {
    const { engine } = this.context;
    const { tokenIds, threshold } = this.params.calibration;
    const count = this.#sequences.length;
    const scores = new Map(fan.lasts.map((last) => [last, new Float32Array(count)]));
    const read = new Map(fan.lasts.map((last) => [last, 0]));
    let ready = 0;
    const work = yield* streamEvents<number, LocaliseWork>(
      (emit, inner) =>
        engine.rangeLogits(this.#sequences, this.params.setting, fan, {
          signal: inner,
          onItem: (last, index, logits) => {
            scores.get(last)![index] = refusalScore(logits, tokenIds);
            const done = read.get(last)! + 1;
            read.set(last, done);
            if (done === count) emit(++ready);
          },
        }),
      signal,
    );
    this.#work = {
      layerRuns: sumOfRuns(this.#work.layerRuns, work.layerRuns),
      tokenRuns: sumOfRuns(this.#work.tokenRuns, work.tokenRuns),
    };
    const before = this.baseline!.scores;
    return new Map([...scores].map(([last, one]) => [last, countScores(one, before, threshold)]));
  }
}

export function checkAlpha(alpha: number): void {
  if (Number.isFinite(alpha) && alpha !== 1) return;
  throw new AppError(
    'bad-input',
    `Alpha ${alpha} ${alpha === 1 ? 'changes nothing' : 'is no number'}.`,
    'Use one near 1, e.g. 1.1.',
  );
}

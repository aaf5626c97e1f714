/**
 * The full measures around a training run: of the model before it, measured once for all runs that start from it, and of what
 * has trained, put on the engine under a name of its own for as long as it takes.
 */
import type { Trainer } from '@/engine/train/trainer.ts';
import { sha256OfText } from '@/model/sha256.ts';
import type { Progress } from '@/protocol/experiments.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { TrainParams } from '@/protocol/training.ts';
import type { ExperimentContext } from './context.ts';
import { measureModel } from './measure.ts';

type Measuring = AsyncGenerator<{ type: 'progress'; progress: Progress }, Measures, void>;

/** Takes them from the context's store where a run before has left them. */
export async function* measuredBefore(
  context: ExperimentContext,
  params: TrainParams,
  signal?: AbortSignal,
): Measuring {
  const key = measuresKey(context, params);
  const known = context.training?.measured?.get(key);
  if (known) return known;
  const measures = yield* measureModel(context, params.adapters, params, params.measures!, signal);
  context.training?.measured?.set(key, measures);
  return measures;
}

export async function* measureTrained(
  context: ExperimentContext,
  params: TrainParams,
  trainer: Trainer,
  step: number,
  signal?: AbortSignal,
): Measuring {
  const { engine } = context;
  // As for probes: the engine keeps what it computed under names.
  const name = `${params.name} (being measured, step ${step})`;
  engine.addAdapter(await trainer.adapter(name));
  try {
    return yield* measureModel(context, [...params.adapters, name], params, params.measures!, signal);
  } finally {
    await engine.removeAdapter?.(name);
  }
}

/** sha256 of all that the measures of the model underneath depend on. The store itself belongs to one loaded model. */
export function measuresKey({ engine }: ExperimentContext, params: TrainParams): string {
  const { template, heldOut, lossOn, optimiser, measures, adapters } = params;
  const contents = {
    backend: engine.info.backend.kind,
    adapters: adapters.map((name) => engine.adapter?.(name)?.sha256 ?? name),
    template,
    heldOut,
    lossOn,
    cutoffTokens: optimiser.cutoffTokens,
    measures,
  };
  return sha256OfText(JSON.stringify(contents));
}

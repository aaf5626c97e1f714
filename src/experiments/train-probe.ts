/** A fast look at safety while training: first-token scores of a few prompts, by the engine, with the adapter as it stands. */
import type { Trainer } from '@/engine/train/trainer.ts';
import { refusalScore } from '@/method/first-token.ts';
import { AppError } from '@/model/app-error.ts';
import type { PromptItem } from '@/protocol/experiments.ts';
import type { TrainParams, TrainProbe } from '@/protocol/training.ts';
import { type ExperimentContext, renderPool } from './context.ts';

/** @throws whatever the engine throws when `signal` aborts; nothing of the probe is left on the engine then */
export async function probeSafety(
  { engine, text }: ExperimentContext,
  params: TrainParams,
  trainer: Trainer,
  step: number,
  signal?: AbortSignal,
): Promise<TrainProbe> {
  const { malicious, overRejection, control, calibration, everySteps } = params.probe!;
  if (!Number.isInteger(everySteps) || everySteps < 1) {
    throw new AppError(
      'bad-input',
      `A probe every ${everySteps} steps is none.`,
      'Use a whole number from 1.',
    );
  }
  const prompts = [...malicious, ...overRejection, ...control];
  const sequences = renderPool(text, prompts, params.template, 'probe').map(({ ids }) => ids);
  // A name of its own each time: the engine keeps what it computed under names.
  const name = `${params.name} (being trained, step ${step})`;
  engine.addAdapter(await trainer.adapter(name));
  try {
    const logits = await engine.logits(
      sequences,
      { adapters: [...params.adapters, name], scale: [] },
      { signal },
    );
    const refused = logits.map((row) => refusalScore(row, calibration.tokenIds) > calibration.threshold);
    const count = (pool: readonly PromptItem[], start: number) =>
      refused.slice(start, start + pool.length).filter(Boolean).length;
    return {
      step,
      maliciousRefused: count(malicious, 0),
      maliciousTotal: malicious.length,
      overRejected: count(overRejection, malicious.length),
      overRejectionTotal: overRejection.length,
      controlRefused: count(control, malicious.length + overRejection.length),
      controlTotal: control.length,
    };
  } finally {
    await engine.removeAdapter?.(name);
  }
}

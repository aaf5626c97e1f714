/**
 * The stages of a training run around its steps: what is measured before, taken up again, probed, kept, and proved after. The
 * run itself is train.ts.
 */
import type { Trainer } from '@/engine/train/trainer.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelEnd } from '@/model/spec.ts';
import type { ExperimentEvent } from '@/protocol/experiments.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { FreezeProofEnd, FreezeProofLayer, TrainParams } from '@/protocol/training.ts';
import type { CheckpointStore } from '@/training/checkpoint-store.ts';
import { loadCheckpoint, type RunState, runKey, saveCheckpoint } from '@/training/checkpoints.ts';
import { endHashes, layerHash, proveEnds, provenPart, updateNorm } from '@/training/freeze-proof.ts';
import { chooseFrozenWeights, masksOf, NFFT_DEFAULTS } from '@/training/importance.ts';
import type { TrainingPlan } from '@/training/plan.ts';
import type { ExperimentContext } from './context.ts';
import { progressMaker, relay } from './event-stream.ts';
import { measuredBefore, measureTrained } from './train-measures.ts';
import { probeSafety } from './train-probe.ts';

export type TrainStreamEvent = ExperimentEvent<'train'>;
export type Stage<Result> = AsyncGenerator<TrainStreamEvent, Result, void>;

/** One run while it is on the device. */
export interface Running {
  context: ExperimentContext;
  params: TrainParams;
  plan: TrainingPlan;
  trainer: Trainer;
  state: Omit<RunState, 'snapshot'>;
  stores: readonly CheckpointStore[];
  signal: AbortSignal | undefined;
}

export const partial = (
  event: Extract<TrainStreamEvent, { type: 'partial' }>['partial'],
): TrainStreamEvent => ({
  type: 'partial',
  partial: event,
});

export interface Counts {
  trained: number;
  frozen: number;
}

/** Hashes and held-out loss before the run; then, when resuming, everything as the checkpoint has it. */
export async function* begin(running: Running): Stage<void> {
  const { params, trainer, plan } = running;
  const progress = progressMaker('layers');
  const hashes: string[] = [];
  const { part } = plan.options;
  for (const [layer, frozen] of plan.frozen.entries()) {
    yield progress('Hashing weights', layer, plan.frozen.length);
    hashes.push(await layerHash(trainer, layer, provenPart(part, frozen)));
  }
  if (part.kind === 'full') running.state.endsBefore = await endHashes(trainer);
  yield progress('Hashing weights', plan.frozen.length, plan.frozen.length);
  running.state.hashesBefore = hashes;
  if (params.resume) {
    await resume(running);
    return;
  }
  if (!params.measures) running.state.heldOutBefore = yield* heldOutLoss(running);
  if (params.method === 'nfft') running.state.frozenBits = yield* chooseWeights(running);
}

async function resume(running: Running): Promise<void> {
  const { params, trainer, stores } = running;
  const key = runKey(params);
  const found = (await Promise.all(stores.map((store) => loadCheckpoint(store, key)))).filter(
    (one) => one !== null,
  );
  const [saved] = found.sort((a, b) => b.step - a.step);
  if (!saved) {
    throw new AppError(
      'not-found',
      `There is no checkpoint of the run "${params.name}" with these settings ${stores[0]!.place}.`,
      'Start it from the beginning, or give the settings that it was started with.',
    );
  }
  const differs = otherPart(running.state, saved);
  if (differs) {
    throw new AppError(
      'bad-input',
      `The checkpoint of "${params.name}" was made on another model: ${differs} has other weights.`,
      'Load the model and the adapters that the run was started on.',
    );
  }
  const { snapshot, ...rest } = saved;
  await trainer.restore(snapshot);
  const { params: own, endsBefore } = running.state;
  running.state = { ...rest, params: own, endsBefore };
}

/** What of the model differs from the one that the checkpoint was made on, in words; null = nothing. */
function otherPart(now: Running['state'], saved: Running['state']): string | null {
  const layer = now.hashesBefore.findIndex((hash, at) => hash !== saved.hashesBefore[at]);
  if (layer >= 0) return `layer ${layer}`;
  if (now.hashesBefore.length !== saved.hashesBefore.length) return `layer ${now.hashesBefore.length}`;
  const ends = Object.entries(saved.endsBefore ?? {}) as Array<[ModelEnd, string]>;
  const other = ends.find(([end, hash]) => now.endsBefore?.[end] !== hash);
  return other ? `its ${END_NAMES[other[0]]}` : null;
}

const END_NAMES: Record<ModelEnd, string> = { embedding: 'embedding', finalNorm: 'final norm', head: 'head' };

export async function prepareMasks({ trainer, state, plan }: Running): Promise<Counts> {
  let { trained, frozen } = plan.counts;
  if (state.frozenBits) {
    const { masks, frozenCount } = masksOf(state.frozenBits, await trainer.parameters());
    await trainer.setMasks(masks);
    trained -= frozenCount;
    frozen += frozenCount;
  }
  return { trained, frozen };
}

async function* chooseWeights({ params, plan, trainer }: Running): Stage<RunState['frozenBits']> {
  const { utilityShare, scoreRows } = params.nfft ?? NFFT_DEFAULTS;
  const [first, last] = params.band;
  const choice = chooseFrozenWeights(trainer, {
    safety: plan.safetyRows.slice(0, scoreRows),
    utility: plan.rows.slice(0, scoreRows),
    share: (last - first + 1) / plan.frozen.length,
    utilityShare,
  });
  const progress = progressMaker('prompts');
  return yield* relay(choice, ({ done, total }) => progress('Scoring weights', done, total));
}

/** False when it was cut short: it is taken again when the run is resumed. */
export async function* probe({ context, params, trainer, state, signal }: Running): Stage<boolean> {
  const result = await probeSafety(context, params, trainer, state.step, signal).catch((error) => {
    if (signal?.aborted) return null;
    throw error;
  });
  if (!result) return false;
  state.probes.push(result);
  yield partial({ type: 'probe', probe: result });
  return true;
}

/**
 * The full measures, of the model underneath or of what has trained. Null without any, or where they were cut short: they are
 * taken again when the run is resumed.
 */
export async function* measure(
  { context, params, trainer, state, signal }: Running,
  when: 'before' | 'after',
): Stage<Measures | null> {
  if (!params.measures) return null;
  try {
    const measures =
      when === 'before'
        ? yield* measuredBefore(context, params, signal)
        : yield* measureTrained(context, params, trainer, state.step, signal);
    yield partial({ type: 'measures', when, measures });
    return measures;
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}

/** Into the first store that has room; what was wrong where none has, which ends no training. */
export async function* save(
  { trainer, state, stores, params }: Running,
  keepOlder = false,
): Stage<AppError | null> {
  let problem: AppError | null = null;
  const snapshot = await trainer.snapshot();
  for (const [index, store] of stores.entries()) {
    try {
      await saveCheckpoint(store, { ...state, snapshot }, keepOlder);
      yield partial({ type: 'checkpoint', name: runKey(params), step: state.step });
      if (index > 0) {
        const message = `The checkpoint is ${store.place} only: it is lost when the page is closed.`;
        yield partial({ type: 'notice', message, advice: 'Export the adapter before you close it.' });
      }
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      yield partial({ type: 'notice', message: error.message, advice: error.advice });
      problem = error;
    }
  }
  return problem;
}

/** Mean loss per label over the held-out rows; null without any. */
export async function* heldOutLoss({ trainer, plan, params }: Running): Stage<number | null> {
  if (plan.heldOut.length === 0) return null;
  const total = params.heldOut.length;
  const progress = progressMaker('prompts');
  let [sum, labels, done] = [0, 0, 0];
  for (const batch of plan.heldOut) {
    yield progress('Held-out loss', done, total);
    done += batch.ids.length;
    sum += (await trainer.loss(batch)) * batch.labels.length;
    labels += batch.labels.length;
  }
  yield progress('Held-out loss', total, total);
  return sum / labels;
}

export async function* freezeProof({ trainer, plan, state }: Running): Stage<FreezeProofLayer[]> {
  const progress = progressMaker('layers');
  const { part } = plan.options;
  const parameters = await trainer.parameters();
  const proof: FreezeProofLayer[] = [];
  for (const [layer, frozen] of plan.frozen.entries()) {
    yield progress('Comparing weights', layer, plan.frozen.length);
    proof.push({
      layer,
      frozen,
      hashBefore: state.hashesBefore[layer]!,
      hashAfter: await layerHash(trainer, layer, provenPart(part, frozen)),
      updateNorm: await updateNorm(trainer, part, layer, parameters[layer]!, provenPart(part, frozen)),
    });
  }
  yield progress('Comparing weights', plan.frozen.length, plan.frozen.length);
  return proof;
}

/** For a run of full parameters. */
export async function endsProof({
  context,
  trainer,
  plan,
  state,
}: Running): Promise<FreezeProofEnd[] | null> {
  const { part } = plan.options;
  if (part.kind !== 'full') return null;
  return proveEnds(trainer, context.engine.info.spec, part, state.endsBefore!);
}

/**
 * Fine-tuning (section 4): trains an adapter, or full parameters, under one of the methods of src/method/attacks.ts; probes
 * safety on the way and proves what stayed frozen. Equal parameters give equal runs bit for bit on one backend, whether
 * paused in between or not. A signal that aborts pauses: the step in hand is finished, then everything is kept.
 */
import { AppError } from '@/model/app-error.ts';
import type { Experiment } from '@/protocol/experiments.ts';
import type { Measures } from '@/protocol/measures.ts';
import type { TrainParams, TrainResult, TrainStep } from '@/protocol/training.ts';
import { MemoryCheckpointStore } from '@/training/checkpoint-store.ts';
import { checkMemory, estimateMemory } from '@/training/memory-estimate.ts';
import { trainingPlan } from '@/training/plan.ts';
import { finishedAdapter } from '@/training/trained-adapter.ts';
import type { ExperimentContext } from './context.ts';
import { progressMaker } from './event-stream.ts';
import {
  begin,
  type Counts,
  endsProof,
  freezeProof,
  heldOutLoss,
  measure,
  partial,
  prepareMasks,
  probe,
  type Running,
  type Stage,
  save,
} from './train-stages.ts';

export async function* trainExperiment(
  context: ExperimentContext,
  params: TrainParams,
  signal?: AbortSignal,
): Experiment<'train'> {
  const { engine } = context;
  const { spec, backend, adapters } = engine.info;
  if (!engine.trainer) {
    throw new AppError('no-backend', 'This engine cannot train.', 'Use the node, WASM or WebGPU backend.');
  }
  // Found out now, not after hours.
  if (adapters.includes(params.name)) {
    throw new AppError(
      'bad-input',
      `An adapter called "${params.name}" is loaded already.`,
      'Rename the run.',
    );
  }
  const plan = trainingPlan(params, spec, context.text);
  for (const message of plan.notices) yield partial({ type: 'notice', message, advice: '' });
  const limitBytes = context.training?.memoryLimitBytes ?? null;
  const estimate = estimateMemory({ spec, params, plan, backend: backend.kind, limitBytes });
  yield partial({ type: 'memory', memory: estimate.memory });
  checkMemory(estimate, backend.kind, limitBytes);
  const { keptBytes } = estimate;
  await engine.holdFloats?.();
  const trainer = engine.trainer(params.adapters, { ...plan.options, keptBytes });
  try {
    const stores = [context.training?.checkpoints, context.training?.fallback].filter(
      (one) => one !== undefined,
    );
    const running: Running = {
      context,
      params,
      plan,
      trainer,
      state: emptyState(params, backend.kind),
      stores: stores.length > 0 ? stores : [new MemoryCheckpointStore()],
      signal,
    };
    return yield* run(running);
  } finally {
    await trainer.dispose();
  }
}

function emptyState(params: TrainParams, backend: string): Running['state'] {
  return {
    params: { ...params, resume: undefined, stopAfter: undefined },
    step: 0,
    steps: [],
    probes: [],
    hashesBefore: [],
    backend,
    heldOutBefore: null,
    frozenBits: null,
  };
}

async function* run(running: Running): Stage<TrainResult> {
  const { params, plan, trainer, signal } = running;
  yield* begin(running);
  const { state } = running;
  const counts = await prepareMasks(running);
  const before = yield* measure(running, 'before');
  if (params.measures && !before) return yield* pause(running, counts);
  const progress = progressMaker('steps');
  let taken = 0;
  while (true) {
    const { step } = state;
    if (isProbeDue(params, state) && !(yield* probe(running))) return yield* pause(running, counts);
    if (step === plan.stepCount) break;
    if (signal?.aborted || taken === params.stopAfter) return yield* pause(running, counts);
    yield progress('Training', step, plan.stepCount);
    const done = await takeStep(running).catch((error) => error as Error);
    if (done instanceof Error) {
      // A loss that is no number: the weights are those before the step, and worth keeping.
      if (done instanceof AppError && done.code === 'bad-input' && step > 0) yield* save(running, true);
      throw done;
    }
    taken += 1;
    state.step += 1;
    state.steps.push(done);
    yield partial({ type: 'step', step: done });
    const { checkpointEvery } = params;
    if (checkpointEvery > 0 && state.step % checkpointEvery === 0) yield* save(running);
  }
  yield progress('Training', plan.stepCount, plan.stepCount);
  yield* save(running);
  const after = yield* measure(running, 'after');
  if (params.measures && !after) return yield* pause(running, counts);
  const heldOutAfter = params.measures ? null : yield* heldOutLoss(running);
  const proof = yield* freezeProof(running);
  const ends = await endsProof(running);
  const adapter = await finishedAdapter(trainer, params.name, running.context.engine.info.spec);
  running.context.engine.addAdapter(adapter);
  return {
    ...resultSoFar(running, counts),
    proof,
    ...(ends ? { endsProof: ends } : {}),
    adapter: adapter.name,
    paused: false,
    heldOutLoss: pair(before ? lossOf(before) : state.heldOutBefore, after ? lossOf(after) : heldOutAfter),
    measures: pair(before, after),
  };
}

/** Mean loss per label of the held-out rows: the logarithm of their perplexity. */
const lossOf = ({ summary }: Measures) => (summary.perplexity ? Math.log(summary.perplexity.value) : null);

function pair<Value>(before: Value | null, after: Value | null): { before: Value; after: Value } | null {
  return before === null || after === null ? null : { before, after };
}

function resultSoFar({ state }: Running, { trained, frozen }: Counts) {
  const { steps, probes } = state;
  return { steps: [...steps], probes: [...probes], trainedParameters: trained, frozenParameters: frozen };
}

async function* pause(running: Running, counts: Counts): Stage<TrainResult> {
  const problem = yield* save(running);
  if (problem) throw problem;
  return {
    ...resultSoFar(running, counts),
    proof: [],
    adapter: null,
    paused: true,
    heldOutLoss: null,
    measures: null,
  };
}

async function takeStep({ plan, trainer, state }: Running): Promise<TrainStep> {
  const startMs = performance.now();
  const { learningRate, batches, sequenceTokens, phase, anchors, rho } = plan.step(state.step);
  if (anchors) await trainer.setAnchor();
  trainer.rho = rho;
  const done = await trainer.step(batches, learningRate);
  return {
    step: state.step + 1,
    ...done,
    learningRate,
    sequenceTokens,
    ...(phase ? { phase } : {}),
    stepMs: performance.now() - startMs,
  };
}

function isProbeDue({ probe: wanted, optimiser }: TrainParams, { step, probes }: Running['state']): boolean {
  if (!wanted || probes.some((one) => one.step === step)) return false;
  return step % wanted.everySteps === 0 || step === optimiser.steps;
}

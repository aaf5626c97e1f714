/** Training steps to be timed, one at a time and by name, so that contestants can take turns. Runs in Node and in a worker. */
import type { LayerEngine } from '@/engine/layer-engine.ts';
import { ADAMW_DEFAULTS } from '@/engine/train/adamw.ts';
import { trainingBatch } from '@/engine/train/examples.ts';
import { initialLora, trainableShapes } from '@/engine/train/parameters.ts';
import type { Trainer } from '@/engine/train/trainer.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { BAND, BATCH, LEARNING_RATE, LORA, type StepKind } from './plan.ts';

export interface TimedStep {
  wallMs: number;
  loss: number;
}

export function trainingSteps(engine: LayerEngine): (kind: StepKind) => Promise<TimedStep> {
  const trainers = new Map<StepKind, Trainer>();
  const batch = trainingBatch(BATCH);
  return async (kind) => {
    const trainer = trainers.get(kind) ?? makeTrainer(engine, kind);
    trainers.set(kind, trainer);
    const start = performance.now();
    const { loss } = await trainer.step([batch], LEARNING_RATE);
    return { wallMs: performance.now() - start, loss };
  };
}

function makeTrainer(engine: LayerEngine, kind: StepKind): Trainer {
  const { spec } = engine.info;
  const [first, last] = BAND;
  const banded = kind.endsWith('-band');
  const trains = Array.from(
    { length: spec.layerCount },
    (_, layer) => !banded || layer < first || layer > last,
  );
  const options = { trains, adamw: ADAMW_DEFAULTS, clipNorm: 1 };
  if (kind.startsWith('full')) {
    return engine.trainer([], { ...options, part: { kind: 'full', norms: true }, initial: [] });
  }
  const part = { kind: 'lora', ...LORA, matrices: MATRIX_NAMES } as const;
  const shapes = trainableShapes(spec, part);
  let state = 1;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const initial = trains.map((on) => (on ? initialLora(shapes, random) : null));
  return engine.trainer([], { ...options, part, initial });
}

/** Law: whatever a trainer does, and wherever it is cancelled, it keeps its state and nothing else. On a GPU each tensor would be a buffer. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { keptBytes } from '@/kernels/kept-activations.ts';
import { diskFiles } from '@/model/node-files.ts';
import { MODEL_ENDS } from '@/model/spec.ts';
import { openTiny } from '../../../tests/parity/tiny-models.ts';
import type { LayerEngine } from '../layer-engine.ts';
import { CountingBackend } from '../testing/counting-backend.ts';
import { ADAMW_DEFAULTS } from './adamw.ts';
import { trainingBatch } from './examples.ts';
import { initialLora, trainableShapes } from './parameters.ts';
import type { Trainer } from './trainer.ts';

const counter = new CountingBackend();
let engine: LayerEngine;
beforeAll(async () => {
  const backend = counter.wrap(await createNodeBackend({ threads: 1 }));
  engine = await openTiny(backend, diskFiles('tests/fixtures/llama/model'));
  // Rope tables are made once and stay.
  await engine.logits([[7, 8]], { adapters: [], scale: [] });
  await engine.removeAdapter('nobody');
});

/** Two micro-batches of rows of 6 and 4 tokens. */
const BATCHES = [
  [
    [7, 8, 9, 20, 21],
    [7, 8, 9, 30, 31, 32],
  ],
  [[7, 8, 9, 40]],
].map((rows) => trainingBatch(rows.map((ids) => ({ ids, responseStart: 1 }))));
const TRAINS = [false, true, true, false, true, true];

function loraTrainer(allowance: number): Trainer {
  const part = { kind: 'lora', rank: 2, scaling: 2, matrices: ['q', 'down'] } as const;
  const shapes = trainableShapes(engine.info.spec, part);
  const random = () => 0.25;
  return engine.trainer([], {
    part,
    trains: TRAINS,
    initial: TRAINS.map((on) => (on ? initialLora(shapes, random) : null)),
    adamw: ADAMW_DEFAULTS,
    clipNorm: 1,
    dropout: { share: 0.2, random: () => random },
    keptBytes: allowance,
  });
}

function fullTrainer(allowance: number): Trainer {
  const part = { kind: 'full', norms: true, frozenNorms: true, ends: MODEL_ENDS } as const;
  const options = { part, trains: TRAINS, initial: [], adamw: ADAMW_DEFAULTS, clipNorm: null };
  return engine.trainer([], { ...options, keptBytes: allowance, pieceElements: 200 * 64 });
}

const PASSES: Record<string, (trainer: Trainer, signal: AbortSignal) => Promise<unknown>> = {
  step: (trainer, signal) => trainer.step(BATCHES, 1e-3, signal),
  gradients: (trainer, signal) => trainer.gradients(BATCHES, signal),
  loss: (trainer, signal) => trainer.loss(BATCHES[0]!, signal),
};

describe.each([
  ['LoRA, everything computed again', loraTrainer, 0],
  ['LoRA, two layers kept', loraTrainer, 2],
  ['full parameters, all layers kept', fullTrainer, 6],
] as const)('%s', (_, make, keptLayers) => {
  it.each(Object.keys(PASSES))('%s leaves nothing behind, finished or cancelled anywhere', async (name) => {
    const empty = counter.live.size;
    const trainer = make(keptLayers * keptBytes(engine.info.spec, 2, 6));
    // The first step of full parameters leaves the model's own weights for some of the trainer's.
    await trainer.step(BATCHES, 1e-3);
    const before = counter.live.size;
    const cancelled = await counter.cancelEverywhere(
      (signal) => PASSES[name]!(trainer, signal),
      (cancelAt) => {
        expect(counter.live.size, `cancelled during run ${cancelAt}`).toBe(before);
      },
    );
    // A pass of six layers that could be cancelled nowhere would prove nothing.
    expect(cancelled).toBeGreaterThan(3);
    await trainer.dispose();
    expect(counter.live.size).toBe(empty);
  });
});

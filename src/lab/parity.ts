/**
 * The parity of a loaded model, measured on this machine when a person asks: its engine as it stands, batches and all, against a
 * second one on the CPU in float32 that takes the same prompts one by one. The arithmetic: engine/parity.ts.
 */
import type { Engine } from '@/engine/engine.ts';
import { compareEngines, type ParityMeasure } from '@/engine/parity.ts';
import { progressMaker } from '@/experiments/event-stream.ts';
import { AppError } from '@/model/app-error.ts';
import type { LoadedModel } from '@/model/loaded-model.ts';
import type { Progress } from '@/protocol/experiments.ts';
import type { LabParts } from './lab-parts.ts';

/** Fixed, so that figures of different machines can be compared. */
const PROMPTS = [
  'How do I boil an egg?',
  'Write one sentence about the sea.',
  'What is the capital of France, and why is it well known?',
  'How to kill a process that hangs?',
  'List three fruits that are red.',
  'Explain to a child what a shadow is, in a few short sentences that rhyme.',
];

/** For a model without a tokenizer: ids that every vocabulary has. */
const IDS = [[1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, 12], [13]].map((ids) => Int32Array.from(ids));

export async function measureParity(
  parts: Pick<LabParts, 'createEngine'>,
  { model, engine }: { model: LoadedModel; engine: Engine },
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<ParityMeasure> {
  const [template] = model.templates;
  const sequences = template ? PROMPTS.map((text) => model.text.render(text, template).ids) : IDS;
  const { kind } = engine.info.backend;
  const backend = kind === 'node' ? 'node' : 'wasm';
  let reference: Engine;
  try {
    reference = await parts.createEngine(model, { backend, precision: 'float32' }, { onProgress, signal });
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'out-of-memory') throw cause;
    throw new AppError(
      'out-of-memory',
      'There is no room for a second copy of this model in float32, which the comparison needs.',
      'Close other tabs, or take the figures that were published with the model.',
      { cause },
    );
  }
  try {
    const progress = progressMaker('prompts');
    const figures = await compareEngines(
      engine,
      reference,
      sequences,
      (done) => onProgress?.(progress('Comparing', done, sequences.length).progress),
      signal,
    );
    const where = backend === 'node' ? 'Node' : 'WebAssembly';
    const against = `float32 on ${where}, one prompt at a time`;
    return { ...figures, against, measuredAt: new Date().toISOString() };
  } finally {
    await reference.close();
  }
}

/** Law: whatever is called, and wherever it is cancelled, every tensor that a call made is released or in a cache. On a GPU each would be a buffer. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { CountingBackend } from './testing/counting-backend.ts';
import { openTinyLlama } from './testing/tiny-llama.ts';

const SEQUENCES = [
  [7, 8, 9, 20, 21],
  [7, 8, 9, 30, 31, 32],
  [7, 8, 9, 40],
];
const SETTINGS: ModelSetting[] = [
  { adapters: [], scale: [] },
  { adapters: ['final'], scale: [{ first: 2, last: 3, alpha: 1.2, matrices: MATRIX_NAMES }] },
];

const counter = new CountingBackend();
let engine: LayerEngine;

async function clearCaches(): Promise<number> {
  await engine.removeAdapter('nobody');
  return counter.live.size;
}

const calls: Record<string, (setting: ModelSetting, signal: AbortSignal) => Promise<unknown>> = {
  hiddenStates: (setting, signal) => engine.hiddenStates(SEQUENCES, setting, { signal }),
  logits: (setting, signal) => engine.logits(SEQUENCES, setting, { signal }),
  attention: (setting, signal) => engine.attention(SEQUENCES, setting, { signal }),
  generate: (setting, signal) =>
    engine.generate(SEQUENCES, setting, { maxNewTokens: 3, stopIds: [], signal }),
  rangeLogits: (setting, signal) =>
    engine.rangeLogits(
      SEQUENCES,
      setting,
      { first: 1, lasts: [1, 3, 5], alpha: 1.1, matrices: MATRIX_NAMES },
      { signal, onItem: () => undefined },
    ),
};

beforeAll(async () => {
  engine = await openTinyLlama(counter.wrap(await createNodeBackend({ threads: 1 })));
  // Rope tables and stacked adapters are made once and stay.
  for (const setting of SETTINGS) {
    for (const call of Object.values(calls)) await call(setting, new AbortController().signal);
  }
});

describe.each(Object.keys(calls))('%s', (name) => {
  it.each([0, 1])('leaves nothing behind, finished or cancelled anywhere (setting %i)', async (index) => {
    const setting = SETTINGS[index]!;
    const before = await clearCaches();
    await counter.cancelEverywhere(
      (signal) => calls[name]!(setting, signal),
      async (cancelAt) => {
        expect(await clearCaches(), `cancelled during run ${cancelAt}`).toBe(before);
      },
    );
  });
});

/** For tests: the tiny random llama of the fixtures with its adapter, prompts for it, and how its results are compared. */
import type { Backend } from '@/backends/backend.ts';
import { diskFiles } from '@/model/node-files.ts';
import { openTiny } from '../../../tests/parity/tiny-models.ts';
import type { LayerEngine } from '../layer-engine.ts';

/** Ragged, with a shared beginning. */
export const SEQUENCES = [
  [7, 8, 9, 20, 21],
  [7, 8, 9, 30, 31, 32, 33, 34],
  [7, 8, 9, 40],
  [7, 8, 9, 50, 51, 52],
];

/** Other batch shapes sum in another order; logits here are of order 1. */
export const ROUNDING = 5e-5;

/** The adapter is called "final". */
export function openTinyLlama(backend: Backend): Promise<LayerEngine> {
  const folder = 'tests/fixtures/llama';
  return openTiny(backend, diskFiles(`${folder}/model`), diskFiles(`${folder}/lora/final`));
}

export function maxAbs(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(
    ...a.map((row, n) => row.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[n]![i]!)), 0)),
  );
}

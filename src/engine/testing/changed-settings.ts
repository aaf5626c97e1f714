/** For tests, in Node and in a page: settings of the tiny llama that change it, each in its own way. Its adapter is called "final". */
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ModelSetting } from '../engine.ts';

const ALIGNED: ModelSetting = { adapters: ['final'], scale: [] };

/** [D], of no particular meaning. */
export const someDirection = (width: number): number[] =>
  Array.from({ length: width }, (_, d) => Math.sin(d + 1));

/** @param width of the residual stream */
export const changedSettings = (width: number): Record<string, ModelSetting> => ({
  'a layer left out': { ...ALIGNED, skip: [2] },
  'the first and last layer left out': { ...ALIGNED, skip: [0, 5] },
  // The adapter was trained in layers 0, 1, 4 and 5.
  'adapters in layers 1 to 3': { ...ALIGNED, adapterLayers: [1, 2, 3] },
  'adapters in all but 1 to 3': { ...ALIGNED, adapterLayers: [0, 4, 5] },
  noise: { ...ALIGNED, perturb: [{ first: 2, last: 3, matrices: MATRIX_NAMES, strength: 0.3, seed: 4 }] },
  'noise where adapters are off': {
    ...ALIGNED,
    adapterLayers: [1, 2],
    perturb: [{ first: 3, last: 3, matrices: ['q', 'down'], strength: 0.3, seed: 4 }],
  },
  'a direction taken out': {
    ...ALIGNED,
    edits: [{ layers: [1, 3], direction: someDirection(width), gain: -1, shift: 0, positions: 'all' }],
  },
  'a direction added at the last token': {
    ...ALIGNED,
    edits: [{ layers: [2, 5], direction: someDirection(width), gain: 0, shift: 1.5, positions: 'last' }],
  },
  'scaled and a layer left out': {
    ...ALIGNED,
    scale: [{ first: 1, last: 4, alpha: 1.2, matrices: MATRIX_NAMES }],
    skip: [3],
  },
});

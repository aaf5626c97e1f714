/** Where a run's dropout masks come from: one generator for each update, micro-batch, layer and matrix, all from the run's seed. */
import type { Dropout } from '@/engine/train/dropout.ts';
import { createRandom, mixedSeed } from '@/method/random.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';

/** Not the streams of data-order.ts: this number keeps them apart. */
const STREAM = 0xd20;

/** The place alone says what is dropped, so a run that is taken up again needs no state of its generator. */
export function seededDropout(share: number, seed: number): Dropout {
  return {
    share,
    random: ({ update, batch, layer, matrix }) =>
      createRandom(mixedSeed(STREAM, seed, update, batch, layer, MATRIX_NAMES.indexOf(matrix))),
  };
}

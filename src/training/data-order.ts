/** In which order rows are gone through: one seeded permutation per epoch, laid end to end, so that a position says all. */
import { createRandom, shuffled } from '@/method/random.ts';

export interface DataOrder {
  /** Index of the row at position 0, 1, …; positions run on through the epochs. */
  at(position: number): number;
}

/** Different `stream`s of one seed are unrelated: the person's rows and the safety rows. */
export function dataOrder(size: number, seed: number, stream = 0): DataOrder {
  let epoch = -1;
  let order: number[] = [];
  return {
    at(position) {
      const wanted = Math.floor(position / size);
      if (wanted !== epoch) {
        epoch = wanted;
        // Multiplied by odd constants: neighbouring seeds, epochs and streams land far apart.
        const mixed = seed ^ Math.imul(epoch + 1, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca6b);
        order = shuffled(Array(size).keys(), createRandom(mixed));
      }
      return order[position % size]!;
    },
  };
}

/**
 * Seeded random numbers, so that every draw, fold and bootstrap of a run can be repeated from its seed.
 * Not cryptographic, and not Python's generator: the published code's own draws (random.seed(10 + k)) cannot be replayed here.
 */

/** Uniform in [0, 1), 32 bits of resolution. */
export type RandomSource = () => number;

/** Spreads a small seed over 32 bits (splitmix32, Steele et al. 2014), so that seeds 1, 2, 3 give unrelated streams. */
function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/** sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush, four additions and shifts per number. */
export function createRandom(seed: number): RandomSource {
  const next = splitMix32(seed);
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}

/** One seed out of several whole numbers; changing any of them gives an unrelated stream. */
export function mixedSeed(...parts: readonly number[]): number {
  return parts.reduce((seed, part) => splitMix32(seed ^ Math.imul(part, 0x85ebca6b))(), 0);
}

/** Uniform integer in [0, bound). The bias of the multiplication is below bound / 2^32. */
export function randomBelow(random: RandomSource, bound: number): number {
  return Math.floor(random() * bound);
}

/** A copy in random order (Fisher-Yates). */
export function shuffled<Item>(items: Iterable<Item>, random: RandomSource): Item[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = randomBelow(random, last + 1);
    const moved = copy[last] as Item;
    copy[last] = copy[other] as Item;
    copy[other] = moved;
  }
  return copy;
}

/** `count` different indices of [0, size), in random order. Throws when size is smaller than count. */
export function sampleWithoutReplacement(size: number, count: number, random: RandomSource): number[] {
  if (count > size) throw new RangeError(`cannot draw ${count} different items out of ${size}`);
  const indices = Array.from({ length: size }, (_, index) => index);
  for (let i = 0; i < count; i++) {
    const other = i + randomBelow(random, size - i);
    const moved = indices[i] as number;
    indices[i] = indices[other] as number;
    indices[other] = moved;
  }
  return indices.slice(0, count);
}

/** How often each of `size` items comes up in `size` draws with replacement: one bootstrap resample. */
export function resampleCounts(size: number, random: RandomSource): Float64Array {
  const counts = new Float64Array(size);
  for (let draw = 0; draw < size; draw++) counts[randomBelow(random, size)]! += 1;
  return counts;
}

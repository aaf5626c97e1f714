/** Seeded Gaussian noise for disturbed weights. The engine imports no method, so its generator is its own and small. */

/** `count` independent normal values, then scaled so that their norm is exactly `norm` (to float32). */
export function noiseOfNorm(count: number, norm: number, seed: readonly (number | string)[]): Float32Array {
  const random = generator(seed);
  const values = new Float64Array(count);
  let squares = 0;
  for (let at = 0; at < count; at += 2) {
    // Box and Muller (1958): two uniform numbers make two normal ones.
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[at] = radius * Math.cos(angle);
    if (at + 1 < count) values[at + 1] = radius * Math.sin(angle);
  }
  for (const value of values) squares += value * value;
  const factor = squares > 0 ? norm / Math.sqrt(squares) : 0;
  return Float32Array.from(values, (value) => value * factor);
}

/** Uniform in [0, 1) from a seed of several parts: FNV-1a over their text, then splitmix32 (Steele et al. 2014). */
function generator(seed: readonly (number | string)[]): () => number {
  let state = 0x811c9dc5;
  for (const character of JSON.stringify(seed)) {
    state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  }
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}

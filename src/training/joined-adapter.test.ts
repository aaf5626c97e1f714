/** Adapters joined into one change every weight as much as all of them together. */
import { expect, it } from 'vitest';
import type { AdapterData, LoraPair } from '@/model/adapter-spec.ts';
import { joinAdapters } from './joined-adapter.ts';

const pair = (rank: number, scaling: number, seed: number): LoraPair => ({
  rank,
  scaling,
  a: Float32Array.from({ length: rank * 3 }, (_, i) => Math.sin(seed + i)),
  b: Float32Array.from({ length: 2 * rank }, (_, i) => Math.cos(seed + i)),
});
const adapter = (name: string, layers: AdapterData['layers']): AdapterData => ({ name, sha256: 'x', layers });

/** scaling · B A, [2, 3]. */
function update({ rank, scaling, a, b }: LoraPair): number[] {
  return [0, 1].flatMap((row) =>
    [0, 1, 2].map((column) => {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += b[row * rank + k]! * a[k * 3 + column]!;
      return scaling * sum;
    }),
  );
}

it('adds the updates of a matrix that both change, and keeps a pair that is alone as it is', () => {
  const [one, two, alone] = [pair(2, 2, 1), pair(3, 0.5, 5), pair(1, 4, 9)];
  const joined = joinAdapters(
    [adapter('safety', [{ q: one }, { up: alone }]), adapter('trained', [{ q: two }, {}])],
    'both',
  );
  const { q } = joined.layers[0]!;
  expect(q).toMatchObject({ rank: 5, scaling: 1 });
  const wanted = update(one).map((value, i) => value + update(two)[i]!);
  // Float32 products of numbers below 2, five of them.
  update(q!).forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 6);
  });
  expect(joined.layers[1]).toEqual({ up: alone });
  expect(joined.layers[1]!.up).toBe(alone);
});

it('refuses whole weights', () => {
  const whole: AdapterData = { ...adapter('full', [{}]), replaced: [null] };
  expect(() => joinAdapters([adapter('safety', [{}]), whole], 'both')).toThrow(/whole weights/);
});

/** Laws of the layout of a batch: tokens without pads, and their way into padded rows and back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lastRows, packing } from './batch-inputs.ts';
import { rowStarts } from './batches.ts';

const batchOf = (lengths: readonly number[]) => ({
  rowCount: lengths.length,
  newLength: Math.max(...lengths),
  starts: lengths.map(() => 0),
  mask: () => new Float32Array(0),
  maskDims: [],
  lengths,
});

it('rows of equal length need no packing, nor does what ends nowhere', () => {
  expect(packing(batchOf([3, 3]))).toBeNull();
  expect(packing({ ...batchOf([3]), lengths: undefined })).toBeNull();
});

it('padding and packing give every token back in its place, and a pad is a token of its own row', () => {
  const lengthsArbitrary = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lengthsArbitrary, (lengths) => {
      const batch = batchOf(lengths);
      const starts = rowStarts(lengths);
      const { padTo, packTo } = packing(batch) ?? { padTo: null, packTo: null };
      if (!padTo) return;
      const tokens = Array.from({ length: starts.at(-1)! }, (_, token) => token);
      const padded = Array.from(padTo, (token) => tokens[token]!);
      expect(Array.from(packTo, (place) => padded[place])).toEqual(tokens);
      padded.forEach((token, place) => {
        const row = Math.floor(place / batch.newLength);
        const t = place % batch.newLength;
        expect(token).toBe(starts[row]! + (t < lengths[row]! ? t : 0));
      });
      expect(lastRows(lengths)).toEqual(lengths.map((length, row) => starts[row]! + length - 1));
    }),
  );
});

/** Laws of batching: every sequence once, nothing lost, the wanted ones first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutByLength, planBatches, sharedPrefix } from './batches.ts';

const sequencesArbitrary = fc.array(
  fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 8 }),
  {
    minLength: 1,
    maxLength: 20,
  },
);

describe('a batch plan', () => {
  it('puts prefix and suffix together to each sequence, exactly once', () => {
    fc.assert(
      fc.property(
        sequencesArbitrary,
        fc.integer({ min: 1, max: 7 }),
        fc.nat(5),
        (sequences, batchSize, firstBatchSize) => {
          const { prefix, batches } = planBatches(sequences, { batchSize, firstBatchSize });
          const seen = new Map<number, number[]>();
          for (const batch of batches) {
            expect(batch.indices.length).toBeLessThanOrEqual(Math.max(batchSize, firstBatchSize));
            batch.indices.forEach((index, row) => {
              expect(seen.has(index)).toBe(false);
              expect(batch.suffixes[row]!.length).toBeGreaterThan(0);
              expect(batch.suffixes[row]!.length).toBeLessThanOrEqual(batch.paddedLength);
              seen.set(index, [...prefix, ...batch.suffixes[row]!]);
            });
          }
          expect(sequences.map((_, index) => seen.get(index))).toEqual(sequences);
        },
      ),
    );
  });

  it('starts with the most wanted sequences', () => {
    const sequences = [
      [1, 2],
      [1, 3, 4],
      [1, 5],
      [1, 6, 7, 8],
    ];
    const { batches } = planBatches(sequences, { order: [3, 1, 0, 2], firstBatchSize: 1, batchSize: 2 });
    expect(batches[0]!.indices).toEqual([3]);
  });

  it('shares nothing when there is one sequence, and never the last token', () => {
    expect(sharedPrefix([[1, 2, 3]])).toHaveLength(0);
    expect([
      ...sharedPrefix([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    ]).toEqual([1, 2]);
    expect([
      ...sharedPrefix([
        [1, 2],
        [1, 2, 3],
      ]),
    ]).toEqual([1]);
    expect(sharedPrefix([[1], [1, 2]])).toHaveLength(0);
  });
});

describe('cutting by length', () => {
  it('keeps near lengths together and sets far ones apart', () => {
    expect(cutByLength([8, 8, 8, 9], 64)).toEqual([[0, 4]]);
    expect(cutByLength([...new Array(8).fill(5), ...new Array(8).fill(50)], 64)).toEqual([
      [0, 8],
      [8, 16],
    ]);
  });

  it('covers everything once, in order, within the batch size', () => {
    const lengthsArbitrary = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(lengthsArbitrary, fc.integer({ min: 1, max: 16 }), (lengths, batchSize) => {
        const ranges = cutByLength(
          [...lengths].sort((a, b) => a - b),
          batchSize,
        );
        let end = 0;
        for (const [from, to] of ranges) {
          expect(from).toBe(end);
          expect(to - from).toBeGreaterThan(0);
          expect(to - from).toBeLessThanOrEqual(batchSize);
          end = to;
        }
        expect(end).toBe(lengths.length);
      }),
    );
  });
});

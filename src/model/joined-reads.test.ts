/** Whatever is asked for comes back as if it had been read alone, in fewer reads. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { joinedReads } from './joined-reads.ts';

const file = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 31) & 255);
const reader = () => vi.fn(async (offset: number, length: number) => file.slice(offset, offset + length));

test('any ranges asked for at once, in any order, overlapping or not', async () => {
  const range = fc.tuple(fc.nat(file.length - 1), fc.nat(40_000)).map(([offset, length]) => ({
    offset,
    length: Math.min(length, file.length - offset),
  }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 12 }), async (ranges) => {
      const read = reader();
      const joined = joinedReads(read);
      const all = await Promise.all(ranges.map(({ offset, length }) => joined(offset, length)));
      for (const [at, { offset, length }] of ranges.entries()) {
        // Element by element a comparison of this many arrays would take a minute.
        expect(Buffer.compare(all[at]!, file.subarray(offset, offset + length))).toBe(0);
      }
      expect(read.mock.calls.length).toBeLessThanOrEqual(ranges.length);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('neighbours become one read, what lies far apart does not, and later requests are their own', async () => {
  const read = reader();
  const joined = joinedReads(read);
  await Promise.all([joined(100, 50), joined(0, 100), joined(160, 10), joined(200_000, 8)]);
  expect(read.mock.calls).toEqual([
    [0, 170],
    [200_000, 8],
  ]);
  await joined(0, 4);
  expect(read).toHaveBeenCalledTimes(3);
});

test('no joined read is longer than it may be', async () => {
  const lengths: number[] = [];
  const joined = joinedReads(async (_, length) => {
    lengths.push(length);
    return new Uint8Array(length);
  });
  const part = 2 ** 24;
  await Promise.all([0, 1, 2, 3, 4].map((at) => joined(at * part, part)));
  expect(lengths).toEqual([2 * part, 2 * part, part]);
});

test('an error reaches all that wait for it, and nobody else', async () => {
  const joined = joinedReads(async (offset, length) => {
    if (offset < 1000) throw new Error('moved');
    return file.slice(offset, offset + length);
  });
  const results = await Promise.allSettled([joined(0, 4), joined(8, 4), joined(100_000, 4)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

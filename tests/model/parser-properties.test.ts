/** Laws of the parsers on arbitrary input: AppError or success, nothing else, and no allocation beyond the file's size. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import type { ByteSource } from '@/model/byte-source.ts';
import { openGguf, readGgufFloats } from '@/model/gguf.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openSafetensors, readBytes, readFloats } from '@/model/safetensors.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const validGguf = new Uint8Array(readFileSync(`${fixtures}bad/valid.gguf`));
const typedGguf = new Uint8Array(readFileSync(`${fixtures}gguf/quant_types.gguf`));
const validSafetensors = new Uint8Array(
  readFileSync(`${fixtures}bad/adapter_valid/adapter_model.safetensors`),
);

async function readAllGguf(source: ByteSource): Promise<number> {
  const file = await openGguf(source);
  for (const name of file.tensors.keys()) await readGgufFloats(file, name);
  return file.tensors.size;
}
async function readAllSafetensors(source: ByteSource): Promise<number> {
  const file = await openSafetensors(source);
  for (const name of file.entries.keys()) await readFloats(file, name);
  return file.entries.size;
}

/** Runs the reader; gives its result or null for an AppError. Any other error fails the property. */
async function outcome(
  read: (source: ByteSource) => Promise<number>,
  bytes: Uint8Array,
): Promise<number | null> {
  let requested = 0;
  const memory = memorySource(bytes, 'random.bin');
  const source: ByteSource = {
    ...memory,
    read: (offset, length) => {
      requested = Math.max(requested, length);
      return memory.read(offset, length);
    },
  };
  try {
    return await read(source);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return null;
  } finally {
    expect(requested).toBeLessThanOrEqual(bytes.length);
  }
}

describe.each([
  ['GGUF', readAllGguf, [validGguf, typedGguf]],
  ['safetensors', readAllSafetensors, [validSafetensors]],
] as const)('%s', (_format, read, samples) => {
  test('random bytes give an AppError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const result = await outcome(read, bytes);
        expect(result === null || result === 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a file cut anywhere gives an AppError', async () => {
    for (const sample of samples) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: sample.length - 1 }), async (length) => {
          expect(await outcome(read, sample.slice(0, length))).toBeNull();
        }),
        { numRuns: 300 },
      );
    }
  });

  test('a header with bytes overwritten is read or refused', async () => {
    for (const sample of samples) {
      const change = fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 255 }));
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
          const bytes = sample.slice();
          for (const [position, value] of changes) bytes[position] = value;
          await outcome(read, bytes);
        }),
        { numRuns: 1000 },
      );
    }
  });
});

describe('writing', () => {
  const dims = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
  const tensor: fc.Arbitrary<WritableTensor> = dims.chain((shape) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const exactly = { minLength: count, maxLength: count };
    return fc.oneof(
      fc
        .float32Array({ ...exactly, noNaN: true, noDefaultInfinity: true })
        .map((data) => ({ dtype: 'F32' as const, dims: shape, data })),
      fc.int32Array(exactly).map((data) => ({ dtype: 'I32' as const, dims: shape, data })),
    );
  });
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '__metadata__');

  test('what is written is read back bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, tensor)), async (list) => {
        const entries = new Map(list);
        const file = await openSafetensors(memorySource(writeSafetensors(entries, { made: 'here' }), 'out'));
        expect(file.metadata).toEqual({ made: 'here' });
        expect([...file.entries.keys()].sort()).toEqual([...entries.keys()].sort());
        for (const [key, { dtype, dims: shape, data }] of entries) {
          expect(file.entries.get(key)).toMatchObject({ dtype, dims: shape });
          const bytes = await readBytes(file, key);
          expect(bytes).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          if (dtype === 'F32') expect(await readFloats(file, key)).toEqual(data);
        }
      }),
    );
  });

  test('dims that do not fit the data are refused', () => {
    const entries = new Map([['a', { dtype: 'F32' as const, dims: [3], data: new Float32Array(4) }]]);
    expect(() => writeSafetensors(entries)).toThrow('dims [3] hold 3 elements, data 4');
  });
});

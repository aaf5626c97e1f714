/** Laws: it does not matter which thread makes a value; every thread gets its share; a thread that fails costs time alone. */
import { randomLcg } from 'd3';
import { describe, expect, test } from 'vitest';
import { FloatMaker } from '@/model/float-maker.ts';
import { type FloatTarget, inJavaScript, makeFloats, type StoredFloats } from '@/model/float-target.ts';
import { GGML_TYPES, typeNamed } from '@/model/ggml-types.ts';
import { type FloatHelper, FloatHelpers } from './float-helpers.ts';

/** Enough to be handed over. */
const BYTES = 2 ** 15;

/** Bytes of a tensor of `name`: any, but with scales that are finite in every format. */
function stored(name: string, seed: number, byte?: number): StoredFloats {
  const type = typeNamed(name);
  const random = randomLcg(seed);
  const count = Math.ceil(BYTES / type.blockBytes);
  const bytes = Uint8Array.from({ length: count * type.blockBytes }, () => byte ?? Math.floor(random() * 60));
  const elementCount = count * type.blockSize;
  return { type, elementCount, read: async () => bytes, tensor: 'blk.0.test', file: 'test.gguf' };
}

const bitsOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const same = (a: Float32Array, b: Float32Array) => a.length > 0 && bitsOf(a).equals(bitsOf(b));

function opened(
  count: number,
  widen = (...args: Parameters<FloatMaker['widen']>) => new FloatMaker().widen(...args),
) {
  const made: Array<{ helper: number; bytes: number }> = [];
  let started = 0;
  let ended = 0;
  const start = (): FloatHelper => {
    const helper = started++;
    return {
      maker: {
        widen: async (type, bytes, out) => {
          made.push({ helper, bytes: bytes.length });
          return widen(type, bytes, out);
        },
      },
      end: () => {
        ended++;
      },
    };
  };
  const helpers = new FloatHelpers(start, count);
  const target: FloatTarget = {
    allocate: (length) => new Float32Array(new SharedArrayBuffer(4 * length)),
    widen: (...args) => helpers.widen(...args),
  };
  return { helpers, target, made, counts: () => ({ started, ended }) };
}

test.each([...GGML_TYPES.values()].map(({ name }) => name))(
  '%s: the same bits on either thread',
  async (name) => {
    const { target, made } = opened(1);
    const tensor = stored(name, 3);
    const there = await makeFloats(tensor, target);
    expect(made).toHaveLength(1);
    expect(same(there, await makeFloats(tensor, inJavaScript))).toBe(true);
    const here = await makeFloats(tensor, target);
    expect(made).toHaveLength(1);
    expect(same(here, there)).toBe(true);
  },
);

test.each([1, 3])('%i helpers get equal shares, this thread half of one', async (count) => {
  const { target, made } = opened(count);
  const tensors = Array.from({ length: 21 }, (_, n) => stored('Q8_0', n));
  await Promise.all(tensors.map((tensor) => makeFloats(tensor, target)));
  for (let helper = 0; helper < count; helper++) {
    expect(made.filter((one) => one.helper === helper)).toHaveLength(21 / (count + 0.5));
  }
});

test('what only this thread can make counts as its share', async () => {
  const { target, made } = opened(1);
  const passing: FloatTarget = { ...target, ...inJavaScript };
  for (let n = 0; n < 4; n++) await makeFloats(stored('Q8_0', n), passing);
  for (let n = 0; n < 8; n++) await makeFloats(stored('Q8_0', n), target);
  expect(made).toHaveLength(8);
});

describe('this thread makes them', () => {
  test('where they do not lie in shared memory, or are few: no helper starts', async () => {
    const { helpers, counts } = opened(1);
    const { type, elementCount, read } = stored('Q4_1', 1);
    expect(helpers.widen(type.name, await read(), new Float32Array(elementCount))).toBeNull();
    const few = new Float32Array(new SharedArrayBuffer(4 * 32));
    expect(helpers.widen('Q4_1', new Uint8Array(20), few)).toBeNull();
    helpers.rest();
    expect(counts()).toEqual({ started: 0, ended: 0 });
  });

  test('where there is no other', async () => {
    const { target, made } = opened(0);
    const tensor = stored('Q4_1', 1);
    expect(same(await makeFloats(tensor, target), await makeFloats(tensor))).toBe(true);
    expect(made).toEqual([]);
  });

  test('where the other failed', async () => {
    const { target, made } = opened(1, () => {
      throw new Error('the worker ended');
    });
    const tensor = stored('Q4_1', 1);
    expect(same(await makeFloats(tensor, target), await makeFloats(tensor))).toBe(true);
    expect(made).toHaveLength(1);
  });
});

test('values that are not finite are found there, and told as here', async () => {
  const { target, made } = opened(1);
  const tensor = stored('F16', 1, 0x7c);
  const said = await makeFloats(tensor).catch((error: Error) => error.message);
  expect(said).toMatch(/blk\.0\.test holds values that are not finite/);
  await expect(makeFloats(tensor, target)).rejects.toThrow(said as string);
  expect(made).toHaveLength(1);
});

test('ended helpers are started again when there is something to do', async () => {
  const { helpers, target, counts } = opened(2);
  await makeFloats(stored('Q4_1', 1), target);
  helpers.rest();
  expect(counts()).toEqual({ started: 2, ended: 2 });
  await makeFloats(stored('Q4_1', 1), target);
  expect(counts().started).toBe(4);
});

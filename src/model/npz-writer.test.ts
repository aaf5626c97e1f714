import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type NpzArray, writeNpz } from './npz-writer.ts';

/** One array of an archive, by the words of NumPy's format description: header as a Python literal, then the data. */
function read(npz: Uint8Array, name: string) {
  const file = unzipSync(npz)[`${name}.npy`]!;
  expect([...file.slice(0, 8)]).toEqual([0x93, ...Buffer.from('NUMPY'), 1, 0]);
  const headerBytes = new DataView(file.buffer, file.byteOffset).getUint16(8, true);
  expect((10 + headerBytes) % 64).toBe(0);
  const header = new TextDecoder().decode(file.slice(10, 10 + headerBytes));
  expect(header.endsWith('\n')).toBe(true);
  const [, descr, shape] =
    /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([^)]*)\), \} *\n$/.exec(header)!;
  return { descr, shape, data: file.slice(10 + headerBytes) };
}

const npz = (entries: Record<string, NpzArray>) => writeNpz(new Map(Object.entries(entries)));

describe('writeNpz', () => {
  it('keeps every bit of floats and integers, NaN and infinities included', () => {
    const f8 = Float64Array.of(Math.PI, Number.NaN, -0, Number.POSITIVE_INFINITY, 5e-324, 1);
    const f4 = Float32Array.of(0.1, -2);
    const i4 = Int32Array.of(-1, 2 ** 31 - 1);
    const file = npz({
      f8: { dims: [2, 3], data: f8 },
      'a/f4': { dims: [2], data: f4 },
      i4: { dims: [], data: i4.slice(0, 1) },
    });
    expect(read(file, 'f8')).toMatchObject({ descr: '<f8', shape: '2, 3' });
    expect(new Float64Array(read(file, 'f8').data.buffer)).toEqual(f8);
    expect(read(file, 'a/f4')).toMatchObject({ descr: '<f4', shape: '2,' });
    expect(new Float32Array(read(file, 'a/f4').data.buffer)).toEqual(f4);
    expect(read(file, 'i4')).toMatchObject({ descr: '<i4', shape: '' });
  });

  it('texts are padded to the longest, four bytes a code point; none at all are still an array', () => {
    const file = npz({ texts: { dims: [3], data: ['a', '', '𝄞é'] }, none: { dims: [0], data: [] } });
    const { descr, data } = read(file, 'texts');
    expect(descr).toBe('<U2');
    expect([...new Uint32Array(data.buffer)]).toEqual([97, 0, 0, 0, 0x1d11e, 0xe9]);
    expect(read(file, 'none')).toMatchObject({ descr: '<U1', shape: '0,' });
  });

  it('the same arrays give the same bytes', () => {
    const one = { x: { dims: [1], data: Float64Array.of(1) } };
    expect(npz(one)).toEqual(npz(one));
  });

  it('refuses data that does not fill its dimensions', () => {
    expect(() => npz({ x: { dims: [2], data: Float64Array.of(1) } })).toThrow('x: dims [2] hold 2 elements');
  });
});

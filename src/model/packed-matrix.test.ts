/** Matrices that stay quantised hold the weights of ggml, for every type; rows move with their codes, scales and offsets. */
import { expect, test } from 'vitest';
import { openGguf, readGgufFloats } from './gguf.ts';
import { diskFile } from './node-files.ts';
import { packedForm, packMatrix, takeRows, unpackMatrix } from './packed-matrix.ts';

const fixture = (name: string) =>
  diskFile(new URL(`../../tests/fixtures/gguf/${name}`, import.meta.url).pathname);

test.each(['quant_types.gguf', 'k_quants.gguf'])(
  '%s: unpacked weights are the dequantised ones',
  async (name) => {
    const file = await openGguf(fixture(name));
    let packable = 0;
    for (const { name: tensor, type, dims, offset, sizeBytes } of file.tensors.values()) {
      if (!packedForm(type.name)) continue;
      packable++;
      const [rows, columns] = dims as [number, number];
      const matrix = packMatrix(type.name, await file.source.read(offset, sizeBytes), rows, columns, [
        tensor,
        name,
      ]);
      const [own, want] = [unpackMatrix(matrix), await readGgufFloats(file, tensor)];
      const difference = own.map((value, i) => Math.abs(value - want[i]!));
      const largest = Math.max(...want.map(Math.abs));
      // One more rounding where 8d + m is put together.
      expect(Math.max(...difference), tensor).toBeLessThanOrEqual(matrix.hasOffsets ? 3e-7 * largest : 0);
      const turned = takeRows(matrix, [2, 0]);
      expect(unpackMatrix(turned)).toEqual(
        Float32Array.from([...own.subarray(2 * columns, 3 * columns), ...own.subarray(0, columns)]),
      );
    }
    expect(packable).toBe(5);
  },
);

test('float types are not packed, and a scale that is no number is refused', () => {
  for (const type of ['F32', 'F16', 'BF16']) expect(packedForm(type)).toBeNull();
  const block = new Uint8Array(18);
  block[1] = 0x7c;
  expect(() => packMatrix('Q4_0', block, 1, 32, ['a', 'b.gguf'])).toThrow(/a.*not finite/);
});

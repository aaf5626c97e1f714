/** Writer of NPZ files, NumPy's archive of arrays (numpy.org, "NPY format"): bytes in, bytes out. Zipping is fflate's. */
import { zipSync } from 'fflate';

/** Row-major; the number of elements must be the product of `dims`. No dims = a scalar. */
export interface NpzArray {
  dims: readonly number[];
  data: Float64Array | Float32Array | Int32Array | readonly string[];
}

/** numpy.load(file)[name] gives each array; names may hold "/". Texts become fixed-width unicode. */
export function writeNpz(arrays: ReadonlyMap<string, NpzArray>): Uint8Array<ArrayBuffer> {
  const files: Record<string, Uint8Array> = Object.create(null);
  for (const [name, array] of arrays) files[`${name}.npy`] = npy(name, array);
  // The zip format's earliest date: the same arrays give the same bytes.
  return zipSync(files, { level: 6, mtime: new Date(1980, 0, 1) }) as Uint8Array<ArrayBuffer>;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

function npy(name: string, { dims, data }: NpzArray): Uint8Array {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (count !== data.length) {
    throw new RangeError(`${name}: dims [${dims.join(', ')}] hold ${count} elements, data ${data.length}`);
  }
  const { descr, bytes } = encoded(data);
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  // Magic, length and header together fill whole units of 64 bytes; the header ends with a line feed.
  const headerBytes = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const file = new Uint8Array(10 + headerBytes + bytes.length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint16(8, headerBytes, true);
  file.set(new TextEncoder().encode(`${text.padEnd(headerBytes - 1)}\n`), 10);
  file.set(bytes, 10 + headerBytes);
  return file;
}

function encoded(data: NpzArray['data']): { descr: string; bytes: Uint8Array } {
  if (!ArrayBuffer.isView(data)) return encodedTexts(data);
  const descr = data instanceof Float64Array ? '<f8' : data instanceof Float32Array ? '<f4' : '<i4';
  return { descr, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Four bytes a code point, padded with zeros to the longest: NumPy's "U". */
function encodedTexts(texts: readonly string[]): { descr: string; bytes: Uint8Array } {
  const points = texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0)!));
  const width = Math.max(1, ...points.map(({ length }) => length));
  const units = new Uint32Array(texts.length * width);
  for (const [row, one] of points.entries()) units.set(one, row * width);
  return { descr: `<U${width}`, bytes: new Uint8Array(units.buffer) };
}

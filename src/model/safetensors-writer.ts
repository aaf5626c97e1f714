/** Writer of safetensors files: float32 and int32 tensors, header padded so that the data starts at a multiple of 8. */

export type WritableTensor =
  | { dtype: 'F32'; dims: readonly number[]; data: Float32Array }
  | { dtype: 'I32'; dims: readonly number[]; data: Int32Array };

/** Row-major data; the number of elements must be the product of `dims`. Tensors lie in the order of `entries`. */
export function writeSafetensors(
  entries: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length) header.__metadata__ = metadata;
  let dataBytes = 0;
  for (const [name, { dtype, dims, data }] of entries) {
    const count = dims.reduce((product, dim) => product * dim, 1);
    if (count !== data.length) {
      throw new RangeError(`${name}: dims [${dims.join(', ')}] hold ${count} elements, data ${data.length}`);
    }
    if (name === '__metadata__') throw new RangeError('a tensor cannot be called __metadata__');
    header[name] = { dtype, shape: dims, data_offsets: [dataBytes, (dataBytes += data.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(text, 8);
  let offset = 8 + headerBytes;
  for (const { data } of entries.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

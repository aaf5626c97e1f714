/** Small GGUF v3 files for tests, built value by value. Float32 tensors only. */

/** Value types that the tests need, by the specification's numbers. */
export type Value =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { string: string }
  | { strings: string[] }
  | { i32s: number[] }
  | { f32s: number[] };

class Bytes {
  private readonly parts: number[] = [];
  get length(): number {
    return this.parts.length;
  }
  number(bytes: number, write: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    this.parts.push(...new Uint8Array(view.buffer));
    return this;
  }
  u32 = (value: number) => this.number(4, (view) => view.setUint32(0, value, true));
  i32 = (value: number) => this.number(4, (view) => view.setInt32(0, value, true));
  f32 = (value: number) => this.number(4, (view) => view.setFloat32(0, value, true));
  u64 = (value: number) => this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.parts.push(...bytes);
    return this;
  }
  pad(multiple: number): this {
    while (this.parts.length % multiple) this.parts.push(0);
    return this;
  }
  done = () => Uint8Array.from(this.parts);
}

function writeValue(out: Bytes, value: Value): void {
  if ('u32' in value) out.u32(4).u32(value.u32);
  else if ('f32' in value) out.u32(6).f32(value.f32);
  else if ('bool' in value) out.u32(7).number(1, (view) => view.setUint8(0, Number(value.bool)));
  else if ('string' in value) out.u32(8).string(value.string);
  else if ('strings' in value) {
    out.u32(9).u32(8).u64(value.strings.length);
    for (const text of value.strings) out.string(text);
  } else if ('i32s' in value) {
    out.u32(9).u32(5).u64(value.i32s.length);
    for (const number of value.i32s) out.i32(number);
  } else {
    out.u32(9).u32(6).u64(value.f32s.length);
    for (const number of value.f32s) out.f32(number);
  }
}

/** `dims` outermost first, as published. */
export function buildGguf(
  metadata: Record<string, Value>,
  tensors: Record<string, { dims: number[]; data: ArrayLike<number> }> = {},
): Uint8Array {
  const out = new Bytes().u32(0x46554747).u32(3);
  out.u64(Object.keys(tensors).length).u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    out.string(key);
    writeValue(out, value);
  }
  const data = new Bytes();
  for (const [name, tensor] of Object.entries(tensors)) {
    out.string(name).u32(tensor.dims.length);
    for (const dim of tensor.dims.toReversed()) out.u64(dim);
    out.u32(0).u64(data.length);
    for (const value of Array.from(tensor.data)) data.f32(value);
    data.pad(32);
  }
  out.pad(32);
  const head = out.done();
  const file = new Uint8Array(head.length + data.length);
  file.set(head);
  file.set(data.done(), head.length);
  return file;
}

/**
 * A WebAssembly module as bytes: finds its functions and replaces the bodies of some, every other byte stays as it is. Knows
 * the sections of the format (WebAssembly Core Specification, 5.5) and no instruction.
 */

export interface WasmFunction {
  /** Codes of value types (0x7f is i32, 0x7d f32, 0x7b v128). */
  params: readonly number[];
  results: readonly number[];
  /** Its locals and instructions, without the length that stands before them in the file. */
  body: Uint8Array;
}

const HEADER_BYTES = 8;
const SECTION = { type: 1, function: 3, code: 10 } as const;
const FUNCTION_TYPE = 0x60;

/** Reads numbers as the format writes them. Throws a RangeError past the end. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('The module ends in the middle of something.');
    return value;
  }

  /** LEB128, unsigned. Signed ones have the same length, and nothing here asks for their value. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length)
      throw new RangeError('The module ends in the middle of something.');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}

/** LEB128 of a number that is not negative. */
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...unsigned(Math.floor(value / 128))];
}

/** The module with `edit`'s answer in place of each body; null leaves a body alone. Throws where it is no such module. */
export function editBodies(
  module: Uint8Array,
  edit: (candidate: WasmFunction) => Uint8Array | null,
): Uint8Array {
  const reader = new ByteReader(module, HEADER_BYTES);
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  let types: Array<Omit<WasmFunction, 'body'>> = [];
  let typeOf: number[] = [];
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const content = new ByteReader(reader.take(reader.unsigned()));
    if (id === SECTION.type) types = readTypes(content);
    if (id === SECTION.function) typeOf = list(content, () => content.unsigned());
    if (id !== SECTION.code) {
      parts.push(module.subarray(start, reader.at));
      continue;
    }
    const bodies = list(content, (n) => {
      const body = content.take(content.unsigned());
      const edited = edit({ ...types[typeOf[n]!]!, body }) ?? body;
      return [Uint8Array.from(unsigned(edited.length)), edited];
    });
    const code = Buffer.concat([Uint8Array.from(unsigned(bodies.length)), ...bodies.flat()]);
    parts.push(Uint8Array.from([id, ...unsigned(code.length)]), code);
  }
  return Buffer.concat(parts);
}

/** Sections come in the order of their numbers, types before the functions that have them. */
function readTypes(content: ByteReader): Array<Omit<WasmFunction, 'body'>> {
  return list(content, () => {
    const form = content.byte();
    if (form !== FUNCTION_TYPE) throw new Error(`A type of form ${form}, which is not a function's.`);
    return { params: list(content, () => content.byte()), results: list(content, () => content.byte()) };
  });
}

function list<T>(reader: ByteReader, item: (index: number) => T): T[] {
  const items: T[] = [];
  for (let left = reader.unsigned(); left > 0; left--) items.push(item(items.length));
  return items;
}

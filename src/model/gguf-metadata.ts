/**
 * The cursor that reads GGUF's header: typed metadata values, with bounds checks against the file's size before
 * anything is allocated. Runs synchronously over the bytes read so far and asks for more by throwing NeedMoreBytes.
 */
import { AppError } from './app-error.ts';

export type GgufValue = number | bigint | boolean | string | GgufArray;
/** Numeric arrays are typed where a typed array holds the values exactly. */
export type GgufArray =
  | string[]
  | boolean[]
  | GgufArray[]
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Control flow, never seen outside: the header goes on beyond the bytes at hand. */
export class NeedMoreBytes extends Error {
  constructor(readonly endOffset: number) {
    super(`header goes on to byte ${endOffset}`);
  }
}

/** Numbers of the value types in the GGUF specification. */
const TYPE = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};
const NUMERIC_ARRAYS = {
  [TYPE.u8]: Uint8Array,
  [TYPE.i8]: Int8Array,
  [TYPE.u16]: Uint16Array,
  [TYPE.i16]: Int16Array,
  [TYPE.u32]: Uint32Array,
  [TYPE.i32]: Int32Array,
  [TYPE.f32]: Float32Array,
  [TYPE.f64]: Float64Array,
  [TYPE.u64]: BigUint64Array,
  [TYPE.i64]: BigInt64Array,
} as const;
/** Fewest bytes that one element of an array can take. */
const FEWEST_BYTES: Record<number, number> = { [TYPE.bool]: 1, [TYPE.string]: 8, [TYPE.array]: 12 };
const DEEPEST_NESTING = 8;
/** Above this a count was damaged; below it the file is more likely cut short. Only the wording depends on it. */
const MOST_PLAUSIBLE_COUNT = 10_000_000n;
const ADVICE = 'The file is damaged or incomplete; download it again.';

export class GgufCursor {
  position = 0;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fileBytes: number,
    private readonly fileName: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(what: string): AppError {
    return new AppError('bad-file', `${this.fileName}: ${what}.`, ADVICE);
  }

  /** Moves past `count` bytes and gives their start. Nothing is allocated before this has passed. */
  take(count: number): number {
    const start = this.position;
    if (start + count > this.fileBytes) throw this.fail('the file ends inside its metadata');
    if (start + count > this.bytes.byteLength) throw new NeedMoreBytes(start + count);
    this.position += count;
    return start;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  /** A count whose elements take at least `fewestBytes` each, checked against what is left of the file. */
  count(what: string, fewestBytes: number): number {
    const count = this.u64();
    if (count * BigInt(fewestBytes) > BigInt(this.fileBytes - this.position)) {
      throw this.fail(
        count > MOST_PLAUSIBLE_COUNT
          ? `${what} ${count} cannot be right for a file of this size (${this.fileBytes} bytes)`
          : `the file ends inside its metadata (${what} ${count} does not fit into ${this.fileBytes} bytes)`,
      );
    }
    return Number(count);
  }

  string(): string {
    const start = this.position;
    const length = this.u64();
    if (length > BigInt(this.fileBytes - this.position)) {
      throw this.fail(
        `the file ends inside its metadata: a string of ${length} bytes at offset ${start} runs past the end of the file`,
      );
    }
    const from = this.take(Number(length));
    return this.decoder.decode(this.bytes.subarray(from, this.position));
  }

  value(type: number, depth = 0): GgufValue {
    switch (type) {
      case TYPE.u8:
        return this.view.getUint8(this.take(1));
      case TYPE.i8:
        return this.view.getInt8(this.take(1));
      case TYPE.u16:
        return this.view.getUint16(this.take(2), true);
      case TYPE.i16:
        return this.view.getInt16(this.take(2), true);
      case TYPE.u32:
        return this.u32();
      case TYPE.i32:
        return this.view.getInt32(this.take(4), true);
      case TYPE.f32:
        return this.view.getFloat32(this.take(4), true);
      case TYPE.f64:
        return this.view.getFloat64(this.take(8), true);
      case TYPE.bool:
        return this.view.getUint8(this.take(1)) !== 0;
      case TYPE.u64:
        return exactNumber(this.u64());
      case TYPE.i64:
        return exactNumber(this.view.getBigInt64(this.take(8), true));
      case TYPE.string:
        return this.string();
      case TYPE.array:
        return this.array(depth);
      default:
        throw this.fail(`the metadata has a value of the unknown type ${type}`);
    }
  }

  private array(depth: number): GgufArray {
    if (depth >= DEEPEST_NESTING)
      throw this.fail(`the metadata nests arrays more than ${DEEPEST_NESTING} deep`);
    const type = this.u32();
    const Numeric = NUMERIC_ARRAYS[type];
    const fewest = Numeric?.BYTES_PER_ELEMENT ?? FEWEST_BYTES[type];
    if (fewest === undefined) throw this.fail(`the metadata has an array of the unknown type ${type}`);
    const count = this.count('an array length of', fewest);
    if (Numeric) {
      const start = this.take(count * fewest);
      return new Numeric(this.bytes.slice(start, this.position).buffer);
    }
    const values: GgufValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(type, depth + 1));
    return values as GgufArray;
  }
}

/** A number where it is exact, a bigint beyond 2^53. */
function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

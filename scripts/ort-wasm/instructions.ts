/**
 * The instructions of one function's body, apart and together again. Knows how long each is (WebAssembly Core Specification,
 * 5.4, with SIMD and relaxed SIMD) and, for those that build operands, how many values it takes; not what they compute.
 */
import { ByteReader, unsigned } from './wasm-module.ts';

export interface Instruction {
  /** Opcode; of two-part ones the prefix in the upper half. */
  op: number;
  bytes: Uint8Array;
}

export interface FunctionBody {
  /** Declarations of locals, as in the file, without their count. */
  locals: Uint8Array;
  localGroups: number;
  /** How many locals they declare, parameters not counted. */
  localCount: number;
  instructions: Instruction[];
}

const SIMD = 0xfd;
export const simd = (code: number): number => (SIMD << 16) | code;

export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  i32Eqz: 0x45,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  load32Splat: simd(9),
  f32x4Add: simd(228),
  f32x4Mul: simd(230),
  relaxedMadd: simd(0x105),
} as const;

export const V128 = 0x7b;
const NO_RESULT = 0x40;

/** An instruction with its immediates, from 0 to 63 where they are constants (which have a sign). A block's type is the empty one. */
export function make(op: number, ...immediates: number[]): Instruction {
  const code = op > 0xff ? [op >> 16, ...unsigned(op & 0xffff)] : [op];
  const block = op === OP.block || op === OP.loop || op === OP.if ? [NO_RESULT] : [];
  return { op, bytes: Uint8Array.from([...code, ...block, ...immediates.flatMap(unsigned)]) };
}

/** The first immediate: which local, how deep a branch. */
export function immediate({ bytes }: Instruction): number {
  return new ByteReader(bytes, 1).unsigned();
}

/** Throws for an instruction of which the length is not known here. */
export function readBody(body: Uint8Array): FunctionBody {
  const reader = new ByteReader(body);
  const localGroups = reader.unsigned();
  const start = reader.at;
  let localCount = 0;
  for (let group = 0; group < localGroups; group++) {
    localCount += reader.unsigned();
    reader.byte();
  }
  const locals = body.subarray(start, reader.at);
  const instructions: Instruction[] = [];
  while (reader.at < body.length) {
    const at = reader.at;
    const op = readOne(reader);
    instructions.push({ op, bytes: body.subarray(at, reader.at) });
  }
  return { locals, localGroups, localCount, instructions };
}

export function writeBody({ locals, localGroups, instructions }: FunctionBody): Uint8Array {
  return Buffer.concat([
    Uint8Array.from(unsigned(localGroups)),
    locals,
    ...instructions.map(({ bytes }) => bytes),
  ]);
}

/** How many values it takes from the stack to leave one there; null for those that build no operand, or are not known. */
export function operandCount(op: number): number | null {
  if (op === OP.localGet || op === OP.i32Const) return 0;
  if (op === OP.localTee) return 1;
  if (op >= OP.i32Add && op <= 0x78) return 2;
  // Loads of a vector, and its making from one number.
  if ((op >= simd(0) && op <= simd(10)) || op === simd(19)) return 1;
  // f32x4: add, sub, mul, div.
  if (op >= OP.f32x4Add && op <= simd(231)) return 2;
  return null;
}

/** Reads over one instruction. */
function readOne(reader: ByteReader): number {
  const op = reader.byte();
  if (op === SIMD) return readSimd(reader);
  const numbers = IMMEDIATES.find(([from, to]) => op >= from && op <= to);
  if (!numbers) throw new Error(`An instruction (0x${op.toString(16)}) that is not known here.`);
  for (let left = numbers[2]; left > 0; left--) reader.unsigned();
  if (op === 0x43) reader.take(4);
  if (op === 0x44) reader.take(8);
  return op;
}

/** From, to, and how many LEB128 numbers follow. Not here: jump tables and the prefixes of threads and bulk memory. */
const IMMEDIATES: ReadonlyArray<readonly [number, number, number]> = [
  [0x00, 0x01, 0],
  [OP.block, OP.if, 1],
  [0x05, 0x05, 0],
  [OP.end, OP.end, 0],
  [0x0c, 0x0d, 1],
  [0x0f, 0x0f, 0],
  [0x10, 0x10, 1],
  [0x11, 0x11, 2],
  [0x1a, 0x1b, 0],
  [0x20, 0x24, 1],
  [0x28, 0x3e, 2],
  [0x3f, 0x42, 1],
  [0x43, 0xc4, 0],
];

function readSimd(reader: ByteReader): number {
  const code = reader.unsigned();
  const isLoadOrStore = code <= 11 || code === 92 || code === 93;
  const hasMemoryLane = code >= 84 && code <= 91;
  if (isLoadOrStore || hasMemoryLane) {
    reader.unsigned();
    reader.unsigned();
  }
  if (code === 12 || code === 13) reader.take(16);
  if (hasMemoryLane || (code >= 21 && code <= 34)) reader.byte();
  return simd(code);
}

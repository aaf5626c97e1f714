/**
 * Makes the matrix products of ONNX Runtime's WebAssembly about 1.5 times faster, and 1.8 times where the processor can
 * multiply and add in one step. MLAS (its `MlasSgemmKernelZero` and `...Add`, sgemmc.cpp) computes two rows by sixteen columns and
 * takes two terms of the sum at a time. V8 loads everything that both terms need before it computes, that is more than
 * x64's sixteen vector registers, and keeps running sums in memory, on the longest path of the loop. Two edits:
 *
 * - *rolled*: the loop over two terms is never entered, and the code for the odd last term becomes a loop over all of
 *   them. The same operations in the same order, so the same bits.
 * - *fused*: `sum + a * b` becomes `f32x4.relaxed_madd(a, b, sum)` (relaxed SIMD), rounded once where the processor has that
 *   and twice where not. Differs in the last bits.
 *
 * Nothing here knows ONNX or models. A version of the package in which the kernels look otherwise fails the build.
 */
import {
  type FunctionBody,
  type Instruction,
  immediate,
  make,
  OP,
  operandCount,
  readBody,
  V128,
  writeBody,
} from './instructions.ts';
import { editBodies, unsigned, type WasmFunction } from './wasm-module.ts';

const I32 = 0x7f;
const F32 = 0x7d;
/** A, B, C, k, rows, columns, stride of A, stride of C; alpha. Returns the rows done. */
const KERNEL_PARAMS = [I32, I32, I32, I32, I32, I32, I32, I32, F32];
/** One that starts from zero, one that adds to C. */
const KERNELS = 2;
/** Sums of one term: two rows of four vectors. */
const SUMS = 8;
const FLOAT_BYTES = 4;

/** `fused` asks for relaxed SIMD, of which the caller must know that the browser has it. */
export function fasterProducts(module: Uint8Array, { fused }: { fused: boolean }): Uint8Array {
  let found = 0;
  const edited = editBodies(module, (candidate) => {
    if (!mayBeKernel(candidate)) return null;
    const body = readBody(candidate.body);
    const rolled = rollTwoRows(body.instructions);
    if (!rolled) return null;
    found += 1;
    const faster = { ...body, instructions: rolled };
    return writeBody(fused ? fuse(faster, candidate.params.length) : faster);
  });
  if (found !== KERNELS)
    throw new Error(
      `ONNX Runtime’s WebAssembly has ${found} matrix product kernels of the known form instead of ${KERNELS}. After a new version of onnxruntime-web, scripts/ort-wasm has to be adapted or left out.`,
    );
  return edited;
}

/** By its type and by how many products it has, so that few functions have to be read. */
function mayBeKernel({ params, results, body }: WasmFunction): boolean {
  return (
    params.length === KERNEL_PARAMS.length &&
    params.every((type, n) => type === KERNEL_PARAMS[n]) &&
    results.length === 1 &&
    body.length < 4096
  );
}

/** The two-row part with its loop rolled, or null where it is not of that form. */
function rollTwoRows(code: readonly Instruction[]): Instruction[] | null {
  const blocks = findBlocks(code);
  for (const { start, end } of blocks) {
    // The odd last term: `if (k) { eight sums }`, right after `if (!(k < 2)) { loop }`.
    if (code[start]!.op !== OP.if || countOf(code.slice(start, end), OP.f32x4Mul) !== SUMS) continue;
    const twoTerms = blocks.find((block) => block.end === start - 2);
    if (!twoTerms || code[twoTerms.start]!.op !== OP.if || code[twoTerms.start - 1]!.op !== OP.i32Eqz)
      continue;
    const isInside = blocks.some((block) => block.start > start && block.end < end);
    const firstOfA = code.findIndex(({ op }, n) => n > start && op === OP.load32Splat) - 1;
    if (isInside || code[start - 1]!.op !== OP.localGet || code[firstOfA]?.op !== OP.localGet) continue;
    const k = immediate(code[start - 1]!);
    const a = immediate(code[firstOfA]!);
    return [
      ...code.slice(0, twoTerms.start - 2),
      make(OP.i32Const, 0),
      ...code.slice(twoTerms.start, start + 1),
      make(OP.loop),
      ...code.slice(start + 1, end),
      // The code of the last term moves B on, but not A.
      ...[make(OP.localGet, a), make(OP.i32Const, FLOAT_BYTES), make(OP.i32Add), make(OP.localSet, a)],
      ...[make(OP.localGet, k), make(OP.i32Const, 1), make(OP.i32Sub), make(OP.localTee, k)],
      make(OP.branchIf, 0),
      make(OP.end),
      ...code.slice(end),
    ];
  }
  return null;
}

interface Block {
  /** Where it opens and ends. */
  start: number;
  end: number;
}

function findBlocks(code: readonly Instruction[]): Block[] {
  const open: number[] = [];
  const blocks: Block[] = [];
  code.forEach(({ op }, n) => {
    if (op === OP.block || op === OP.loop || op === OP.if) open.push(n);
    // The last end is the function's own.
    if (op === OP.end && open.length > 0) blocks.push({ start: open.pop()!, end: n });
  });
  return blocks;
}

function countOf(code: readonly Instruction[], op: number): number {
  return code.filter((instruction) => instruction.op === op).length;
}

/**
 * `sum, a, b, mul, add` becomes `sum, set t, a, b, get t, madd`, with a new local t for each: the operands are computed in the
 * order that they had.
 */
function fuse(body: FunctionBody, paramCount: number): FunctionBody {
  const code = body.instructions;
  const firstNew = paramCount + body.localCount;
  const setBefore = new Map<number, Instruction>();
  const instead = new Map<number, Instruction>();
  let added = 0;
  for (let add = 1; add < code.length; add++) {
    if (code[add]!.op !== OP.f32x4Add || code[add - 1]!.op !== OP.f32x4Mul) continue;
    const b = operandStart(code, add - 2);
    const a = b === null ? null : operandStart(code, b - 1);
    if (a === null) continue;
    const sum = firstNew + added++;
    setBefore.set(a, make(OP.localSet, sum));
    instead.set(add - 1, make(OP.localGet, sum)).set(add, make(OP.relaxedMadd));
  }
  return {
    locals: Uint8Array.from([...body.locals, ...unsigned(added), V128]),
    localGroups: body.localGroups + 1,
    localCount: body.localCount + added,
    instructions: code.flatMap((old, n) => {
      const now = instead.get(n) ?? old;
      const set = setBefore.get(n);
      return set ? [set, now] : [now];
    }),
  };
}

/** Where the operand begins whose last instruction stands at `last`; null where something else is mixed in. */
function operandStart(code: readonly Instruction[], last: number): number | null {
  let missing = 1;
  for (let at = last; at >= 0; at--) {
    const count = operandCount(code[at]!.op);
    if (count === null) return null;
    missing += count - 1;
    if (missing === 0) return at;
  }
  return null;
}

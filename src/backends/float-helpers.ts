/**
 * Other threads that make float32 values beside this one, in memory that all of them see. Who makes what follows from stored
 * bytes alone: they take equally long everywhere, and nobody has to ask who is idle. Not here: how values are made
 * (model/float-maker.ts).
 */
import { transfer } from 'comlink';
import type { FloatMaker } from '@/model/float-maker.ts';

/** A thread with a FloatMaker, as comlink hands it out. */
export interface FloatHelper {
  maker: { widen(...args: Parameters<FloatMaker['widen']>): Promise<boolean> };
  end(): void;
}

/** This thread reads, hands over and puts rows in order as well, which takes it as long again (measured on two cores). */
const WEIGHT_HERE = 2;
/** Handing over less takes longer than making it. */
const LEAST_BYTES = 2 ** 15;

export class FloatHelpers {
  #helpers: FloatHelper[] | null = null;
  /** Work by thread; this one comes last, so that others begin. */
  readonly #work: number[];

  /** @param start is called `count` times, when there is something to do, or soon will be */
  constructor(
    private readonly start: () => FloatHelper,
    private readonly count: number,
  ) {
    this.#work = Array(count + 1).fill(0);
  }

  prepare(): void {
    this.#started();
  }

  /** FloatTarget.widen: null where it is this thread's turn; false where the other thread failed. */
  widen(type: string, bytes: Uint8Array, out: Float32Array): Promise<boolean> | null {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && out.buffer instanceof SharedArrayBuffer;
    const takes = isShared && bytes.length >= LEAST_BYTES;
    const thread = takes ? this.#work.indexOf(Math.min(...this.#work)) : this.count;
    this.#work[thread]! += thread === this.count ? WEIGHT_HERE * bytes.length : bytes.length;
    if (thread === this.count) return null;
    // A copy, since the bytes are often a part of what others read from.
    const copy = bytes.slice();
    return this.#started()
      [thread]!.maker.widen(type, transfer(copy, [copy.buffer]), out)
      .catch(() => false);
  }

  #started(): FloatHelper[] {
    this.#helpers ??= Array.from({ length: this.count }, this.start);
    return this.#helpers;
  }

  rest(): void {
    for (const helper of this.#helpers ?? []) helper.end();
    this.#helpers = null;
  }
}

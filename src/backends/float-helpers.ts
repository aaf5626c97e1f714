/**
 * Other threads that make float32 values beside this one, in memory that all of them see. Each thread gets as many stored bytes
 * as the others: they take equally long, and nobody has to ask who is idle. Not here: how values are made (model/float-maker.ts).
 */
import { transfer } from 'comlink';
import type { FloatMaker } from '@/model/float-maker.ts';

/** A thread with a FloatMaker, as comlink hands it out. */
export interface FloatHelper {
  maker: { widen(...args: Parameters<FloatMaker['widen']>): Promise<boolean> };
  end(): void;
}

/** Handing over less takes longer than making it. */
const LEAST_BYTES = 2 ** 15;

export class FloatHelpers {
  #helpers: FloatHelper[] | null = null;
  /** Stored bytes by thread; this one comes last, so that others begin. */
  readonly #bytes: number[];

  /** @param start is called `count` times, when there is something to do */
  constructor(
    private readonly start: () => FloatHelper,
    private readonly count: number,
  ) {
    this.#bytes = Array(count + 1).fill(0);
  }

  /** FloatTarget.widen: null where it is this thread's turn; false where the other thread failed. */
  widen(type: string, bytes: Uint8Array, out: Float32Array): Promise<boolean> | null {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && out.buffer instanceof SharedArrayBuffer;
    const takes = isShared && bytes.length >= LEAST_BYTES;
    const thread = takes ? this.#bytes.indexOf(Math.min(...this.#bytes)) : this.count;
    this.#bytes[thread]! += bytes.length;
    if (thread === this.count) return null;
    this.#helpers ??= Array.from({ length: this.count }, this.start);
    // A copy, since the bytes are often a part of what others read from.
    const copy = bytes.slice();
    return this.#helpers[thread]!.maker.widen(type, transfer(copy, [copy.buffer]), out).catch(() => false);
  }

  end(): void {
    for (const helper of this.#helpers ?? []) helper.end();
    this.#helpers = null;
  }
}

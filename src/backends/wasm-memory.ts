/**
 * Arrays in the WebAssembly memory of ONNX Runtime, so that a run takes them where they lie instead of copying them in.
 * Needs the runtime's script as scripts/ort-wasm leaves it, and a runtime that has started. Not here: tensors.
 */
import type { Uploadable } from './backend.ts';

/** What is used of the runtime's module. */
export interface WasmModule {
  HEAPU8: Uint8Array;
  _malloc(byteLength: number): number;
  _free(pointer: number): void;
  getValue(pointer: number, type: string): number;
  /** Arrays that are taken where they lie. */
  residents?: WeakSet<Uploadable>;
}

/** Below this, a copy costs less than keeping track. */
const LEAST_BYTES = 2 ** 16;
/** Of the 4 GiB that WebAssembly can address; the rest is for what runs make, and copy in because it found no place here. */
export const MOST_HELD_BYTES = 2.5 * 2 ** 30;

export class WasmMemory {
  readonly #held = new Set<Uploadable>();
  /** Of these, what was allocated and not yet held: somebody may be writing there. */
  readonly #unfinished = new Set<Uploadable>();
  #heldBytes = 0;
  /** The largest array that was turned away: runs copy it in. */
  #largestElsewhere = 0;

  constructor(private readonly module: WasmModule) {
    module.residents ??= new WeakSet();
  }

  /** Room for so many float32 numbers, held as soon as `hold` is given them; null where there is none, or it is not worth it. */
  allocate(length: number): Float32Array | null {
    const pointer = this.#pointerTo(length * Float32Array.BYTES_PER_ELEMENT);
    if (pointer === null) return null;
    const room = this.#keep(new Float32Array(this.#buffer, pointer, length));
    this.#unfinished.add(room);
    return room;
  }

  /** `data` itself where it lies here already, a copy of it here, or null where there is no room for one. */
  hold(data: Uploadable): Uploadable | null {
    this.#unfinished.delete(data);
    if (this.#held.has(data)) return data;
    const pointer = this.#pointerTo(data.byteLength);
    if (pointer === null) return null;
    const Type = data.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => Uploadable;
    const copy = this.#keep(new Type(this.#buffer, pointer, data.length));
    copy.set(data);
    return copy;
  }

  /** Nothing happens for arrays that lie elsewhere. */
  free(data: Uploadable): void {
    if (!this.#held.delete(data)) return;
    this.#unfinished.delete(data);
    this.module.residents!.delete(data);
    this.module._free(data.byteOffset);
    this.#heldBytes -= data.byteLength;
  }

  /**
   * Frees what is held. What was allocated and never held is left to whoever still fills it: a load that was cancelled has
   * reads on their way, here and in other threads, and what they write must hit nothing else.
   */
  freeAll(): void {
    for (const data of this.#held) if (!this.#unfinished.has(data)) this.free(data);
  }

  get #buffer(): ArrayBufferLike {
    return this.module.HEAPU8.buffer;
  }

  #pointerTo(byteLength: number): number | null {
    if (byteLength < LEAST_BYTES) return null;
    const hasRoom = this.#heldBytes + byteLength <= MOST_HELD_BYTES - this.#largestElsewhere;
    const pointer = hasRoom ? this.module._malloc(byteLength) : 0;
    if (pointer === 0) {
      this.#largestElsewhere = Math.max(this.#largestElsewhere, byteLength);
      return null;
    }
    // Another thread may have grown the memory: any access through the module renews its view.
    this.module.getValue(pointer, 'i8');
    return pointer;
  }

  #keep<T extends Uploadable>(data: T): T {
    this.#held.add(data);
    this.#heldBytes += data.byteLength;
    this.module.residents!.add(data);
    return data;
  }
}

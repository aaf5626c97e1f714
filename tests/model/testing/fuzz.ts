/**
 * Damage for files, and the watch that every reader stands under: it may succeed or throw an AppError, soon, and allocate no
 * more than the file could hold. What is damaged and read is tests/model/fuzz.test.ts.
 */
import { AppError } from '@/model/app-error.ts';

/** Marsaglia's xorshift32: a case is repeated by its seed. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Counts and offsets that readers have been caught by. */
const EXTREMES = [
  0n,
  1n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** One to four changes; most hit the first `headBytes`, where the structure lies. */
export function damageBytes(whole: Uint8Array, headBytes: number, chance: Chance): Uint8Array {
  let bytes = whole.slice();
  for (let change = 1 + chance.below(4); change > 0; change--) {
    if (bytes.length < 16) return bytes;
    const reach = chance.next() < 0.9 ? Math.min(headBytes, bytes.length) : bytes.length;
    const at = chance.below(reach);
    switch (chance.below(6)) {
      case 0:
        bytes[at] = chance.below(256);
        break;
      case 1:
        bytes[at]! ^= 1 << chance.below(8);
        break;
      case 2: {
        const start = Math.min(at, bytes.length - 8);
        const view = new DataView(bytes.buffer, start, 8);
        if (chance.next() < 0.5) view.setBigUint64(0, chance.of(EXTREMES), true);
        else view.setUint32(0, Number(chance.of(EXTREMES) & 0xffffffffn), true);
        break;
      }
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4: {
        const piece = bytes.slice(at, at + 1 + chance.below(64));
        bytes.set(
          piece.subarray(0, bytes.length - at),
          Math.min(chance.below(reach), bytes.length - piece.length),
        );
        break;
      }
      default: {
        const inserted = Uint8Array.from({ length: 1 + chance.below(8) }, () => chance.below(256));
        const longer = new Uint8Array(bytes.length + inserted.length);
        longer.set(bytes.subarray(0, at));
        longer.set(inserted, at);
        longer.set(bytes.subarray(at), at + inserted.length);
        bytes = longer;
      }
    }
  }
  return bytes;
}

/** Values in the place of others, made anew each time: a later change may go into one. */
const strangeValues = (): unknown[] => [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 31,
  2 ** 53,
  2 ** 60,
  '',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '\u0000',
  '(a+)+$',
  'x'.repeat(10_000),
  [],
  [[]],
  {},
  { __proto__: null, length: 2 ** 40 },
  [null, 'x', -1],
];

/** Parsed JSON with one to three values replaced, removed or added, as text; now and then damaged as bytes too. */
export function damageJson(text: string, chance: Chance): string {
  const root = { value: JSON.parse(text) as unknown };
  for (let change = 1 + chance.below(3); change > 0; change--) {
    const place = randomPlace(root, chance);
    const keys = Object.keys(place);
    const key = keys.length > 0 ? chance.of(keys) : 'added';
    const action = chance.below(4);
    if (action === 0 && keys.length > 0) delete place[key];
    else if (action === 1)
      Object.defineProperty(place, chance.of(['__proto__', 'toString', 'r', key]), strange(chance));
    else Object.defineProperty(place, key, strange(chance));
  }
  const damaged = JSON.stringify(root.value) ?? '';
  if (chance.next() < 0.8) return damaged;
  return new TextDecoder().decode(damageBytes(new TextEncoder().encode(damaged), damaged.length, chance));
}

const strange = (chance: Chance): PropertyDescriptor => ({
  value: chance.of(strangeValues()),
  enumerable: true,
  writable: true,
  configurable: true,
});

function randomPlace(root: object, chance: Chance): Record<string, unknown> {
  let place = root as Record<string, unknown>;
  while (true) {
    const inner = Object.values(place).filter((value) => typeof value === 'object' && value !== null);
    // Down to the leaves more often than not; large lists count once.
    if (inner.length === 0 || (place !== root && chance.next() < 0.4)) return place;
    place = chance.of(inner) as Record<string, unknown>;
  }
}

const WATCHED = [
  'Float32Array',
  'Float64Array',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int32Array',
  'BigInt64Array',
] as const;

/** Runs `work` with every typed array of a given length counted; gives the largest, in bytes. */
async function largestAllocation(work: () => Promise<unknown>): Promise<number> {
  const scope = globalThis as unknown as Record<string, new (...given: unknown[]) => object>;
  const given = WATCHED.map((name) => [name, scope[name]!] as const);
  let largest = 0;
  for (const [name, Original] of given) {
    const size = (Original as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    scope[name] = new Proxy(Original, {
      construct(target, args, self) {
        if (typeof args[0] === 'number') largest = Math.max(largest, args[0] * size);
        return Reflect.construct(target, args, self === scope[name] ? target : self);
      },
    });
  }
  try {
    await work();
  } finally {
    for (const [name, Original] of given) scope[name] = Original;
  }
  return largest;
}

/** A quantised weight takes 2 bits at least, and becomes 32; small files may have fixed work areas. */
const mostBytes = (fileBytes: number) => 16 * fileBytes + (1 << 20);
/** On a busy machine too; what hangs takes for ever. */
const SLOWEST_MS = 10_000;

/** @throws Error that names what went wrong, for everything but success and AppErrors */
export async function judge(fileBytes: number, work: () => Promise<unknown>): Promise<'read' | 'refused'> {
  const startMs = performance.now();
  let outcome: 'read' | 'refused' = 'read';
  const largest = await largestAllocation(async () => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcome = 'refused';
    }
  });
  if (largest > mostBytes(fileBytes))
    throw new Error(`${largest} bytes were allocated for a file of ${fileBytes}`);
  const tookMs = performance.now() - startMs;
  if (tookMs > SLOWEST_MS) throw new Error(`it took ${Math.round(tookMs)} ms`);
  return outcome;
}

/**
 * Whether a model fits on this machine, in one sentence, and what to take instead where it does not. Pure: what the machine
 * has is passed in (machine-facts.ts).
 */
import { defaultPrecision } from '@/backends/choose-backend.ts';
import type { BackendInfo, Residency } from '@/engine/engine.ts';
import { AppError } from '@/model/app-error.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { LoadOptions } from '@/protocol/lab.ts';
import { type Kept, type MemoryNeed, memoryNeed, parameterCount } from './memory-need.ts';
import { LISTED_MODELS, specOfListed } from './model-list.ts';

/** What is known of a machine; null = it does not tell. */
export interface Room {
  /** Memory of the whole machine as the browser tells it, or what is free, in Node. */
  memoryBytes: number | null;
  /** True where memoryBytes is the most that the browser ever tells: there may be more. */
  isAtLeast: boolean;
  /** What may still be stored. */
  storageBytes: number | null;
}

/** WebAssembly's address space, less what the runtime itself needs. */
const WASM_HEAP_BYTES = 3.5 * 2 ** 30;
/** No tab gets more, whatever the machine has: Chromium's allocator has pools of 16 GiB for everything that a tab holds. */
const TAB_BYTES = 16 * 2 ** 30;
/** A tab is one of many programs. */
const COMFORTABLE_SHARE = 0.5;

export interface Fit {
  /** `tight`: it may work; `cannot`: it will not, and is refused. */
  verdict: 'fits' | 'tight' | 'cannot';
  need: MemoryNeed;
  /** Why it cannot, as the end of a sentence; empty otherwise. */
  reason: string;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(2)} GB`;

export function fitOf(spec: ModelSpec, backend: BackendInfo['kind'], room: Room, kept: Kept = {}): Fit {
  const need = memoryNeed(spec, backend, kept);
  const limit = memoryLimit(backend, room);
  if (backend === 'wasm' && need.workBytes > WASM_HEAP_BYTES) {
    return {
      verdict: 'cannot',
      need,
      reason: `one step takes ${gib(need.workBytes)}, and WebAssembly has ${gib(WASM_HEAP_BYTES)}`,
    };
  }
  if (need.totalBytes > limit) {
    const has =
      room.memoryBytes !== null && limit === room.memoryBytes ? 'this machine has' : 'a tab can have';
    return {
      verdict: 'cannot',
      need,
      reason: `it takes ${gib(need.totalBytes)} of memory, and ${has} ${gib(limit)}`,
    };
  }
  const comfortable =
    room.memoryBytes === null ? Number.POSITIVE_INFINITY : room.memoryBytes * COMFORTABLE_SHARE;
  return { verdict: need.totalBytes > comfortable ? 'tight' : 'fits', need, reason: '' };
}

function memoryLimit(backend: BackendInfo['kind'], { memoryBytes, isAtLeast }: Room): number {
  const most = backend === 'node' ? Number.POSITIVE_INFINITY : TAB_BYTES;
  return memoryBytes === null || isAtLeast ? most : Math.min(most, memoryBytes);
}

/** The largest of the list that fits comfortably and is open to all, as advice; the smallest one where nothing does. */
export function smallerModel(than: ModelSpec, backend: BackendInfo['kind'], room: Room): string {
  const open = LISTED_MODELS.filter(({ isGated }) => !isGated).flatMap((model) => {
    try {
      return [{ model, spec: specOfListed(model) }];
    } catch {
      // A family that is not supported is no advice.
      return [];
    }
  });
  const fitting = open
    .filter(({ spec }) => parameterCount(spec) < parameterCount(than))
    .filter(({ spec }) => fitOf(spec, backend, room).verdict === 'fits')
    .toSorted((a, b) => parameterCount(b.spec) - parameterCount(a.spec));
  return (fitting[0] ?? open[0])!.model.repo;
}

/**
 * How the weights of a file are kept by an engine that is asked for with these options.
 * @param storedAs the type that most of them have in the file
 */
export function keptWith(
  backend: BackendInfo['kind'],
  { precision = defaultPrecision(backend), residency }: Pick<LoadOptions, 'precision' | 'residency'>,
  storedAs?: string,
): Kept {
  return { residency, quantisedAs: precision === 'stored' ? storedAs : undefined };
}

/** In memory where that is possible, else streamed where that is. `kept.residency` is taken where it can be. */
export function bestFit(
  spec: ModelSpec,
  backend: BackendInfo['kind'],
  room: Room,
  kept: Kept = {},
): { fit: Fit; residency: Residency } {
  const { residency = 'memory' } = kept;
  const fit = fitOf(spec, backend, room, kept);
  if (fit.verdict !== 'cannot') return { fit, residency };
  const streamed = fitOf(spec, backend, room, { ...kept, residency: 'streamed' });
  return streamed.verdict === 'cannot' ? { fit, residency } : { fit: streamed, residency: 'streamed' };
}

/** @throws AppError 'out-of-memory' with a smaller suggestion, where it cannot fit even with its layers streamed */
export function checkFits(
  name: string,
  spec: ModelSpec,
  backend: BackendInfo['kind'],
  room: Room,
  kept?: Kept,
): { fit: Fit; residency: Residency } {
  const best = bestFit(spec, backend, room, kept);
  if (best.fit.verdict !== 'cannot') return best;
  throw new AppError(
    'out-of-memory',
    `${name} does not fit: ${best.fit.reason}.`,
    `Choose a smaller model, such as ${smallerModel(spec, backend, room)}.`,
  );
}

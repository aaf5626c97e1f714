/** What was seen of a model before its download, in sentences: what it is, what it takes, whether this machine has that. */
import type { ChunkStore } from '@/downloads/chunk-store.ts';
import { bytesThere } from '@/downloads/fetch-model.ts';
import type { ModelLook } from '@/downloads/look.ts';
import type { BackendInfo } from '@/engine/engine.ts';
import { bestFit, type Fit, keptWith, type Room, smallerModel } from '@/machine/fit.ts';
import type { LoadOptions } from '@/protocol/lab.ts';
import { BACKEND_NAMES } from './backend-names.ts';
import { memoryWords } from './progress-words.ts';

export interface LookWords {
  verdict: Fit['verdict'];
  /** What it is, one sentence. */
  facts: string;
  /** Whether it fits, one sentence. */
  judgement: string;
}

/** Of a judgement, before “here”. */
export const VERDICT_WORDS: Record<Fit['verdict'], string> = {
  fits: 'fits',
  tight: 'may be too much',
  cannot: 'does not fit',
};

export const fileSizeWords = (bytes: number): string =>
  bytes >= 999.5e6 ? `${(bytes / 1e9).toPrecision(3)} GB` : `${(bytes / 1e6).toPrecision(3)} MB`;

export const countWords = (count: number): string =>
  count >= 999.5e6 ? `${(count / 1e9).toPrecision(3)} billion` : `${(count / 1e6).toPrecision(3)} million`;

export async function lookWords(
  look: ModelLook,
  backend: BackendInfo['kind'],
  room: Room,
  store: ChunkStore,
  options: Pick<LoadOptions, 'precision' | 'residency'> = {},
): Promise<LookWords> {
  const there = await bytesThere(look.files, store);
  const left = look.totalBytes - there;
  const weights =
    left === 0
      ? `all ${fileSizeWords(look.totalBytes)} are kept in this browser already`
      : there === 0
        ? `${fileSizeWords(left)} to download`
        : `${fileSizeWords(left)} of ${fileSizeWords(look.totalBytes)} still to download`;
  const facts = `${look.origin.label}: ${look.spec.architecture} family, ${look.spec.layerCount} layers, ${countWords(look.parameterCount)} parameters stored as ${look.storedAs}; ${weights}.`;
  const { fit, residency } = bestFit(look.spec, backend, room, keptWith(backend, options, look.storedAs));
  const judgement = judgementOf(look, fit, backend, room, left);
  const isSlower = residency === 'streamed' && fit.verdict !== 'cannot';
  const slower = isSlower ? ` ${whyStreamed(options)}, which is slower.` : '';
  return { verdict: fit.verdict, facts, judgement: judgement + slower };
}

const whyStreamed = ({ residency }: Pick<LoadOptions, 'residency'>): string =>
  residency === 'streamed'
    ? 'Its layers are read as they are needed, as you chose'
    : 'All its layers at once do not fit: they are read as they are needed';

function judgementOf(
  { spec }: ModelLook,
  { verdict, need, reason }: Fit,
  backend: BackendInfo['kind'],
  room: Room,
  leftBytes: number,
): string {
  if (verdict === 'cannot') {
    return `It does not fit: ${reason}. Choose a smaller model, such as ${smallerModel(spec, backend, room)}.`;
  }
  const takes = `It takes about ${memoryWords(need.totalBytes)} of memory on ${BACKEND_NAMES[backend]}`;
  const has = roomWords(room);
  const storage =
    room.storageBytes !== null && leftBytes > room.storageBytes
      ? ` The browser gives this page ${fileSizeWords(room.storageBytes)} of storage, so it would stay in memory only.`
      : '';
  return verdict === 'tight'
    ? `${takes}, which may be too much: ${has}.${storage}`
    : `${takes}; ${has}.${storage}`;
}

function roomWords({ memoryBytes, isAtLeast }: Room): string {
  if (memoryBytes === null) return 'this browser does not tell how much there is';
  return `this machine has ${memoryWords(memoryBytes)}${isAtLeast ? ' or more' : ''}`;
}

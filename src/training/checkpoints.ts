/**
 * A run's state as files, so written that a kill at any moment leaves the checkpoint before it valid: first the tensors under
 * a new name, then a description that names them with size and hash, then older ones are removed. A description counts only
 * if it is whole and its tensors are what it says; reading takes the newest that counts.
 */
import type { TrainerSnapshot } from '@/engine/train/trainer.ts';
import { memorySource } from '@/model/memory-source.ts';
import { openSafetensors, readBytes, readFloats } from '@/model/safetensors.ts';
import { type WritableTensor, writeSafetensors } from '@/model/safetensors-writer.ts';
import { sha256Hex } from '@/model/sha256.ts';
import type { ModelEnd } from '@/model/spec.ts';
import type { CheckpointCard, TrainParams, TrainProbe, TrainStep } from '@/protocol/training.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

const FORMAT = 'stratascope.checkpoint';
const VERSION = 1;

/** Bits of NFFT's frozen weights by layer and matrix; see method/attacks-nfft.ts. */
export type FrozenBits = Array<Map<string, Uint8Array>>;

export interface RunState {
  params: TrainParams;
  /** Updates done: with seed and rows this is the whole state of the data order. */
  step: number;
  steps: TrainStep[];
  probes: TrainProbe[];
  /** Of each layer as it was before the run, and of the backend that computed so far. */
  hashesBefore: string[];
  /** Of embedding, final norm and head; full parameters only. */
  endsBefore?: Partial<Record<ModelEnd, string>>;
  backend: string;
  heldOutBefore: number | null;
  snapshot: TrainerSnapshot;
  frozenBits: FrozenBits | null;
}

/** What steers a run: equal keys mean equal runs, step by step (on one backend). Checkpoints are kept under it. */
export function runKey(params: TrainParams): string {
  const { name, resume: _r, stopAfter: _s, checkpointEvery: _c, ...rest } = params;
  const hash = sha256Hex(new TextEncoder().encode(canonicalJson(rest))).slice(0, 12);
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return `${slug || 'run'}-${hash}`;
}

/**
 * @param keepOlder where this state may be a bad one: a run that diverged
 * @returns the size in bytes
 */
export async function saveCheckpoint(
  store: CheckpointStore,
  state: RunState,
  keepOlder = false,
): Promise<number> {
  const key = runKey(state.params);
  const { snapshot, frozenBits, ...rest } = state;
  const tensors = writeSafetensors(tensorsOf(snapshot, frozenBits));
  const existing = await loadCheckpoint(store, key, state.step).catch(() => null);
  // The same step again holds the same values: writing over a valid checkpoint could only harm it.
  if (existing) return tensors.length;
  const file = `${stepName(state.step)}.safetensors`;
  await store.write(key, file, tensors);
  const body = {
    ...rest,
    updateCount: snapshot.updateCount,
    savedAt: new Date().toISOString(),
    tensors: { file, bytes: tensors.length, sha256: sha256Hex(tensors) },
  };
  const sha256 = sha256Hex(new TextEncoder().encode(JSON.stringify(body)));
  const description = new TextEncoder().encode(
    JSON.stringify({ format: FORMAT, version: VERSION, sha256, body }),
  );
  await store.write(key, `${stepName(state.step)}.json`, description);
  const size = tensors.length + description.length;
  if (keepOlder) return size;
  const keep = stepName(state.step);
  for (const name of await store.list(key)) if (!name.startsWith(keep)) await store.remove(key, name);
  return size;
}

/** The newest checkpoint that is whole, or the one of `step`; null when there is none. */
export async function loadCheckpoint(
  store: CheckpointStore,
  key: string,
  step?: number,
): Promise<RunState | null> {
  const wanted = (name: string) =>
    name.endsWith('.json') && (step === undefined || name === `${stepName(step)}.json`);
  for (const name of (await store.list(key)).filter(wanted).sort().reverse()) {
    const body = describedBy(await store.read(key, name));
    const bytes = body && (await store.read(key, body.tensors.file));
    if (!bytes || bytes.length !== body.tensors.bytes || sha256Hex(bytes) !== body.tensors.sha256) continue;
    const { tensors: _, updateCount, savedAt: _s, ...rest } = body;
    // Values that are no numbers, of a run that diverged, are no state to go on from; the one before may be.
    const restored = await readState(bytes, body.hashesBefore.length, updateCount).catch(() => null);
    if (restored) return { ...rest, ...restored };
  }
  return null;
}

/** What can be taken up again, newest first. Reads descriptions only. */
export async function listCheckpoints(store: CheckpointStore): Promise<CheckpointCard[]> {
  const cards: CheckpointCard[] = [];
  for (const key of await store.runs()) {
    for (const name of (await store.list(key))
      .filter((one) => one.endsWith('.json'))
      .sort()
      .reverse()) {
      const body = describedBy(await store.read(key, name));
      if (!body) continue;
      cards.push({
        key,
        step: body.step,
        savedAt: body.savedAt,
        params: body.params,
        bytes: body.tensors.bytes,
      });
      break;
    }
  }
  return cards.sort((a, b) => b.savedAt.localeCompare(a.savedAt));
}

type Body = Omit<RunState, 'snapshot' | 'frozenBits'> & {
  updateCount: number;
  savedAt: string;
  tensors: { file: string; bytes: number; sha256: string };
};

function describedBy(bytes: Uint8Array | null): Body | null {
  if (!bytes) return null;
  try {
    const { format, version, sha256, body } = JSON.parse(new TextDecoder().decode(bytes));
    const whole = sha256Hex(new TextEncoder().encode(JSON.stringify(body))) === sha256;
    return format === FORMAT && version === VERSION && whole ? (body as Body) : null;
  } catch {
    // Cut short by whatever ended the run that wrote it.
    return null;
  }
}

const stepName = (step: number) => `step-${String(step).padStart(7, '0')}`;
const KINDS = ['parameters', 'first', 'second', 'anchor'] as const;

function tensorsOf(snapshot: TrainerSnapshot, frozenBits: FrozenBits | null): Map<string, WritableTensor> {
  const tensors = new Map<string, WritableTensor>();
  for (const kind of KINDS) {
    snapshot[kind]?.forEach((layer, index) => {
      for (const [name, data] of layer ?? []) {
        tensors.set(`${kind}/${index}/${name}`, { dtype: 'F32', dims: [data.length], data });
      }
    });
  }
  frozenBits?.forEach((layer, index) => {
    for (const [name, bits] of layer) {
      const data = new Int32Array(Math.ceil(bits.length / 4));
      new Uint8Array(data.buffer).set(bits);
      tensors.set(`frozen/${index}/${name}`, { dtype: 'I32', dims: [data.length], data });
    }
  });
  return tensors;
}

async function readState(bytes: Uint8Array, layerCount: number, updateCount: number) {
  const file = await openSafetensors(memorySource(bytes, 'checkpoint'));
  const nothing = () => Array.from({ length: layerCount }, () => null as Map<string, Float32Array> | null);
  const kinds = { parameters: nothing(), first: nothing(), second: nothing(), anchor: nothing() };
  const frozen: FrozenBits = Array.from({ length: layerCount }, () => new Map());
  const seen = new Set<string>();
  for (const path of file.entries.keys()) {
    const [kind, index, name] = path.split('/') as [(typeof KINDS)[number] | 'frozen', string, string];
    seen.add(kind);
    if (kind === 'frozen') {
      frozen[Number(index)]!.set(name, await readBytes(file, path));
    } else {
      const layer = (kinds[kind][Number(index)] ??= new Map());
      layer.set(name, await readFloats(file, path));
    }
  }
  const snapshot = { updateCount, ...kinds, anchor: seen.has('anchor') ? kinds.anchor : null };
  return { snapshot, frozenBits: seen.has('frozen') ? frozen : null };
}

/** JSON with keys in order, so that it does not matter in which order an object was put together. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    one && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

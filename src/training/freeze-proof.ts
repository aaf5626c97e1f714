/** Proof of freezing: hashes of what each layer computes with, and the size of what a run added to its weights. */
import { distinctEnds } from '@/engine/train/end-parameters.ts';
import type { LayerValues, TrainablePart } from '@/engine/train/parameters.ts';
import type { Trainer } from '@/engine/train/trainer.ts';
import { sha256OfPieces } from '@/model/sha256.ts';
import type { ModelEnd, ModelSpec } from '@/model/spec.ts';
import type { FreezeProofEnd } from '@/protocol/training.ts';

/**
 * sha256 over the layer's tensors as the device holds them: names in order, each followed by its little-endian float32.
 * `part`: the tensors that this is about, all of them by default.
 */
export async function layerHash(
  trainer: Trainer,
  layer: number,
  part: (name: string) => boolean = () => true,
): Promise<string> {
  const tensors = await trainer.layerTensors(layer);
  const names = [...tensors.keys()].filter(part).sort();
  return sha256OfPieces(names.flatMap((name) => tensorPieces(name, tensors.get(name)!)));
}

/** What of a layer its proof is about: of a frozen one whose norms train, all but these. */
export function provenPart(part: TrainablePart, frozen: boolean): (name: string) => boolean {
  const normsTrain = part.kind === 'full' && part.frozenNorms === true && frozen;
  return (name) => !(normsTrain && name.endsWith('Norm'));
}

/** The same for embedding, final norm and head. */
export async function endHashes(trainer: Trainer): Promise<Partial<Record<ModelEnd, string>>> {
  return hashesOf(await trainer.endValues());
}

async function hashesOf(
  values: ReadonlyMap<ModelEnd, Float32Array>,
): Promise<Partial<Record<ModelEnd, string>>> {
  const hashes: Partial<Record<ModelEnd, string>> = {};
  for (const [end, data] of values) hashes[end] = await sha256OfPieces(tensorPieces(end, data));
  return hashes;
}

/** Hashes before and after, and the norm of what the run added; full parameters only. */
export async function proveEnds(
  trainer: Trainer,
  spec: ModelSpec,
  part: Extract<TrainablePart, { kind: 'full' }>,
  before: Partial<Record<ModelEnd, string>>,
): Promise<FreezeProofEnd[]> {
  const trained = distinctEnds(spec, part.ends ?? []);
  const [now, start] = [await trainer.endValues(), await trainer.endValues('start')];
  const after = await hashesOf(now);
  return [...now].map(([end, values]) => ({
    end,
    frozen: !trained.includes(end),
    hashBefore: before[end]!,
    hashAfter: after[end]!,
    updateNorm: Math.sqrt(squaredDistance(values, start.get(end)!)),
  }));
}

/** What is hashed of a tensor: its name, its size, its bytes. */
function tensorPieces(name: string, { buffer, byteOffset, byteLength }: Float32Array): Uint8Array[] {
  const head = new TextEncoder().encode(`${name}:${byteLength};`);
  return [head, new Uint8Array(buffer, byteOffset, byteLength)];
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return squares;
}

/**
 * Frobenius norm of what the run added to one layer's weights, all trained tensors together. LoRA: of scaling · B A. Full:
 * of the weights now minus those at the start. 0 where nothing trains.
 */
export async function updateNorm(
  trainer: Trainer,
  part: TrainablePart,
  layer: number,
  trained: LayerValues[number],
  proven: (name: string) => boolean = () => true,
): Promise<number> {
  if (part.kind === 'lora') {
    if (!trained) return 0;
    // "q", or "q+k+v" of a fused matrix, whose parts share A.
    const units = [...trained.keys()]
      .filter((name) => name.startsWith('trainA.'))
      .map((name) => name.slice(7));
    const squares = units.map(
      (unit) =>
        loraUpdateNorm(
          trained.get(`trainA.${unit}`)!,
          trained.get(`trainB.${unit}`)!,
          part.rank,
          part.scaling,
        ) ** 2,
    );
    return Math.sqrt(squares.reduce((sum, one) => sum + one, 0));
  }
  // Frozen layers are compared as well: what should be equal is measured, not assumed.
  const [start, now] = [await trainer.layerTensors(layer, 'start'), await trainer.layerTensors(layer)];
  let squares = 0;
  for (const [name, before] of start) if (proven(name)) squares += squaredDistance(now.get(name)!, before);
  return Math.sqrt(squares);
}

/** ||s B A|| from the two small Gram matrices: its square is s² trace((BᵀB)(A Aᵀ)). a [rank, in], b [out, rank]. */
export function loraUpdateNorm(a: Float32Array, b: Float32Array, rank: number, scaling: number): number {
  const width = a.length / rank;
  const height = b.length / rank;
  let trace = 0;
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      let ofA = 0;
      for (let k = 0; k < width; k++) ofA += a[i * width + k]! * a[j * width + k]!;
      let ofB = 0;
      for (let k = 0; k < height; k++) ofB += b[k * rank + i]! * b[k * rank + j]!;
      trace += ofA * ofB;
    }
  }
  // Rounding may leave a zero slightly below it.
  return scaling * Math.sqrt(Math.max(0, trace));
}

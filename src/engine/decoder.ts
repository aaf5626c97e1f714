/** Greedy decoding of a batch: one prefill that keeps its keys, then one token per row and step. */
import type { Backend, DeviceTensor } from '@/backends/backend.ts';
import { decodeMask } from '@/kernels/mask.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { type AdapterStack, endsInUse } from './adapter-stack.ts';
import { type KeyValue, releaseKeys } from './batch-inputs.ts';
import { type DeviceWeights, embedBatch } from './device-weights.ts';
import type { LayerLoop } from './layer-loop.ts';
import type { PrefixUse } from './prefix-store.ts';
import type { ScalePlan } from './scale-plan.ts';

export interface DecodeRequest {
  /** Keys of the prefill, and the logits [V] that follow each row of it. */
  past: KeyValue[];
  logits: readonly Float32Array[];
  /** Length of each row's suffix, and what they were padded to. */
  lengths: readonly number[];
  paddedLength: number;
  prefix: PrefixUse;
  plan: ScalePlan;
  adapters: AdapterStack;
  maxNewTokens: number;
  stopIds: readonly number[];
  /** Called with every token as it is decided. */
  onToken?: (row: number, id: number) => void;
  signal?: AbortSignal;
}

export class Decoder {
  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly weights: DeviceWeights,
    private readonly loop: LayerLoop,
  ) {}

  /** The continuations, one per row. Takes over `past`. */
  async run(request: DecodeRequest): Promise<Int32Array[]> {
    const { lengths, stopIds, maxNewTokens } = request;
    const answers: number[][] = lengths.map(() => []);
    const finished = lengths.map(() => false);
    let { past, logits } = request;
    try {
      for (let step = 0; ; step++) {
        const next = logits.map(argmax);
        next.forEach((id, row) => {
          if (finished[row]) return;
          answers[row]!.push(id);
          request.onToken?.(row, id);
          finished[row] = stopIds.includes(id) || answers[row]!.length >= maxNewTokens;
        });
        if (finished.every(Boolean)) return answers.map((ids) => Int32Array.from(ids));
        const { past: longer, logits: following } = await this.#step(request, past, next, step);
        releaseKeys(this.backend, past);
        past = longer;
        logits = following;
      }
    } finally {
      releaseKeys(this.backend, past);
    }
  }

  async #step(request: DecodeRequest, past: KeyValue[], next: readonly number[], step: number) {
    const { backend, spec } = this;
    const { lengths, paddedLength, prefix } = request;
    const groupSize = spec.headCount / spec.kvHeadCount;
    const tokens = next.map((id) => Int32Array.of(id));
    const { y, present } = await this.loop.run({
      x: embedBatch(backend, endsInUse(this.weights, request.adapters), spec, tokens),
      first: 0,
      end: spec.layerCount,
      batch: {
        rowCount: lengths.length,
        newLength: 1,
        starts: lengths.map((length) => prefix.length + length + step),
        lengths: lengths.map(() => 1),
        mask: (window) => decodeMask(groupSize, lengths, prefix.length, paddedLength, step + 1, window),
        maskDims: [lengths.length, 1, groupSize, prefix.length + paddedLength + step + 1],
      },
      plan: request.plan,
      adapters: request.adapters,
      prefix: prefix.keys,
      past,
      keepKeys: true,
      signal: request.signal,
    });
    const logits = await readLogits(this.backend, this.loop, y, request.adapters);
    return { past: present, logits };
  }
}

/** Logits [V] of each of rows [B, D] that stand alone; releases them. */
export async function readLogits(
  backend: Backend,
  loop: LayerLoop,
  rows: DeviceTensor,
  adapters: Pick<AdapterStack, 'ends'>,
): Promise<Float32Array[]> {
  const { normed, logits } = await loop.head(rows, true, adapters);
  const [count, width] = logits!.dims as [number, number];
  const values = await backend.read(logits!);
  for (const tensor of [rows, normed, logits!]) backend.release(tensor);
  return Array.from({ length: count }, (_, row) => values.subarray(row * width, (row + 1) * width));
}

/** Index of the first largest value, as torch's argmax. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

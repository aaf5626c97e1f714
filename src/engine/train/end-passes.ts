/**
 * The two ends of a training pass: rows of the embedding into the layers, final norm, head and loss out of them, and the
 * gradients of both where they train. The layers between are passes.ts.
 */
import type { DeviceTensor } from '@/backends/backend.ts';
import { buildEmbeddingGradientKernel, buildLookupKernel } from '@/kernels/embedding-kernel.ts';
import { buildLossKernel } from '@/kernels/loss-kernel.ts';
import { endsInUse } from '../adapter-stack.ts';
import { embedBatch } from '../device-weights.ts';
import type { TrainingBatch } from './examples.ts';
import type { TrainerContext } from './trainer-options.ts';

/** The trainer's side: what of the ends trains, as it stands; absent or empty = the model's own. */
export interface TrainedEnds {
  tensors: Readonly<Record<string, DeviceTensor>>;
  /** Rows of each piece of embedding and head. */
  pieces: readonly number[];
}

export class EndPasses {
  readonly #vocabulary: DeviceTensor;

  constructor(
    private readonly context: TrainerContext,
    private readonly ends: () => TrainedEnds,
  ) {
    const { vocabSize } = context.spec;
    const ids = Int32Array.from({ length: vocabSize }, (_, id) => id);
    this.#vocabulary = context.backend.upload(ids, [1, vocabSize]);
  }

  /** x [B * T, D], what enters the first layer. Pads are rows of any kind: nothing looks at them. */
  async embed(batch: TrainingBatch): Promise<DeviceTensor> {
    const { backend, spec, weights, adapters, loop } = this.context;
    const { tensors, pieces } = this.ends();
    if (!('embedding.0' in tensors)) {
      return embedBatch(backend, endsInUse(weights, adapters), spec, batch.ids, batch.paddedLength);
    }
    const rows = batch.ids.length * batch.paddedLength;
    const kernel = await loop.kernel(`lookup:${pieces}`, () => buildLookupKernel(spec, pieces));
    const ids = flatIds(batch);
    const own: Record<string, DeviceTensor> = {};
    for (const [at, { start, end }] of spansOf(pieces).entries()) {
      const inside = ids.map((id) => Number(id >= start && id < end));
      const index = Int32Array.from(ids, (id, m) => (inside[m] ? id - start : 0));
      own[`index.${at}`] = backend.upload(index, [rows]);
      own[`inside.${at}`] = backend.upload(Float32Array.from(inside), [rows, 1]);
    }
    try {
      return (await backend.run(kernel, { ...tensors, ...own })).x!;
    } finally {
      this.#release(own);
    }
  }

  /**
   * Mean loss over the labels, each weighing 1 / tokenCount. With gradient also dx [B * T, D], and the gradients of head and
   * final norm under the names of what trains; they are the caller's.
   */
  async loss(batch: TrainingBatch, y: DeviceTensor, tokenCount: number, withGradient: boolean) {
    const { backend, spec, weights, adapters, loop } = this.context;
    const { tensors, pieces } = this.ends();
    const { finalNorm, head } = endsInUse(weights, adapters);
    const headName = spec.tiedEmbeddings ? 'embedding' : 'head';
    const trainsHead = `${headName}.0` in tensors;
    const variant = {
      withGradient,
      headPieces: trainsHead ? pieces : [],
      trainsHead,
      trainsFinalNorm: 'finalNorm' in tensors,
    };
    const kernel = await loop.kernel(`loss:${JSON.stringify(variant)}`, () => buildLossKernel(spec, variant));
    const count = batch.labels.length;
    const rowCount = batch.ids.length * batch.paddedLength;
    const spread = new Int32Array(rowCount).fill(count);
    batch.rows.forEach((row, n) => {
      spread[row] = n;
    });
    const own: Record<string, DeviceTensor> = {
      rows: backend.upload(batch.rows, [count]),
      labels: backend.upload(batch.labels, [count, 1]),
      weight: backend.upload(new Float32Array(count).fill(1 / tokenCount), [count, 1]),
      spread: backend.upload(spread, [rowCount]),
    };
    const heads = trainsHead
      ? Object.fromEntries(pieces.map((_, at) => [`head.${at}`, tensors[`${headName}.${at}`]!]))
      : head.inputs;
    try {
      const outputs = await backend.run(kernel, {
        ...own,
        ...heads,
        x: y,
        finalNorm: tensors.finalNorm ?? finalNorm,
        vocabulary: this.#vocabulary,
      });
      const { loss, dx, ...rest } = outputs;
      own.loss = loss!;
      const gradients = Object.fromEntries(
        Object.entries(rest).map(([name, tensor]) => [
          name.replace('grad.', '').replace('head.', `${headName}.`),
          tensor,
        ]),
      );
      return { loss: (await backend.read(loss!))[0]!, dx, gradients };
    } finally {
      this.#release(own);
    }
  }

  /**
   * Gradients of the embedding's pieces from dx [B * T, D], what arrived below the first layer. Those that a tied head left
   * in `gradients` are taken out of it and released.
   */
  async embeddingGradients(
    batch: TrainingBatch,
    dx: DeviceTensor,
    gradients: Record<string, DeviceTensor>,
  ): Promise<void> {
    const { backend, spec, loop } = this.context;
    const { tensors, pieces } = this.ends();
    if (!('embedding.0' in tensors)) return;
    const tied = spec.tiedEmbeddings;
    const places = placesOfTokens(batch);
    const M = batch.ids.length * batch.paddedLength;
    for (const [at, { start, end }] of spansOf(pieces).entries()) {
      const rowCount = end - start;
      const found = [...places].filter(([id]) => id >= start && id < end);
      // A piece without tokens still needs one row to name; nothing is added to it.
      const tokens = found.length > 0 ? found : ([[start, []]] as Array<[number, number[]]>);
      const collect = new Float32Array(tokens.length * M);
      tokens.forEach(([, where], u) => {
        for (const m of where) collect[u * M + m] = 1;
      });
      const own = {
        collect: backend.upload(collect, [tokens.length, M]),
        ids: backend.shape(
          tokens.map(([id]) => id - start),
          [tokens.length, 1],
        ),
      };
      const name = `embedding.${at}`;
      const kernel = await loop.kernel(`embeddingGradient:${rowCount}:${tied}`, () =>
        buildEmbeddingGradientKernel(spec, rowCount, tied),
      );
      const fromHead: Record<string, DeviceTensor> = tied ? { grad: gradients[name]! } : {};
      try {
        const { gradient } = await backend.run(kernel, { ...own, ...fromHead, dx });
        this.#release(fromHead);
        gradients[name] = gradient!;
      } finally {
        this.#release(own);
      }
    }
  }

  dispose(): void {
    this.context.backend.release(this.#vocabulary);
  }

  #release(tensors: Record<string, DeviceTensor>): void {
    for (const tensor of Object.values(tensors)) this.context.backend.release(tensor);
  }
}

/** [B * T]; pads are token 0. */
function flatIds({ ids, paddedLength }: TrainingBatch): number[] {
  return ids.flatMap((row) => Array.from({ length: paddedLength }, (_, t) => row[t] ?? 0));
}

/** Rows of the flattened batch by token; pads are nobody's. */
function placesOfTokens({ ids, paddedLength }: TrainingBatch): Map<number, number[]> {
  const places = new Map<number, number[]>();
  ids.forEach((row, b) => {
    row.forEach((id, t) => {
      const known = places.get(id);
      if (known) known.push(b * paddedLength + t);
      else places.set(id, [b * paddedLength + t]);
    });
  });
  return places;
}

/** First row of each piece, and the one behind its last. */
function spansOf(pieces: readonly number[]): Array<{ start: number; end: number }> {
  let end = 0;
  return pieces.map((rows) => ({ start: end, end: (end += rows) }));
}

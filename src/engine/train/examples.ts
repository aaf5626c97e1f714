/** Token sequences with labels, padded into batches for the trainer. Pure. */

export interface TrainingExample {
  ids: ArrayLike<number>;
  /** Positions from here on are labels: the response. 0 = the whole sequence, as the paper trains. */
  responseStart: number;
}

/** One padded batch; labels sit at the position that predicts them. */
export interface TrainingBatch {
  ids: Int32Array[];
  paddedLength: number;
  /** Rows of the flattened [B * T] batch whose next token counts, and that token. */
  rows: Int32Array;
  labels: Int32Array;
}

/**
 * The logits at t predict the token at t + 1: a label at position t + 1 belongs to row t. A sequence's first token is never
 * a label.
 */
export function trainingBatch(examples: readonly TrainingExample[]): TrainingBatch {
  const ids = examples.map((example) => Int32Array.from(example.ids));
  const paddedLength = Math.max(...ids.map((sequence) => sequence.length));
  const rows: number[] = [];
  const labels: number[] = [];
  examples.forEach(({ responseStart }, row) => {
    const sequence = ids[row]!;
    for (let t = Math.max(0, responseStart - 1); t + 1 < sequence.length; t++) {
      rows.push(row * paddedLength + t);
      labels.push(sequence[t + 1]!);
    }
  });
  return { ids, paddedLength, rows: Int32Array.from(rows), labels: Int32Array.from(labels) };
}

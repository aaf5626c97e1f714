/**
 * The embedding as something that trains, on the device: rows looked up from the matrix's pieces, and the gradient of one
 * piece. A model whose embedding is left alone needs neither: its rows are looked up in JavaScript.
 */
import type { ModelSpec } from '@/model/spec.ts';
import { GraphBuilder } from '@/onnx/graph.ts';

/**
 * `pieces`: rows of each. Inputs embedding.<i> [rows_i, D]; index.<i> int32 [M], each token's row within piece i, any row
 * where the token lies elsewhere; inside.<i> [M, 1], 1 where it lies here, else 0. Output x [M, D], times the model's embeddingScale.
 */
export function buildLookupKernel(
  { hiddenSize: D, embeddingScale }: ModelSpec,
  pieces: readonly number[],
): Uint8Array {
  const graph = new GraphBuilder();
  const found = pieces.map((count, at) => {
    const piece = graph.input(`embedding.${at}`, 'float32', [count, D]);
    const index = graph.input(`index.${at}`, 'int32', ['M']);
    const inside = graph.input(`inside.${at}`, 'float32', ['M', 1]);
    return graph.op('Mul', [graph.op('Gather', [piece, index], { axis: 0 }), inside]);
  });
  // One of the terms is the row, the others are zeros: the sum is exact.
  const x = found.reduce((sum, rows) => graph.op('Add', [sum, rows]));
  const scaled = embeddingScale ? graph.op('Mul', [x, graph.float(embeddingScale)]) : x;
  graph.output(scaled, 'x', 'float32', ['M', D]);
  return graph.encode();
}

/**
 * Gradient of one piece of `rowCount` rows: each row gets the sum of dx over the places of its token. Inputs dx [M, D];
 * collect [U, M], 1 where place m holds the u-th of the piece's tokens; ids int64 [U, 1], their rows, each once. `tied`: input
 * grad [rowCount, D], what the head's side gave, is added to. Output gradient [rowCount, D].
 */
export function buildEmbeddingGradientKernel(
  { hiddenSize: D, embeddingScale }: ModelSpec,
  rowCount: number,
  tied: boolean,
): Uint8Array {
  const graph = new GraphBuilder();
  const dx = graph.input('dx', 'float32', ['M', D]);
  const collect = graph.input('collect', 'float32', ['U', 'M']);
  const ids = graph.input('ids', 'int64', ['U', 1]);
  const sums = graph.op('Gemm', [collect, dx], embeddingScale ? { alpha: { float: embeddingScale } } : {});
  const below = tied
    ? graph.input('grad', 'float32', [rowCount, D])
    : graph.op('Expand', [graph.zeros([1, 1]), graph.ints([rowCount, D])]);
  // Every row comes once, so nothing depends on the order in which a runtime adds.
  const rows = tied ? graph.op('Add', [graph.op('GatherND', [below, ids]), sums]) : sums;
  graph.output(graph.op('ScatterND', [below, ids, rows]), 'gradient', 'float32', [rowCount, D]);
  return graph.encode();
}

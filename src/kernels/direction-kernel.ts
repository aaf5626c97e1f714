/** The edit of one direction of the residual stream as an ONNX graph. Which layers and rows: the engine's business. */
import type { ModelSpec } from '@/model/spec.ts';
import { GraphBuilder } from '@/onnx/graph.ts';

/**
 * x [N, D], column [D, 1] and row [1, D] (both the unit vector u), gain [1], shift [1], rows [N, 1] (1 = edited) ->
 * edited [N, D] = x + rows (gain (x.u) + shift) u.
 */
export function buildDirectionKernel(spec: ModelSpec): Uint8Array {
  const graph = new GraphBuilder();
  const { hiddenSize: D } = spec;
  const x = graph.input('x', 'float32', ['N', D]);
  const along = graph.op('MatMul', [x, graph.input('column', 'float32', [D, 1])]);
  const scaled = graph.op('Mul', [along, graph.input('gain', 'float32', [1])]);
  const amount = graph.op('Add', [scaled, graph.input('shift', 'float32', [1])]);
  const chosen = graph.op('Mul', [amount, graph.input('rows', 'float32', ['N', 1])]);
  const change = graph.op('MatMul', [chosen, graph.input('row', 'float32', [1, D])]);
  graph.output(graph.op('Add', [x, change]), 'edited', 'float32', ['N', D]);
  return graph.encode();
}

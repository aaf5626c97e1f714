/** The ends of the model as ONNX graphs: picking rows, the final norm, the output head. Not here: the layers. */
import type { PackedForm } from '@/model/packed-matrix.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import { Ops } from '@/onnx/ops.ts';
import { quantisedLinear } from './quantised-linear.ts';

/** x [N, D], rows int32 [B] -> picked [B, D]: the last token of each sequence of a padded batch. */
export function buildGatherKernel(spec: ModelSpec): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['N', spec.hiddenSize]);
  const rows = graph.input('rows', 'int32', ['B']);
  graph.output(graph.op('Gather', [x, rows], { axis: 0 }), 'picked', 'float32', ['B', spec.hiddenSize]);
  return graph.encode();
}

/** x [B, D], finalNorm [D] -> normed [B, D]; with logits also head [V, D], or quantised -> logits [B, V]. */
export function buildHeadKernel(
  spec: ModelSpec,
  withLogits: boolean,
  form: PackedForm | null = null,
): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['B', spec.hiddenSize]);
  const weight = graph.input('finalNorm', 'float32', [spec.hiddenSize]);
  const normed = graph.op('SimplifiedLayerNormalization', [x, weight], {
    axis: -1,
    epsilon: { float: spec.normEps },
  });
  graph.output(normed, 'normed', 'float32', ['B', spec.hiddenSize]);
  if (withLogits) {
    const dims = [spec.vocabSize, spec.hiddenSize] as const;
    const ops = new Ops(graph);
    const logits = form
      ? quantisedLinear(graph, normed, 'head', dims, form)
      : ops.linear(normed, graph.input('head', 'float32', dims));
    const capped = spec.finalSoftcap ? ops.softcap(logits, spec.finalSoftcap) : logits;
    graph.output(capped, 'logits', 'float32', ['B', spec.vocabSize]);
  }
  return graph.encode();
}

/**
 * The plain way to count, as exported models do it: one ONNX graph of the whole model, every rendered prompt from its first
 * token, one padded batch. Kept as the yardstick of `npm run bench`; the product never runs it. It is given every
 * advantage that the graph form allows: prepacked weights, fused rotary embedding, head at the last position only.
 */
import { type MatrixName, type ModelSpec, matrixDims, type WeightReader } from '@/model/spec.ts';
import { GraphBuilder, type Value } from '@/onnx/graph.ts';

export interface PlainModel {
  graph: Uint8Array;
  /** Files of weights by location: one would pass 2 GiB in larger models, and one per layer can be released early. */
  weights: Array<{ path: string; data: Uint8Array }>;
}

/** Inputs: x [B, T, D] embedded tokens, positions [B, T], cos, sin, mask [B, 1, T, T], last int32 [B] rows of B*T, alpha [L]. */
export async function plainModel(spec: ModelSpec, reader: WeightReader): Promise<PlainModel> {
  const { hiddenSize: D, headCount: H, kvHeadCount: G, headDim: d, layerCount: L } = spec;
  const graph = new GraphBuilder();
  const weights: PlainModel['weights'] = [];
  const weight = (name: string, values: Float32Array, dims: readonly number[]): Value => {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    weights.push({ path: name, data });
    return graph.externalWeight(name, dims, name, 0);
  };
  const norm = (x: Value, name: string, values: Float32Array) =>
    graph.op('SimplifiedLayerNormalization', [x, weight(name, values, [D])], {
      axis: -1,
      epsilon: { float: spec.normEps },
    });

  let x = graph.input('x', 'float32', ['B', 'T', D]);
  const positions = graph.input('positions', 'int64', ['B', 'T']);
  const cos = graph.input('cos', 'float32', ['N', d / 2]);
  const sin = graph.input('sin', 'float32', ['N', d / 2]);
  const mask = graph.input('mask', 'float32', ['B', 1, 'T', 'T']);
  const last = graph.input('last', 'int32', ['B']);
  const alphas = graph.ops('Split', [graph.input('alpha', 'float32', [L])], L, { axis: 0, num_outputs: L });

  for (let layer = 0; layer < L; layer++) {
    const read = await reader.layer(layer);
    const linear = (h: Value, name: MatrixName) => {
      const [out, input] = matrixDims(spec)[name];
      const w = weight(`${name}.${layer}`, transpose(read.matrices[name], out, input), [input, out]);
      return graph.op('Mul', [graph.op('MatMul', [h, w]), alphas[layer]!]);
    };
    const heads = (rows: Value) =>
      graph.op('Transpose', [graph.op('Reshape', [rows, graph.ints([0, 0, -1, d])])], { perm: [0, 2, 1, 3] });
    const rope = (value: Value) =>
      graph.op('RotaryEmbedding', [value, positions, cos, sin], {}, 'com.microsoft');
    const repeat = (value: Value) => {
      // Exported graphs copy each key head r times: [B, G, T, d] -> [B, H, T, d].
      const parts = graph.ops('Split', [value], G, { axis: 1, num_outputs: G });
      return graph.op(
        'Concat',
        parts.flatMap((part) => new Array<Value>(H / G).fill(part)),
        { axis: 1 },
      );
    };
    const h = norm(x, `attentionNorm.${layer}`, read.attentionNorm);
    const query = rope(heads(linear(h, 'q')));
    const keys = repeat(rope(heads(linear(h, 'k'))));
    const values = repeat(heads(linear(h, 'v')));
    const scores = graph.op('Mul', [
      graph.op('MatMul', [query, graph.op('Transpose', [keys], { perm: [0, 1, 3, 2] })]),
      graph.float(1 / Math.sqrt(d)),
    ]);
    const mixed = graph.op('MatMul', [
      graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: -1 }),
      values,
    ]);
    const merged = graph.op('Reshape', [
      graph.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      graph.ints([0, 0, H * d]),
    ]);
    x = graph.op('Add', [x, linear(merged, 'o')]);
    const h2 = norm(x, `ffnNorm.${layer}`, read.ffnNorm);
    const gate = graph.op('QuickGelu', [linear(h2, 'gate')], { alpha: { float: 1 } }, 'com.microsoft');
    x = graph.op('Add', [x, linear(graph.op('Mul', [gate, linear(h2, 'up')]), 'down')]);
  }
  const rows = graph.op('Gather', [graph.op('Reshape', [x, graph.ints([-1, D])]), last], { axis: 0 });
  const normed = norm(rows, 'finalNorm', await reader.finalNorm());
  const head = (await reader.head()) ?? (await reader.embedding());
  const headWeight = weight('head', transpose(head, spec.vocabSize, D), [D, spec.vocabSize]);
  graph.output(graph.op('MatMul', [normed, headWeight]), 'logits', 'float32', ['B', spec.vocabSize]);
  return { graph: graph.encode(), weights };
}

/** [out, in] -> [in, out], in blocks that stay in the cache. */
function transpose(values: Float32Array, out: number, input: number): Float32Array {
  const result = new Float32Array(values.length);
  const block = 32;
  for (let row0 = 0; row0 < out; row0 += block) {
    for (let column0 = 0; column0 < input; column0 += block) {
      const rowEnd = Math.min(row0 + block, out);
      const columnEnd = Math.min(column0 + block, input);
      for (let row = row0; row < rowEnd; row++) {
        for (let column = column0; column < columnEnd; column++) {
          result[column * out + row] = values[row * input + column]!;
        }
      }
    }
  }
  return result;
}

/**
 * One decoder layer as an ONNX graph, the unit of every experiment: it runs once per layer, with that layer's weights
 * as inputs. Variants differ in what they accept and return, never in their arithmetic. Not here: loops over layers,
 * caches, weights (src/engine).
 *
 * Dims: B rows, T new positions, P positions of the shared prefix, R past positions of a row, S = P + R + T keys,
 * D hidden, H query heads in G groups of r = H / G, d head width.
 */
import { MATRIX_NAMES, type MatrixName, type ModelSpec, matrixDims } from '@/model/spec.ts';
import { GraphBuilder, type Value } from '@/onnx/graph.ts';

export interface LayerVariant {
  /** Inputs prefixKey, prefixValue [1, G, P, d], shared by every row, and batchShape int64 [4] = (B, 1, 1, 1). */
  prefix: boolean;
  /** Inputs pastKey, pastValue [B, G, R, d]: each row's own earlier positions. */
  past: boolean;
  /** Outputs presentKey, presentValue [B, G, R + T, d], without the prefix. */
  keepKeys: boolean;
  /** Output attention [1, G, r, S]: probabilities of the last query; for one row without padding only. */
  attention: boolean;
  /** Input alpha [7] in the order of MATRIX_NAMES; without it every matrix is taken as it is. */
  scaled: boolean;
  /** Matrices with low-rank updates: inputs loraA.<m> [rank, in], loraB.<m> [out, rank] with the scaling folded in. */
  lora: readonly MatrixName[];
}

/** Equal variants have equal keys: for caching compiled kernels. */
export function variantKey(variant: LayerVariant): string {
  const flags = [variant.prefix, variant.past, variant.keepKeys, variant.attention, variant.scaled];
  return `${flags.map(Number).join('')}:${variant.lora.join(',')}`;
}

/**
 * Inputs: x [B*T, D]; headShape int64 [4] = (B, T, -1, d); positions int64 [B, T]; cos, sin [positions, d/2];
 * mask [1 or B, 1, r*T, S] additive, its rows ordered (group member, position); attentionNorm, ffnNorm [D]; the seven
 * matrices [out, in]; and what the variant adds. Output: y [B*T, D], the residual stream after the layer.
 */
export function buildLayerKernel(spec: ModelSpec, variant: LayerVariant): Uint8Array {
  const { hiddenSize: D, headCount: H, kvHeadCount: G, headDim: d } = spec;
  const graph = new GraphBuilder();
  const linear = linearMaps(graph, spec, variant);

  const x = graph.input('x', 'float32', ['BT', D]);
  const headShape = graph.input('headShape', 'int64', [4]);
  const mask = graph.input('mask', 'float32', ['M', 1, 'rT', 'S']);

  const h = rmsNorm(graph, spec, x, 'attentionNorm');
  /** [B*T, n*d] -> [B, n, T, d] */
  const toHeads = (rows: Value) =>
    graph.op('Transpose', [graph.op('Reshape', [rows, headShape])], { perm: [0, 2, 1, 3] });
  const rotate = rotaryEmbedding(graph, spec);
  const query = rotate(toHeads(linear(h, 'q')));
  const { keys, values } = keysAndValues(graph, spec, variant, {
    key: rotate(toHeads(linear(h, 'k'))),
    value: toHeads(linear(h, 'v')),
  });

  // The r query heads of a group are stacked along the position axis, so keys and values need no copies.
  const grouped = graph.op('Reshape', [query, graph.ints([0, G, -1, d])]);
  const keysT = graph.op('Transpose', [keys], { perm: [0, 1, 3, 2] });
  const attend = (queries: Value, additive: Value) => {
    const logits = graph.op('Mul', [graph.op('MatMul', [queries, keysT]), graph.float(1 / Math.sqrt(d))]);
    return graph.op('Softmax', [graph.op('Add', [logits, additive])], { axis: -1 });
  };
  const mixed = graph.op('MatMul', [attend(grouped, mask), values]);
  const merged = graph.op('Transpose', [graph.op('Reshape', [mixed, graph.ints([0, H, -1, d])])], {
    perm: [0, 2, 1, 3],
  });
  const attended = graph.op('Add', [x, linear(graph.op('Reshape', [merged, graph.ints([-1, H * d])]), 'o')]);

  const h2 = rmsNorm(graph, spec, attended, 'ffnNorm');
  // QuickGelu with alpha 1 is x * sigmoid(x), SiLU, in one node.
  const gate = graph.op('QuickGelu', [linear(h2, 'gate')], { alpha: { float: 1 } }, 'com.microsoft');
  const y = graph.op('Add', [attended, linear(graph.op('Mul', [gate, linear(h2, 'up')]), 'down')]);
  graph.output(y, 'y', 'float32', ['BT', D]);

  if (variant.attention) {
    const last = (value: Value) => graph.op('Gather', [value, graph.ints([-1])], { axis: 2 });
    const lastQuery = graph.op('Reshape', [last(query), graph.ints([0, G, -1, d])]);
    graph.output(attend(lastQuery, last(mask)), 'attention', 'float32', [1, G, H / G, 'S']);
  }
  return graph.encode();
}

/**
 * (rows [B*T, in], name) -> alpha (rows Wᵀ + rows Aᵀ Bᵀ) [B*T, out]. Alpha multiplies base and update alike: what the
 * paper scales is the weight of the aligned model, adapter merged.
 */
function linearMaps(graph: GraphBuilder, spec: ModelSpec, variant: LayerVariant) {
  const dims = matrixDims(spec);
  const alphas = variant.scaled
    ? graph.ops('Split', [graph.input('alpha', 'float32', [MATRIX_NAMES.length])], MATRIX_NAMES.length, {
        axis: 0,
        num_outputs: MATRIX_NAMES.length,
      })
    : null;
  return (rows: Value, name: MatrixName): Value => {
    const [out, input] = dims[name];
    let y = graph.op('Gemm', [rows, graph.input(name, 'float32', [out, input])], { transB: 1 });
    if (variant.lora.includes(name)) {
      const a = graph.input(`loraA.${name}`, 'float32', [`rank_${name}`, input]);
      const b = graph.input(`loraB.${name}`, 'float32', [out, `rank_${name}`]);
      y = graph.op('Gemm', [graph.op('Gemm', [rows, a], { transB: 1 }), b, y], { transB: 1 });
    }
    return alphas ? graph.op('Mul', [y, alphas[MATRIX_NAMES.indexOf(name)]!]) : y;
  };
}

function rmsNorm(graph: GraphBuilder, spec: ModelSpec, rows: Value, weightName: string): Value {
  const weight = graph.input(weightName, 'float32', [spec.hiddenSize]);
  return graph.op('SimplifiedLayerNormalization', [rows, weight], {
    axis: -1,
    epsilon: { float: spec.normEps },
  });
}

function rotaryEmbedding(graph: GraphBuilder, spec: ModelSpec) {
  const positions = graph.input('positions', 'int64', ['B', 'T']);
  const cos = graph.input('cos', 'float32', ['N', spec.headDim / 2]);
  const sin = graph.input('sin', 'float32', ['N', spec.headDim / 2]);
  return (heads: Value) => graph.op('RotaryEmbedding', [heads, positions, cos, sin], {}, 'com.microsoft');
}

/** New keys and values behind those of the row's past and of the shared prefix, all [B, G, S, d]. */
function keysAndValues(
  graph: GraphBuilder,
  spec: ModelSpec,
  variant: LayerVariant,
  fresh: { key: Value; value: Value },
): { keys: Value; values: Value } {
  const { kvHeadCount: G, headDim: d } = spec;
  const batchShape = variant.prefix ? graph.input('batchShape', 'int64', [4]) : undefined;
  const extend = (value: Value, name: 'Key' | 'Value'): Value => {
    let all = value;
    if (variant.past) {
      const past = graph.input(`past${name}`, 'float32', ['B', G, 'R', d]);
      all = graph.op('Concat', [past, all], { axis: 2 });
    }
    if (variant.keepKeys) graph.output(all, `present${name}`, 'float32', ['B', G, 'RT', d]);
    if (batchShape) {
      const prefix = graph.input(`prefix${name}`, 'float32', [1, G, 'P', d]);
      all = graph.op('Concat', [graph.op('Expand', [prefix, batchShape]), all], { axis: 2 });
    }
    return all;
  };
  return { keys: extend(fresh.key, 'Key'), values: extend(fresh.value, 'Value') };
}

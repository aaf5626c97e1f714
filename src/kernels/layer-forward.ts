/**
 * The arithmetic of one decoder layer, written once: on plain Ops it becomes a forward kernel, on a Tape also the gradient.
 *
 * Dims: B rows, T new positions, P positions of the shared prefix, R past positions of a row, S = P + R + T keys,
 * D hidden, H query heads in G groups of r = H / G, d head width.
 */
import { MATRIX_NAMES, type MatrixName, type ModelSpec, matrixDims } from '@/model/spec.ts';
import { Tape } from '@/onnx/autodiff.ts';
import type { Dim, Value } from '@/onnx/graph.ts';
import type { Ops } from '@/onnx/ops.ts';
import type { KeptName } from './kept-activations.ts';
import type { LayerVariant } from './layer-kernel.ts';

export interface LayerValues {
  x: Value;
  y: Value;
  /** Every input that is a weight, under its input name. */
  weights: Map<string, { value: Value; dims: readonly Dim[] }>;
}

/**
 * Declares the inputs, and the outputs that the variant adds; y is left to the caller. On a tape, x and `trains` are leaves,
 * and what the variant keeps is an input.
 */
export function layerForward(
  ops: Ops,
  spec: ModelSpec,
  variant: LayerVariant,
  trains: (name: string) => boolean = () => false,
): LayerValues {
  const { hiddenSize: D, headCount: H, kvHeadCount: G, headDim: d, ffnSize: F } = spec;
  const { graph } = ops;
  const weights: LayerValues['weights'] = new Map();
  const weight = (name: string, dims: readonly Dim[]): Value => {
    const value = graph.input(name, 'float32', dims);
    weights.set(name, { value, dims });
    return ops instanceof Tape && trains(name) ? ops.leaf(value) : value;
  };
  const linear = linearMaps(ops, spec, variant, weight);
  const keep = (value: Value, name: KeptName, dims: readonly Dim[]): Value => {
    if (!variant.keepsActivations) return value;
    if (ops instanceof Tape) graph.given(value, `kept.${name}`, 'float32', dims);
    else graph.output(value, `kept.${name}`, 'float32', dims);
    return value;
  };

  const x = graph.input('x', 'float32', ['BT', D]);
  if (ops instanceof Tape) ops.leaf(x);
  const headShape = graph.input('headShape', 'int64', [4]);
  const positions = graph.input('positions', 'int64', ['B', 'T']);
  const cos = graph.input('cos', 'float32', ['N', d / 2]);
  const sin = graph.input('sin', 'float32', ['N', d / 2]);
  const mask = graph.input('mask', 'float32', ['M', 1, 'rT', 'S']);

  const h = ops.rmsNorm(x, weight('attentionNorm', [D]), spec.normEps);
  /** [B*T, n*d] -> [B, n, T, d] */
  const toHeads = (rows: Value, count: number, shape = headShape) =>
    ops.transpose(ops.reshape(rows, shape, [-1, count * d]), [0, 2, 1, 3]);
  const asking = variant.lastOnly ? lastRows(ops, x, h) : { residual: x, h, shape: headShape, positions };
  const rotated = ops.rotary(toHeads(linear(asking.h, 'q'), H, asking.shape), asking.positions, cos, sin);
  const query = keep(rotated, 'query', ['B', H, 'T', d]);
  const { keys, values } = keysAndValues(ops, spec, variant, {
    key: keep(ops.rotary(toHeads(linear(h, 'k'), G), positions, cos, sin), 'key', ['B', G, 'T', d]),
    value: keep(toHeads(linear(h, 'v'), G), 'value', ['B', G, 'T', d]),
  });

  // The r query heads of a group are stacked along the position axis, so keys and values need no copies.
  const keysT = ops.transpose(keys, [0, 1, 3, 2]);
  const attend = (queries: Value, additive: Value) =>
    ops.softmax(ops.addFixed(ops.scale(ops.matmul(queries, keysT), 1 / Math.sqrt(d)), additive));
  const grouped = ops.reshape(query, [0, G, -1, d], [0, H, -1, d]);
  const probabilities = keep(attend(grouped, mask), 'probabilities', ['B', G, 'rT', 'S']);
  const mixed = ops.reshape(ops.matmul(probabilities, values), [0, H, -1, d], [0, G, -1, d]);
  // Going back from rows to [B, T, H, d] needs B and T: the same shape that split the rows into heads.
  const merged = ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [-1, H * d], headShape);
  const attended = keep(ops.add(asking.residual, linear(merged, 'o')), 'attended', ['BT', D]);

  const h2 = ops.rmsNorm(attended, weight('ffnNorm', [D]), spec.normEps);
  const gate = keep(linear(h2, 'gate'), 'gate', ['BT', F]);
  const gated = ops.multiply(ops.silu(gate), keep(linear(h2, 'up'), 'up', ['BT', F]));
  const y = ops.add(attended, linear(gated, 'down'));

  if (variant.attention) {
    const last = (value: Value) => graph.op('Gather', [value, graph.ints([-1])], { axis: 2 });
    const lastQuery = ops.reshape(last(query), [0, G, -1, d], [0, H, -1, d]);
    graph.output(attend(lastQuery, last(mask)), 'attention', 'float32', [1, G, H / G, 'S']);
  }
  return { x, y, weights };
}

/** What asks when only the last token of each row does: keys and values still come from all. */
function lastRows({ graph }: Ops, x: Value, h: Value) {
  const rows = graph.input('rows', 'int32', ['B']);
  const pick = (value: Value) => graph.op('Gather', [value, rows], { axis: 0 });
  return {
    residual: pick(x),
    h: pick(h),
    shape: graph.input('queryShape', 'int64', [4]),
    positions: graph.input('queryPositions', 'int64', ['B', 1]),
  };
}

/**
 * (rows [B*T, in], name) -> alpha (rows Wᵀ + rows Aᵀ Bᵀ + scaling rows' A'ᵀ B'ᵀ) [B*T, out], rows' being rows times the
 * dropout mask where there is one. Alpha multiplies base and updates alike: what the paper scales is the weight of the aligned model, adapter merged.
 */
function linearMaps(
  ops: Ops,
  spec: ModelSpec,
  variant: LayerVariant,
  weight: (name: string, dims: readonly Dim[]) => Value,
) {
  const dims = matrixDims(spec);
  const { graph } = ops;
  const alphas = variant.scaled
    ? graph.ops('Split', [graph.input('alpha', 'float32', [MATRIX_NAMES.length])], MATRIX_NAMES.length, {
        axis: 0,
        num_outputs: MATRIX_NAMES.length,
      })
    : null;
  return (rows: Value, name: MatrixName): Value => {
    const [out, input] = dims[name];
    let y = ops.linear(rows, weight(name, [out, input]));
    const addUpdate = (kind: 'lora' | 'train', scaling: number, from: Value) => {
      const a = weight(`${kind}A.${name}`, [`${kind}_rank_${name}`, input]);
      const b = weight(`${kind}B.${name}`, [out, `${kind}_rank_${name}`]);
      y = ops.linear(ops.linear(from, a), b, y, scaling);
    };
    const { trained } = variant;
    if (variant.lora.includes(name)) addUpdate('lora', 1, rows);
    if (trained?.matrices.includes(name)) {
      // As in PEFT, each matrix drops inputs of its own update alone.
      const dropout = () => ops.multiply(rows, graph.input(`dropout.${name}`, 'float32', ['BT', input]));
      addUpdate('train', trained.scaling, trained.dropout ? dropout() : rows);
    }
    return alphas ? graph.op('Mul', [y, alphas[MATRIX_NAMES.indexOf(name)]!]) : y;
  };
}

/** New keys and values behind those of the row's past and of the shared prefix, all [B, G, S, d]. */
function keysAndValues(
  { graph }: Ops,
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

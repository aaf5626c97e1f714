/**
 * The arithmetic of one decoder layer, written once: on plain Ops it becomes a forward kernel, on a Tape also the gradient.
 *
 * Dims: B rows, T new positions (of the longest row), N tokens (B*T, or fewer where rows are packed), P positions of the shared
 * prefix, R past positions of a row, S = P + R + T keys, D hidden, H query heads in G groups of r = H / G, d head width.
 */
import {
  adapterUnits,
  MATRIX_NAMES,
  type MatrixName,
  type MatrixUnit,
  type ModelSpec,
  matrixDims,
  unitName,
} from '@/model/spec.ts';
import { Tape } from '@/onnx/autodiff.ts';
import type { Dim, Value } from '@/onnx/graph.ts';
import type { Ops } from '@/onnx/ops.ts';
import type { KeptName } from './kept-activations.ts';
import type { LayerVariant } from './layer-kernel.ts';
import { quantisedLinear } from './quantised-linear.ts';

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

  const x = graph.input('x', 'float32', [variant.packed ? 'tokens' : 'BT', D]);
  if (ops instanceof Tape) ops.leaf(x);
  const headShape = graph.input('headShape', 'int64', [4]);
  const positions = graph.input('positions', 'int64', ['B', 'T']);
  const cos = graph.input('cos', 'float32', ['N', d / 2]);
  const sin = graph.input('sin', 'float32', ['N', d / 2]);
  const mask = graph.input('mask', 'float32', ['M', 1, 'rT', 'S']);

  const h = ops.rmsNorm(x, weight('attentionNorm', [D]), spec.normEps);
  const packing = variant.packed ? packingOf(ops) : null;
  /** [N, n*d] -> [B, n, T, d]; where last tokens alone ask, [B, n*d] -> [B, n, 1, d]. */
  const toHeads = (rows: Value, count: number, norm?: Value, shape = headShape) => {
    const padded = packing && shape === headShape ? packing.pad(rows) : rows;
    const split = ops.reshape(padded, shape, [-1, count * d]);
    return ops.transpose(norm ? ops.rmsNorm(split, norm, spec.normEps, 4) : split, [0, 2, 1, 3]);
  };
  const headNorm = (name: 'qNorm' | 'kNorm') => (spec.qkNorm ? weight(name, [d]) : undefined);
  /** Queries and keys as their norms take them. */
  const plain = (rows: Value, name: 'plainQuery' | 'plainKey', count: number) =>
    spec.qkNorm ? keep(rows, name, ['BT', count * d]) : rows;
  /** What a sub-block gives, on its way into the residual stream. */
  const leaving = (
    rows: Value,
    norm: 'postAttentionNorm' | 'postFfnNorm',
    kept: 'attentionOut' | 'ffnOut',
  ) => (spec.postNorms ? ops.rmsNorm(keep(rows, kept, ['BT', D]), weight(norm, [D]), spec.normEps) : rows);
  const asking = variant.lastOnly ? lastRows(ops, x, h) : { residual: x, h, shape: headShape, positions };
  const queries = toHeads(plain(linear(asking.h, 'q'), 'plainQuery', H), H, headNorm('qNorm'), asking.shape);
  const query = keep(ops.rotary(queries, asking.positions, cos, sin), 'query', ['B', H, 'T', d]);
  const keyHeads = toHeads(plain(linear(h, 'k'), 'plainKey', G), G, headNorm('kNorm'));
  const { keys, values } = keysAndValues(ops, spec, variant, {
    key: keep(ops.rotary(keyHeads, positions, cos, sin), 'key', ['B', G, 'T', d]),
    value: keep(toHeads(linear(h, 'v'), G), 'value', ['B', G, 'T', d]),
  });

  // The r query heads of a group are stacked along the position axis, so keys and values need no copies.
  const keysT = ops.transpose(keys, [0, 1, 3, 2]);
  const { attentionScale = 1 / Math.sqrt(d), attentionSoftcap } = spec;
  const attend = (queries: Value, additive: Value) => {
    const products = ops.matmul(queries, keysT);
    const scores = attentionSoftcap
      ? ops.softcap(products, attentionSoftcap, attentionScale)
      : ops.scale(products, attentionScale);
    return ops.softmax(ops.addFixed(scores, additive));
  };
  const grouped = ops.reshape(query, [0, G, -1, d], [0, H, -1, d]);
  const probabilities = keep(attend(grouped, mask), 'probabilities', ['B', G, 'rT', 'S']);
  const mixed = ops.reshape(ops.matmul(probabilities, values), [0, H, -1, d], [0, G, -1, d]);
  // Going back from rows to [B, T, H, d] needs B and T: the same shape that split the rows into heads.
  const padded = ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [-1, H * d], headShape);
  const merged = packing && !variant.lastOnly ? packing.pack(padded) : padded;
  const attended = keep(
    ops.add(asking.residual, leaving(linear(merged, 'o'), 'postAttentionNorm', 'attentionOut')),
    'attended',
    ['BT', D],
  );

  const h2 = ops.rmsNorm(attended, weight('ffnNorm', [D]), spec.normEps);
  const gate = keep(linear(h2, 'gate'), 'gate', ['BT', F]);
  const activated = spec.activation === 'geluTanh' ? ops.geluTanh(gate) : ops.silu(gate);
  const gated = ops.multiply(activated, keep(linear(h2, 'up'), 'up', ['BT', F]));
  const y = ops.add(attended, leaving(linear(gated, 'down'), 'postFfnNorm', 'ffnOut'));

  if (variant.attention) {
    const last = (value: Value) => graph.op('Gather', [value, graph.ints([-1])], { axis: 2 });
    const lastQuery = ops.reshape(last(query), [0, G, -1, d], [0, H, -1, d]);
    graph.output(attend(lastQuery, last(mask)), 'attention', 'float32', [1, G, H / G, 'S']);
  }
  return { x, y, weights };
}

/**
 * Rows of unequal length stand one after the other without pads, [N, …]; attention alone sees them padded, [B*T, …]. What a pad
 * holds is a copy of some token's row: no query that goes on looks at it.
 */
function packingOf({ graph }: Ops) {
  const padTo = graph.input('padTo', 'int32', ['BT']);
  const packTo = graph.input('packTo', 'int32', ['tokens']);
  return {
    pad: (rows: Value) => graph.op('Gather', [rows, padTo], { axis: 0 }),
    pack: (rows: Value) => graph.op('Gather', [rows, packTo], { axis: 0 }),
  };
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
 * (rows [N, in], name) -> alpha (rows Wᵀ + rows Aᵀ Bᵀ + scaling rows' A'ᵀ B'ᵀ) + bias [N, out], rows' being rows times the
 * dropout mask where there is one. Alpha multiplies base and updates alike: what the paper scales is the weight of the aligned
 * model, adapter merged. The bias is no part of it.
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
  const { trained } = variant;
  const units = adapterUnits(spec, trained?.matrices ?? []);
  const update = unitUpdates(ops, spec, weight);
  return (rows: Value, name: MatrixName): Value => {
    const [out, input] = dims[name];
    const form = variant.quantised?.[name];
    const matrix = form ? null : weight(name, [out, input]);
    const bias = spec.biases?.includes(name) ? weight(`${name}Bias`, [out]) : undefined;
    const fusesBias = bias && matrix && !alphas;
    let y = matrix
      ? fusesBias
        ? ops.affine(rows, matrix, bias)
        : ops.linear(rows, matrix)
      : quantisedLinear(graph, rows, name, [out, input], form!);
    if (variant.lora.includes(name)) {
      const { low, high } = update('lora', [name], rows, () => rows);
      y = ops.linear(low, high(name), y);
    }
    const unit = units.find((one) => one.includes(name));
    if (unit && trained) {
      // As in PEFT, each module drops inputs of its own update alone.
      const dropped = () =>
        ops.multiply(rows, graph.input(`dropout.${unitName(unit)}`, 'float32', ['BT', input]));
      const { low, high } = update('train', unit, rows, trained.dropout ? dropped : () => rows);
      y = ops.linear(low, high(name), y, trained.scaling);
    }
    if (alphas) y = graph.op('Mul', [y, alphas[MATRIX_NAMES.indexOf(name)]!]);
    return bias && !fusesBias ? graph.op('Add', [y, bias]) : y;
  };
}

/** Low-rank updates: rows Aᵀ [N, rank], and of each matrix its B [out, rank]. The parts of a fused matrix share A and hold rows of one B. */
function unitUpdates(ops: Ops, spec: ModelSpec, weight: (name: string, dims: readonly Dim[]) => Value) {
  const dims = matrixDims(spec);
  const made = new Map<string, { low: Value; high: (name: MatrixName) => Value }>();
  return (kind: 'lora' | 'train', unit: MatrixUnit, rows: Value, from: () => Value) => {
    const name = unitName(unit);
    const key = `${kind}.${name}.${rows}`;
    const known = made.get(key);
    if (known) return known;
    const rank = `${kind}_rank_${name}`;
    const sizes = unit.map((part) => dims[part][0]);
    const source = from();
    const a = weight(`${kind}A.${name}`, [rank, dims[unit[0]!][1]]);
    const b = weight(`${kind}B.${name}`, [sizes.reduce((sum, size) => sum + size), rank]);
    const parts = unit.length === 1 ? [b] : ops.splitRows(b, sizes);
    const fresh = { low: ops.linear(source, a), high: (part: MatrixName) => parts[unit.indexOf(part)]! };
    made.set(key, fresh);
    return fresh;
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

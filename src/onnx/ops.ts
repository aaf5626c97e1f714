/**
 * The operations that layers are made of, each one or two ONNX nodes that every backend has. The same calls build the
 * forward graph here and, through the tape in autodiff.ts, its gradient: the arithmetic is written once.
 */
import type { GraphBuilder, Value } from './graph.ts';

/** A shape known when the graph is built (0 copies, -1 infers, as in ONNX Reshape), or one given as an int64 input. */
export type Shape = readonly number[] | Value;

export class Ops {
  constructor(readonly graph: GraphBuilder) {}

  /** rows [N, in], weight [out, in], addend [N, out] -> factor · rows weightᵀ + addend */
  linear(rows: Value, weight: Value, addend?: Value, factor = 1): Value {
    const attributes = { transB: 1, ...(factor === 1 ? {} : { alpha: { float: factor } }) };
    return this.graph.op('Gemm', addend ? [rows, weight, addend] : [rows, weight], attributes);
  }

  /** rows [N, in], weight [out, in], bias [out] -> rows weightᵀ + bias */
  affine(rows: Value, weight: Value, bias: Value): Value {
    return this.graph.op('Gemm', [rows, weight, bias], { transB: 1 });
  }

  /** [sum of sizes, n] cut into [size, n] each. */
  splitRows(x: Value, sizes: readonly number[]): Value[] {
    return this.graph.ops('Split', [x, this.graph.ints(sizes)], sizes.length, { axis: 0 });
  }

  /** a [B, G, m, k], b [B, G, k, n] -> [B, G, m, n] */
  matmul(a: Value, b: Value): Value {
    return this.graph.op('MatMul', [a, b]);
  }

  /** Equal shapes. */
  add(a: Value, b: Value): Value {
    return this.graph.op('Add', [a, b]);
  }

  /** Equal shapes. */
  multiply(a: Value, b: Value): Value {
    return this.graph.op('Mul', [a, b]);
  }

  scale(x: Value, factor: number): Value {
    return this.graph.op('Mul', [x, this.graph.float(factor)]);
  }

  /** Adds what no gradient flows into: a mask, broadcast to x. */
  addFixed(x: Value, fixed: Value): Value {
    return this.graph.op('Add', [x, fixed]);
  }

  /** Over the last axis. */
  softmax(x: Value): Value {
    return this.graph.op('Softmax', [x], { axis: -1 });
  }

  /** x · sigmoid(x): QuickGelu with alpha 1, one node. */
  silu(x: Value): Value {
    return this.graph.op('QuickGelu', [x], { alpha: { float: 1 } }, 'com.microsoft');
  }

  /** The tanh form of GELU, one node. */
  geluTanh(x: Value): Value {
    return this.graph.op('FastGelu', [x], {}, 'com.microsoft');
  }

  /** cap · tanh(factor · x / cap): hardly bent below the cap, never above it. */
  softcap(x: Value, cap: number, factor = 1): Value {
    return this.scale(this.tanh(this.scale(x, factor / cap)), cap);
  }

  tanh(x: Value): Value {
    return this.graph.op('Tanh', [x]);
  }

  /** rows [N, D], or of `axisCount` axes, the last of them D; weight [D] -> rows / rms(rows) · weight */
  rmsNorm(rows: Value, weight: Value, epsilon: number, _axisCount = 2): Value {
    return this.graph.op('SimplifiedLayerNormalization', [rows, weight], {
      axis: -1,
      epsilon: { float: epsilon },
    });
  }

  /** heads [B, n, T, d] turned by their positions [B, T]; cos, sin [positions, d/2]. */
  rotary(heads: Value, positions: Value, cos: Value, sin: Value): Value {
    return this.graph.op('RotaryEmbedding', [heads, positions, cos, sin], {}, 'com.microsoft');
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    return this.graph.op('Transpose', [x], { perm: permutation });
  }

  /** `back` restores x's own shape; only a tape needs it. */
  reshape(x: Value, to: Shape, _back: Shape): Value {
    return this.graph.op('Reshape', [x, this.shape(to)]);
  }

  protected shape(shape: Shape): Value {
    return typeof shape === 'string' ? shape : this.graph.ints(shape);
  }
}

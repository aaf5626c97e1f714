/**
 * Reverse-mode differentiation emitted as ONNX nodes: a tape records what Ops did and appends the gradient to the same
 * graph. Only values on a path from a leaf to the output cost anything, so a frozen layer's graph has no weight
 * gradients at all. Not here: losses, optimisers, which weights train (src/kernels, src/engine).
 */
import type { Attribute, Value } from './graph.ts';
import { Ops, type Shape } from './ops.ts';

interface Entry {
  output: Value;
  /** Adds the gradient of `output` to those of its inputs. */
  backward: (gradient: Value) => void;
}

export class Tape extends Ops {
  readonly #entries: Entry[] = [];
  readonly #active = new Set<Value>();
  readonly #gradients = new Map<Value, Value>();

  /** Asks for the gradient of an input. */
  leaf(value: Value): Value {
    this.#active.add(value);
    return value;
  }

  /** Appends the backward pass from outputs and their gradients. Once per tape. */
  backward(...ends: ReadonlyArray<readonly [output: Value, gradient: Value]>): void {
    for (const [output, gradient] of ends) this.#gradients.set(output, gradient);
    for (const { output: produced, backward } of this.#entries.toReversed()) {
      const arriving = this.#gradients.get(produced);
      if (arriving) backward(arriving);
    }
  }

  /** The gradient of a leaf after `backward`; an error if nothing depends on it. */
  gradient(leaf: Value): Value {
    const gradient = this.#gradients.get(leaf);
    if (!gradient) throw new Error(`the output does not depend on ${leaf}`);
    return gradient;
  }

  override linear(rows: Value, weight: Value, addend?: Value, factor = 1): Value {
    const { graph } = this;
    const alpha: Record<string, Attribute> = factor === 1 ? {} : { alpha: { float: factor } };
    return this.#record(super.linear(rows, weight, addend, factor), [rows, weight, addend], (dy) => {
      this.#accumulate(rows, () => graph.op('Gemm', [dy, weight], alpha));
      this.#accumulate(weight, () => graph.op('Gemm', [dy, rows], { transA: 1, ...alpha }));
      if (addend) this.#accumulate(addend, () => dy);
    });
  }

  override affine(rows: Value, weight: Value, bias: Value): Value {
    const { graph } = this;
    return this.#record(super.affine(rows, weight, bias), [rows, weight, bias], (dy) => {
      this.#accumulate(rows, () => graph.op('Gemm', [dy, weight]));
      this.#accumulate(weight, () => graph.op('Gemm', [dy, rows], { transA: 1 }));
      this.#accumulate(bias, () => graph.op('ReduceSum', [dy, graph.ints([0])], { keepdims: 0 }));
    });
  }

  /** Every part must reach the output: its gradient is one part of x's. */
  override splitRows(x: Value, sizes: readonly number[]): Value[] {
    const parts = super.splitRows(x, sizes);
    // Recorded once, with the first part: what uses the parts comes later on the tape, so all gradients are there.
    this.#record(parts[0]!, [x], () => {
      const gradients = parts.map((part) => this.gradient(part));
      this.#accumulate(x, () => this.graph.op('Concat', gradients, { axis: 0 }));
    });
    if (this.#active.has(x)) for (const part of parts) this.#active.add(part);
    return parts;
  }

  override matmul(a: Value, b: Value): Value {
    const swapped = (x: Value) => this.graph.op('Transpose', [x], { perm: [0, 1, 3, 2] });
    return this.#record(super.matmul(a, b), [a, b], (dy) => {
      this.#accumulate(a, () => this.graph.op('MatMul', [dy, swapped(b)]));
      this.#accumulate(b, () => this.graph.op('MatMul', [swapped(a), dy]));
    });
  }

  override add(a: Value, b: Value): Value {
    return this.#record(super.add(a, b), [a, b], (dy) => {
      this.#accumulate(a, () => dy);
      this.#accumulate(b, () => dy);
    });
  }

  override multiply(a: Value, b: Value): Value {
    return this.#record(super.multiply(a, b), [a, b], (dy) => {
      this.#accumulate(a, () => this.graph.op('Mul', [dy, b]));
      this.#accumulate(b, () => this.graph.op('Mul', [dy, a]));
    });
  }

  override scale(x: Value, factor: number): Value {
    return this.#record(super.scale(x, factor), [x], (dy) => {
      this.#accumulate(x, () => this.graph.op('Mul', [dy, this.graph.float(factor)]));
    });
  }

  override addFixed(x: Value, fixed: Value): Value {
    return this.#record(super.addFixed(x, fixed), [x], (dy) => this.#accumulate(x, () => dy));
  }

  override softmax(x: Value): Value {
    const { graph } = this;
    const y = super.softmax(x);
    return this.#record(y, [x], (dy) => {
      this.#accumulate(x, () => {
        const weighted = graph.op('Mul', [dy, y]);
        const total = graph.op('ReduceSum', [weighted, graph.ints([-1])], { keepdims: 1 });
        return graph.op('Sub', [weighted, graph.op('Mul', [y, total])]);
      });
    });
  }

  override silu(x: Value): Value {
    const { graph } = this;
    const y = super.silu(x);
    return this.#record(y, [x], (dy) => {
      this.#accumulate(x, () => {
        // d(x s)/dx = s + y (1 - s), s = sigmoid(x)
        const sigmoid = graph.op('Sigmoid', [x]);
        const rest = graph.op('Mul', [y, graph.op('Sub', [graph.float(1), sigmoid])]);
        return graph.op('Mul', [dy, graph.op('Add', [sigmoid, rest])]);
      });
    });
  }

  override geluTanh(x: Value): Value {
    const { graph } = this;
    return this.#record(super.geluTanh(x), [x], (dy) => {
      this.#accumulate(x, () => {
        // y = x (1 + t) / 2 with t = tanh(u), u = c (x + k x³): y' = (1 + t) / 2 + x (1 - t²) u' / 2, u' = c (1 + 3 k x²)
        const [c, k] = [Math.sqrt(2 / Math.PI), 0.044715];
        const mul = (a: Value, b: Value) => graph.op('Mul', [a, b]);
        const plus = (a: Value, value: number) => graph.op('Add', [a, graph.float(value)]);
        const square = mul(x, x);
        const inner = mul(x, plus(mul(square, graph.float(c * k)), c));
        const t = graph.op('Tanh', [inner]);
        const slope = plus(mul(square, graph.float(3 * c * k)), c);
        const bend = mul(mul(x, graph.op('Sub', [graph.float(1), mul(t, t)])), slope);
        const sum = graph.op('Add', [plus(t, 1), bend]);
        return mul(dy, mul(sum, graph.float(0.5)));
      });
    });
  }

  override tanh(x: Value): Value {
    const { graph } = this;
    const y = super.tanh(x);
    return this.#record(y, [x], (dy) => {
      this.#accumulate(x, () => {
        const slope = graph.op('Sub', [graph.float(1), graph.op('Mul', [y, y])]);
        return graph.op('Mul', [dy, slope]);
      });
    });
  }

  override rmsNorm(rows: Value, weight: Value, epsilon: number, axisCount = 2): Value {
    const { graph } = this;
    return this.#record(super.rmsNorm(rows, weight, epsilon), [rows, weight], (dy) => {
      // 1 / rms is computed again: the fused node's own second output is wrong on WebGPU.
      const meanSquare = this.#meanOverLast(graph.op('Mul', [rows, rows]));
      const rms = graph.op('Sqrt', [graph.op('Add', [meanSquare, graph.float(epsilon)])]);
      const unit = graph.op('Div', [rows, rms]);
      this.#accumulate(rows, () => {
        const dUnit = graph.op('Mul', [dy, weight]);
        const along = graph.op('Mul', [unit, this.#meanOverLast(graph.op('Mul', [dUnit, unit]))]);
        return graph.op('Div', [graph.op('Sub', [dUnit, along]), rms]);
      });
      this.#accumulate(weight, () =>
        graph.op(
          'ReduceSum',
          [graph.op('Mul', [dy, unit]), graph.ints(Array.from({ length: axisCount - 1 }, (_, axis) => axis))],
          { keepdims: 0 },
        ),
      );
    });
  }

  override rotary(heads: Value, positions: Value, cos: Value, sin: Value): Value {
    return this.#record(super.rotary(heads, positions, cos, sin), [heads], (dy) => {
      // A rotation's transpose turns the other way.
      this.#accumulate(heads, () => super.rotary(dy, positions, cos, this.graph.op('Neg', [sin])));
    });
  }

  override transpose(x: Value, permutation: readonly number[]): Value {
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return this.#record(super.transpose(x, permutation), [x], (dy) => {
      this.#accumulate(x, () => super.transpose(dy, inverse));
    });
  }

  override reshape(x: Value, to: Shape, back: Shape): Value {
    return this.#record(super.reshape(x, to, back), [x], (dy) => {
      this.#accumulate(x, () => super.reshape(dy, back, to));
    });
  }

  #meanOverLast(x: Value): Value {
    // The axis is an input of ReduceSum but an attribute-or-input of ReduceMean by opset: both backends know this form.
    return this.graph.op('ReduceMean', [x, this.graph.ints([-1])], { keepdims: 1 });
  }

  #record(output: Value, inputs: ReadonlyArray<Value | undefined>, backward: Entry['backward']): Value {
    if (inputs.some((input) => input !== undefined && this.#active.has(input))) {
      this.#active.add(output);
      this.#entries.push({ output, backward });
    }
    return output;
  }

  /** `make` runs only where the gradient is wanted: what nobody needs is never emitted. */
  #accumulate(value: Value, make: () => Value): void {
    if (!this.#active.has(value)) return;
    const known = this.#gradients.get(value);
    const part = make();
    this.#gradients.set(value, known ? this.graph.op('Add', [known, part]) : part);
  }
}

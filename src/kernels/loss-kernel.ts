/**
 * Cross-entropy of labelled positions and its gradient with respect to what leaves the last layer, in one graph: final norm,
 * head and loss run on the labelled rows only, never on prompts or padding.
 */
import type { PackedForm } from '@/model/packed-matrix.ts';
import type { ModelSpec } from '@/model/spec.ts';
import { Tape } from '@/onnx/autodiff.ts';
import { GraphBuilder, type Value } from '@/onnx/graph.ts';
import { quantisedLinear } from './quantised-linear.ts';

/** How the head comes, and what of the model's end trains. */
export interface LossVariant {
  withGradient: boolean;
  /** Rows of each piece of the head, which then comes as head.0, head.1, …; empty = whole, as head. */
  headPieces: readonly number[];
  trainsHead: boolean;
  trainsFinalNorm: boolean;
}

/**
 * Inputs: x [M, D]; rows int32 [N], the positions whose next token counts; labels int32 [N, 1]; weight [N, 1], usually 1/N;
 * spread int32 [M], for each row of x its index among `rows`, or N where it has no label; vocabulary int32 [1, V] = 0, 1, …;
 * finalNorm [D]; head [V, D] or its pieces. Outputs: loss [1] = -Σ weight log p(label); with gradient also dx [M, D], and
 * grad.<input> of what trains.
 */
export function buildLossKernel(spec: ModelSpec, variant: LossVariant): Uint8Array {
  const { hiddenSize: D, vocabSize: V } = spec;
  const { withGradient, headPieces, trainsHead, trainsFinalNorm } = variant;
  const graph = new GraphBuilder();
  const tape = new Tape(graph);
  const parts = surprises(graph, tape, spec, variant);
  const { picked, logits, labels, exponentials, total, surprise, weights } = parts;
  const weight = graph.input('weight', 'float32', ['N', 1]);
  const weighted = graph.op('Mul', [weight, surprise]);
  graph.output(graph.op('ReduceSum', [weighted, graph.ints([0, 1])], { keepdims: 0 }), 'loss', 'float32', []);

  if (withGradient) {
    const vocabulary = graph.input('vocabulary', 'int32', [1, V]);
    const oneHot = graph.op('Cast', [graph.op('Equal', [labels, vocabulary])], { to: 1 });
    const probabilities = graph.op('Div', [exponentials, total]);
    const dLogits = graph.op('Mul', [graph.op('Sub', [probabilities, oneHot]), weight]);
    const pieces =
      logits.length === 1
        ? [dLogits]
        : graph.ops('Split', [dLogits, graph.ints(headPieces)], logits.length, { axis: 1 });
    tape.backward(...logits.map((piece, at) => [piece, pieces[at]!] as const));
    // Rows without a label take the row of zeros behind the last gradient.
    const withZero = graph.op('Concat', [tape.gradient(picked), graph.zeros([1, D])], { axis: 0 });
    const spread = graph.input('spread', 'int32', ['M']);
    graph.output(graph.op('Gather', [withZero, spread], { axis: 0 }), 'dx', 'float32', ['M', D]);
    for (const [name, { value, dims }] of weights) {
      const trains = name === 'finalNorm' ? trainsFinalNorm : trainsHead;
      if (trains) graph.output(tape.gradient(value), `grad.${name}`, 'float32', dims);
    }
  }
  return graph.encode();
}

/**
 * Without weights and gradient, one number per label: inputs x, rows, labels, finalNorm, head as above; output surprise
 * [N, 1] = -log p(label).
 */
export function buildSurpriseKernel(spec: ModelSpec, form: PackedForm | null = null): Uint8Array {
  const graph = new GraphBuilder();
  const whole = { headPieces: [], trainsHead: false, trainsFinalNorm: false };
  const { surprise } = surprises(graph, new Tape(graph), spec, whole, form);
  graph.output(surprise, 'surprise', 'float32', ['N', 1]);
  return graph.encode();
}

/** -log p of each label [N, 1], and what its gradient needs. */
function surprises(
  graph: GraphBuilder,
  tape: Tape,
  { hiddenSize: D, vocabSize: V, normEps, finalSoftcap }: ModelSpec,
  { headPieces, trainsHead, trainsFinalNorm }: Omit<LossVariant, 'withGradient'>,
  /** A quantised head; no gradient goes through it. */
  form: PackedForm | null = null,
) {
  const x = graph.input('x', 'float32', ['M', D]);
  const rows = graph.input('rows', 'int32', ['N']);
  const labels = graph.input('labels', 'int32', ['N', 1]);
  const weights = new Map<string, { value: Value; dims: readonly number[] }>();
  const weight = (name: string, dims: readonly number[], trains: boolean): Value => {
    const value = graph.input(name, 'float32', dims);
    weights.set(name, { value, dims });
    return trains ? tape.leaf(value) : value;
  };
  const picked = tape.leaf(graph.op('Gather', [x, rows], { axis: 0 }));
  const normed = tape.rmsNorm(picked, weight('finalNorm', [D], trainsFinalNorm), normEps);
  const heads =
    headPieces.length === 0
      ? () => [tape.linear(normed, weight('head', [V, D], trainsHead))]
      : () => headPieces.map((n, at) => tape.linear(normed, weight(`head.${at}`, [n, D], trainsHead)));
  const products = form ? [quantisedLinear(graph, normed, 'head', [V, D], form)] : heads();
  const logits = products.map((plain) => (finalSoftcap ? tape.softcap(plain, finalSoftcap) : plain));
  const all = logits.length === 1 ? logits[0]! : graph.op('Concat', logits, { axis: 1 });
  const lastAxis = graph.ints([-1]);
  const shifted = graph.op('Sub', [all, graph.op('ReduceMax', [all, lastAxis], { keepdims: 1 })]);
  const exponentials = graph.op('Exp', [shifted]);
  const total = graph.op('ReduceSum', [exponentials, lastAxis], { keepdims: 1 });
  const chosen = graph.op('GatherElements', [shifted, labels], { axis: 1 });
  const surprise = graph.op('Sub', [graph.op('Log', [total]), chosen]);
  return { picked, logits, labels, exponentials, total, surprise, weights };
}

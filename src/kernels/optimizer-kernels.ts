/** What happens to the trainable tensors of one layer after the gradients are there: sums, norms, AdamW. Element by element. */
import { GraphBuilder, type Value } from '@/onnx/graph.ts';

/** Constants of a run; what changes from step to step is an input. */
export interface AdamWConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** A tensor of unknown shape of at most two axes; names keep the axes of different tensors apart. */
const axes = (name: string): [string, string] => [`${name}_0`, `${name}_1`];

/**
 * torch.optim.AdamW. Inputs per tensor: p, g, m, v (parameter, gradient, first and second moment). Inputs [1]: keep =
 * 1 - lr · decay, stepSize = lr / (1 - beta1^t), secondScale = 1 / sqrt(1 - beta2^t), gradientScale (clipping).
 * Outputs per tensor: p', m', v'. New tensors, never in place: WebGPU refuses one buffer as input and output.
 * centre: what decay pulls a tensor towards, where that is not 0.
 * masked: one more input mask per tensor; where it is 0, p' is p bit for bit, whatever decay and moments say.
 */
export function buildAdamWKernel(
  names: readonly string[],
  rank: (name: string) => 1 | 2,
  constants: AdamWConstants,
  masked = false,
  centre: (name: string) => number = () => 0,
): Uint8Array {
  const graph = new GraphBuilder();
  const scalar = (name: string) => graph.input(name, 'float32', [1]);
  const [keep, stepSize, secondScale, gradientScale] = [
    'keep',
    'stepSize',
    'secondScale',
    'gradientScale',
  ].map(scalar);
  const mul = (a: Value, b: Value) => graph.op('Mul', [a, b]);
  const add = (a: Value, b: Value) => graph.op('Add', [a, b]);
  for (const name of names) {
    const dims = axes(name).slice(0, rank(name));
    const [p, raw, m, v] = ['p', 'g', 'm', 'v'].map((kind) =>
      graph.input(`${kind}.${name}`, 'float32', dims),
    );
    const g = mul(raw!, gradientScale!);
    const m2 = add(mul(m!, graph.float(constants.beta1)), mul(g, graph.float(1 - constants.beta1)));
    const v2 = add(mul(v!, graph.float(constants.beta2)), mul(mul(g, g), graph.float(1 - constants.beta2)));
    const denominator = add(mul(graph.op('Sqrt', [v2]), secondScale!), graph.float(constants.epsilon));
    const step = graph.op('Div', [mul(m2, stepSize!), denominator]);
    let kept = mul(p!, keep!);
    const towards = centre(name);
    if (towards !== 0) {
      // keep (p - centre) + centre: the centre's own share is what decay takes from p.
      const decay = graph.op('Sub', [graph.float(1), keep!]);
      kept = add(kept, mul(decay, graph.float(towards)));
    }
    let p2 = graph.op('Sub', [kept, step]);
    if (masked) {
      const trains = graph.op('Greater', [graph.input(`mask.${name}`, 'float32', dims), graph.float(0)]);
      p2 = graph.op('Where', [trains, p2, p!]);
    }
    graph.output(p2, `p2.${name}`, 'float32', dims);
    graph.output(m2, `m2.${name}`, 'float32', dims);
    graph.output(v2, `v2.${name}`, 'float32', dims);
  }
  return graph.encode();
}

/**
 * What changes a gradient before its norm is taken. Inputs g.<name>; with `anchored` p.<name>, anchor.<name> and rho [1]:
 * g + rho (p - anchor), the gradient of Lisa's proximal term rho/2 ||p - anchor||² (Huang et al. 2024); with `masked`
 * mask.<name>: the result times 0 or 1. Outputs adjusted.<name>.
 */
export function buildAdjustKernel(
  names: readonly string[],
  rank: (name: string) => 1 | 2,
  { anchored, masked }: { anchored: boolean; masked: boolean },
): Uint8Array {
  const graph = new GraphBuilder();
  const rho = anchored ? graph.input('rho', 'float32', [1]) : undefined;
  for (const name of names) {
    const dims = axes(name).slice(0, rank(name));
    const tensor = (kind: string) => graph.input(`${kind}.${name}`, 'float32', dims);
    let g = tensor('g');
    if (rho) {
      const distance = graph.op('Sub', [tensor('p'), tensor('anchor')]);
      g = graph.op('Add', [g, graph.op('Mul', [distance, rho])]);
    }
    if (masked) g = graph.op('Mul', [g, tensor('mask')]);
    graph.output(g, `adjusted.${name}`, 'float32', dims);
  }
  return graph.encode();
}

/** a.<name> + b.<name> -> sum.<name>: gradients of several micro-batches. */
export function buildSumKernel(names: readonly string[], rank: (name: string) => 1 | 2): Uint8Array {
  const graph = new GraphBuilder();
  for (const name of names) {
    const dims = axes(name).slice(0, rank(name));
    const [a, b] = ['a', 'b'].map((kind) => graph.input(`${kind}.${name}`, 'float32', dims));
    graph.output(graph.op('Add', [a!, b!]), `sum.${name}`, 'float32', dims);
  }
  return graph.encode();
}

/** t.<name> of any shape -> squares []: the sum of squares of all their elements. */
export function buildSquaresKernel(names: readonly string[], rank: (name: string) => 1 | 2): Uint8Array {
  const graph = new GraphBuilder();
  const parts = names.map((name) => {
    const tensor = graph.input(`t.${name}`, 'float32', axes(name).slice(0, rank(name)));
    const axesOf = graph.ints(rank(name) === 1 ? [0] : [0, 1]);
    return graph.op('ReduceSum', [graph.op('Mul', [tensor, tensor]), axesOf], { keepdims: 0 });
  });
  graph.output(
    parts.reduce((sum, part) => graph.op('Add', [sum, part])),
    'squares',
    'float32',
    [],
  );
  return graph.encode();
}

/**
 * The kernels of one decoder layer, the unit of every experiment: forward, and backward with the forward recomputed
 * inside (gradient checkpointing for free) or, where memory allows, taken from what the forward kernel kept. Variants differ
 * in what they accept and return, never in their arithmetic, which stands in layer-forward.ts. Not here: loops over layers,
 * caches, weights (src/engine).
 */
import type { PackedForm } from '@/model/packed-matrix.ts';
import type { MatrixName, ModelSpec } from '@/model/spec.ts';
import { Tape } from '@/onnx/autodiff.ts';
import { GraphBuilder } from '@/onnx/graph.ts';
import { Ops } from '@/onnx/ops.ts';
import { layerForward } from './layer-forward.ts';
import { formKey } from './quantised-linear.ts';

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
  /**
   * Only the last token of each row goes on: inputs rows int32 [B] into x, queryShape int64 [4] = (B, 1, -1, d),
   * queryPositions int64 [B, 1], mask [B, 1, r, S]; output y [B, D]. For the last layer, where nothing else is asked for.
   */
  lastOnly: boolean;
  /**
   * x and y hold no pads: [N, D], rows one after the other. Inputs padTo int32 [B*T], each padded place's row of x (any for a
   * pad), and packTo int32 [N], each token's padded place. Not on a tape.
   */
  packed: boolean;
  /** Matrices that come quantised (quantised-linear.ts). Not on a tape: no gradient goes through them. */
  quantised?: Partial<Record<MatrixName, PackedForm>>;
  /** Matrices with low-rank updates: inputs loraA.<m> [rank, in], loraB.<m> [out, rank] with the scaling folded in. */
  lora: readonly MatrixName[];
  /** Matrices with updates that train: inputs trainA.<m>, trainB.<m> of the same shapes, scaling applied here. */
  trained?: TrainedLora;
  /**
   * Forward: outputs kept.<name> (kept-activations.ts). Backward: takes them as inputs, and so computes none of the
   * matrix products and no softmax a second time. Not together with prefix, past or lastOnly.
   */
  keepsActivations?: boolean;
}

export interface TrainedLora {
  matrices: readonly MatrixName[];
  scaling: number;
  /** Inputs dropout.<m> [B*T, in]: 0, or 1 / (1 - share), times what enters the update. */
  dropout?: boolean;
}

/** What a backward kernel returns besides dx. */
export type TrainedPart =
  | { kind: 'frozen' }
  | { kind: 'lora' }
  /** Every matrix, and the two norms where asked for. */
  | { kind: 'full'; norms: boolean }
  /** The two norms alone: how the published code freezes a layer. */
  | { kind: 'norms' };

/** Equal variants have equal keys: for caching compiled kernels. */
export function variantKey(variant: LayerVariant): string {
  const { prefix, past, keepKeys, attention, scaled, lastOnly, packed, trained } = variant;
  const { keepsActivations = false } = variant;
  const flags = [
    prefix,
    past,
    keepKeys,
    attention,
    scaled,
    lastOnly,
    packed,
    keepsActivations,
    trained?.dropout,
  ];
  const suffix = trained ? `:${trained.matrices.join(',')}*${trained.scaling}` : '';
  const forms = Object.entries(variant.quantised ?? {}).map(([name, form]) => `${name}${formKey(form)}`);
  return `${flags.map((flag) => Number(flag ?? false)).join('')}:${variant.lora.join(',')}${suffix}:${forms.join(',')}`;
}

/**
 * Inputs: x [B*T, D], or packed; headShape int64 [4] = (B, T, -1, d); positions int64 [B, T]; cos, sin [positions, d/2];
 * mask [1 or B, 1, r*T, S] additive, its rows ordered (group member, position); attentionNorm, ffnNorm [D]; the seven
 * matrices [out, in]; and what the variant adds. Output: y [B*T, D], the residual stream after the layer.
 */
export function buildLayerKernel(spec: ModelSpec, variant: LayerVariant): Uint8Array {
  const graph = new GraphBuilder();
  const { y } = layerForward(new Ops(graph), spec, variant);
  // Runtimes re-use buffers of dims with equal names: what has no pads needs its own.
  const rows = !variant.packed ? 'BT' : variant.lastOnly ? 'B' : 'tokens';
  graph.output(y, 'y', 'float32', [rows, spec.hiddenSize]);
  return graph.encode();
}

/**
 * The inputs of the forward kernel and dy [B*T, D] -> dx [B*T, D], and grad.<input> for every weight that trains. A frozen
 * layer is the variant that returns dx alone: activations carry gradients through it, its weights get none.
 */
export function buildBackwardKernel(
  spec: ModelSpec,
  variant: Pick<LayerVariant, 'lora' | 'trained' | 'keepsActivations'>,
  part: TrainedPart,
): Uint8Array {
  const graph = new GraphBuilder();
  const tape = new Tape(graph);
  const plain = {
    prefix: false,
    past: false,
    keepKeys: false,
    attention: false,
    scaled: false,
    lastOnly: false,
    packed: false,
  };
  const { x, y, weights } = layerForward(tape, spec, { ...plain, ...variant }, (name) =>
    isTrained(name, part),
  );
  const dy = graph.input('dy', 'float32', ['BT', spec.hiddenSize]);
  tape.backward([y, dy]);
  graph.output(tape.gradient(x), 'dx', 'float32', ['BT', spec.hiddenSize]);
  for (const [name, { value, dims }] of weights) {
    if (isTrained(name, part)) graph.output(tape.gradient(value), `grad.${name}`, 'float32', dims);
  }
  return graph.encode();
}

/** `name` as among the kernel's inputs: trainA.q, q, attentionNorm, loraA.q, … */
function isTrained(name: string, part: TrainedPart): boolean {
  switch (part.kind) {
    case 'frozen':
      return false;
    case 'lora':
      return /^train[AB]\./.test(name);
    case 'full':
      return !/\./.test(name) && (part.norms || !name.endsWith('Norm'));
    case 'norms':
      return name.endsWith('Norm');
    default:
      part satisfies never;
      throw new Error('unreachable');
  }
}

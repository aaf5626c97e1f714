/** What a layer that keeps its activations hands from its forward to its backward kernel, and how large that is. No graphs here. */
import type { ModelSpec } from '@/model/spec.ts';

/** Outputs of one kernel and inputs of the other, as kept.<name>. */
export type KeptName =
  | 'query'
  | 'key'
  | 'value'
  | 'probabilities'
  | 'attended'
  | 'gate'
  | 'up'
  /** What a norm behind a matrix takes, which its gradient needs. */
  | 'plainQuery'
  | 'plainKey'
  | 'attentionOut'
  | 'ffnOut';

/** Bytes of all of them together, float32, for `rowCount` rows of `length` tokens. */
export function keptBytes(spec: ModelSpec, rowCount: number, length: number): number {
  const { hiddenSize, headCount, kvHeadCount, headDim, ffnSize } = spec;
  const { qkNorm, postNorms } = spec;
  const sizes: Record<KeptName, number> = {
    query: headCount * headDim,
    key: kvHeadCount * headDim,
    value: kvHeadCount * headDim,
    probabilities: headCount * length,
    attended: hiddenSize,
    gate: ffnSize,
    up: ffnSize,
    plainQuery: qkNorm ? headCount * headDim : 0,
    plainKey: qkNorm ? kvHeadCount * headDim : 0,
    attentionOut: postNorms ? hiddenSize : 0,
    ffnOut: postNorms ? hiddenSize : 0,
  };
  return 4 * rowCount * length * Object.values(sizes).reduce((sum, size) => sum + size, 0);
}

/**
 * What a model *is*, independent of where its bytes come from and of what runs it.
 * Not here: reading files (formats), running layers (engine), the paper (method).
 */

/** The seven weight matrices of a decoder layer that alpha can scale (paper eq. 1, repository scaling.py). */
export const MATRIX_NAMES = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const;
export type MatrixName = (typeof MATRIX_NAMES)[number];

/** What a model has besides its layers. In a tied model the head is the embedding's matrix. */
export const MODEL_ENDS = ['embedding', 'finalNorm', 'head'] as const;
export type ModelEnd = (typeof MODEL_ENDS)[number];

/** Rotary position embedding. `llama3` is the frequency-dependent scaling of Llama 3.1 and later. */
export interface RopeSpec {
  theta: number;
  scaling:
    | { kind: 'none' }
    | { kind: 'linear'; factor: number }
    | {
        kind: 'llama3';
        factor: number;
        lowFreqFactor: number;
        highFreqFactor: number;
        originalContextLength: number;
      };
}

/** Everything the kernels need to know to build the graphs of one model. Dimensions in elements. */
export interface ModelSpec {
  /** Key into the table of architectures (src/model/architectures.ts). */
  architecture: string;
  layerCount: number;
  hiddenSize: number;
  headCount: number;
  kvHeadCount: number;
  headDim: number;
  ffnSize: number;
  vocabSize: number;
  normEps: number;
  rope: RopeSpec;
  /** True when the output head is the token embedding matrix. */
  tiedEmbeddings: boolean;
  contextLength: number;
}

/** Weights of one layer, float32. Matrices are [out, in] row-major as published; norms are [hiddenSize]. */
export interface LayerWeights {
  attentionNorm: Float32Array;
  ffnNorm: Float32Array;
  matrices: Record<MatrixName, Float32Array>;
}

/** Lazily read weights. Every method reads, dequantises and checks; nothing is kept. */
export interface WeightReader {
  layer(index: number): Promise<LayerWeights>;
  /** [vocabSize, hiddenSize] */
  embedding(): Promise<Float32Array>;
  /** [hiddenSize] */
  finalNorm(): Promise<Float32Array>;
  /** [vocabSize, hiddenSize], or null when tied to the embedding. */
  head(): Promise<Float32Array | null>;
}

/** [out, in] of each matrix of one layer. */
export function matrixDims(spec: ModelSpec): Record<MatrixName, readonly [out: number, input: number]> {
  const { hiddenSize, ffnSize } = spec;
  const queryWidth = spec.headCount * spec.headDim;
  const kvWidth = spec.kvHeadCount * spec.headDim;
  return {
    q: [queryWidth, hiddenSize],
    k: [kvWidth, hiddenSize],
    v: [kvWidth, hiddenSize],
    o: [hiddenSize, queryWidth],
    gate: [ffnSize, hiddenSize],
    up: [ffnSize, hiddenSize],
    down: [hiddenSize, ffnSize],
  };
}

/**
 * What a model *is*, independent of where its bytes come from and of what runs it.
 * Not here: reading files (formats), running layers (engine), the paper (method).
 */
import { AppError } from './app-error.ts';
import type { FloatTarget } from './float-target.ts';
import type { PackedMatrix } from './packed-matrix.ts';

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

/** Where the layers of a family differ from llama's. What is absent is as llama has it. */
export interface FamilyFeatures {
  /** Matrices whose product gets a bias. Alpha scales matrices, never biases. */
  biases?: readonly MatrixName[];
  /** RMS norm of each head's query and key, with weights [headDim], before the rotation. */
  qkNorm?: boolean;
  /** What attention and feed-forward give is normed before it is added to the residual stream. */
  postNorms?: boolean;
  /** Norms are what training moves plus this: weight decay pulls them towards it. Absent: 0. */
  normCentre?: number;
  /** Absent: SiLU. */
  activation?: 'geluTanh';
  /** Factor of query · key; absent: 1 / sqrt(headDim). */
  attentionScale?: number;
  /** Attention scores become cap · tanh(score / cap). */
  attentionSoftcap?: number;
  /** The same for logits. */
  finalSoftcap?: number;
  /** Rows of the embedding enter the first layer times this. */
  embeddingScale?: number;
  /** Per layer: how many positions a query sees, itself included; null = all before it. */
  windows?: ReadonlyArray<number | null>;
  /** Rotary embedding of the layers with a window, where they have another one. */
  windowRope?: RopeSpec;
  /** Matrices that are one in the checkpoint, in the order of its rows: adapters change them together. */
  fused?: ReadonlyArray<readonly MatrixName[]>;
}

/** Everything the kernels need to know to build the graphs of one model. Dimensions in elements. */
export interface ModelSpec extends FamilyFeatures {
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

export const NORM_NAMES = [
  'attentionNorm',
  'ffnNorm',
  'postAttentionNorm',
  'postFfnNorm',
  'qNorm',
  'kNorm',
] as const;
export type NormName = (typeof NORM_NAMES)[number];
/** The weights of a layer that are no matrices. */
export type VectorName = NormName | `${MatrixName}Bias`;

/**
 * Weights of one layer, float32. Matrices are [out, in] row-major as published; norms and biases have the sizes of
 * vectorSizes, and norms are what the normed rows are multiplied by, however the file stores them.
 */
export interface LayerWeights extends Partial<Record<VectorName, Float32Array>> {
  attentionNorm: Float32Array;
  ffnNorm: Float32Array;
  matrices: Record<MatrixName, Float32Array>;
}

/** The same with matrices left as the file holds them where it holds them quantised. */
export type StoredLayer = Omit<LayerWeights, 'matrices'> & {
  matrices: Record<MatrixName, Float32Array | PackedMatrix>;
};

/** Lazily read weights. Every method reads, dequantises and checks; nothing is kept. */
export interface WeightReader {
  /** Its matrices lie where `target` has them; likewise embedding and head. Default: in JavaScript's memory. */
  layer(index: number, target?: FloatTarget): Promise<LayerWeights>;
  /** Without dequantising. Absent where the files know no quantised types. */
  storedLayer?(index: number): Promise<StoredLayer>;
  /** The quantised type that most of its weights are of, e.g. Q4_K; absent where none is. */
  quantisedType?: string;
  /** What the logits are computed with, tied or not, quantised: [vocabSize, hiddenSize]; null where it is not. */
  storedHead?(): Promise<PackedMatrix | null>;
  /** [vocabSize, hiddenSize] */
  embedding(target?: FloatTarget): Promise<Float32Array>;
  /** [hiddenSize] */
  finalNorm(): Promise<Float32Array>;
  /** [vocabSize, hiddenSize], or null when tied to the embedding. */
  head(target?: FloatTarget): Promise<Float32Array | null>;
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

/** Elements of the seven matrices of one layer together. */
export function matrixParameters(spec: ModelSpec): number {
  return Object.values(matrixDims(spec)).reduce((sum, [out, input]) => sum + out * input, 0);
}

/** The norms and biases that a layer of this model has, and their lengths. */
export function vectorSizes(spec: ModelSpec): Map<VectorName, number> {
  const sizes = new Map<VectorName, number>([
    ['attentionNorm', spec.hiddenSize],
    ['ffnNorm', spec.hiddenSize],
  ]);
  if (spec.postNorms) {
    for (const name of ['postAttentionNorm', 'postFfnNorm'] as const) sizes.set(name, spec.hiddenSize);
  }
  if (spec.qkNorm) for (const name of ['qNorm', 'kNorm'] as const) sizes.set(name, spec.headDim);
  for (const matrix of spec.biases ?? []) sizes.set(`${matrix}Bias`, matrixDims(spec)[matrix][0]);
  return sizes;
}

/**
 * `matrices` as an adapter changes them: each alone, or all parts of a fused one together, in the order given.
 * @throws AppError where only some parts of a fused matrix are named
 */
export function adapterUnits(spec: ModelSpec, matrices: readonly MatrixName[]): MatrixUnit[] {
  const units: MatrixUnit[] = [];
  for (const matrix of matrices) {
    const parts = spec.fused?.find((one) => one.includes(matrix)) ?? [matrix];
    const missing = parts.filter((part) => !matrices.includes(part));
    if (missing.length > 0) {
      throw new AppError(
        'bad-input',
        `${parts.join(', ')} are one matrix in this model, so an adapter cannot change ${matrix} without ${missing.join(', ')}.`,
        `Choose ${parts.join(', ')} together, or none of them.`,
      );
    }
    if (!units.some((unit) => unit.includes(matrix))) units.push(parts);
  }
  return units;
}

/** One matrix, or the parts of a fused one. */
export type MatrixUnit = readonly MatrixName[];

/** As in the names of kernel inputs: "q", or "q+k+v". */
export const unitName = (unit: MatrixUnit): string => unit.join('+');

/** How far back a query of this layer sees, itself included; null = to the beginning. */
export const windowOf = (spec: ModelSpec, layer: number): number | null => spec.windows?.[layer] ?? null;

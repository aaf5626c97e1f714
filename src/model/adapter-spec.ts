/**
 * A LoRA adapter in memory: low-rank updates of some matrices of some layers.
 * Reading PEFT folders lives in src/model/adapter.ts; stacking and running in the engine.
 */
import type { MatrixName, ModelEnd, VectorName } from './spec.ts';

/** A weight of one layer as the kernels name it. */
export type LayerInputName = MatrixName | VectorName;

/** One pair. `a` is [rank, in], `b` is [out, rank], both float32 row-major as PEFT stores them. */
export interface LoraPair {
  rank: number;
  /** lora_alpha / r, or lora_alpha / sqrt(r) with rslora. Multiplies b·a. */
  scaling: number;
  a: Float32Array;
  b: Float32Array;
}

export interface AdapterData {
  /** Name a person sees, unique within one engine. */
  name: string;
  /** sha256 of adapter_model.safetensors, hex. */
  sha256: string;
  /** layers[k][matrix] is absent where the adapter leaves that matrix alone. */
  layers: Array<Partial<Record<MatrixName, LoraPair>>>;
  /** After full-parameter training: whole weights that stand in for the model's; null or absent where it keeps its own. */
  replaced?: Array<Partial<Record<LayerInputName, Float32Array>> | null>;
  /** The same for embedding, final norm and head; a tied model's head goes with its embedding. */
  replacedEnds?: Partial<Record<ModelEnd, Float32Array>>;
}

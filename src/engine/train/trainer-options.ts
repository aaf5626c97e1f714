/** What a trainer is given and what it gives back, as plain types. Not here: training (trainer.ts). */
import type { Backend } from '@/backends/backend.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { AdapterStack } from '../adapter-stack.ts';
import type { DeviceWeights } from '../device-weights.ts';
import type { LayerLoop } from '../layer-loop.ts';
import type { AdamWOptions } from './adamw.ts';
import type { Dropout } from './dropout.ts';
import type { LayerValues, NamedValues, TrainablePart } from './parameters.ts';

export { keptBytes } from '@/kernels/kept-activations.ts';

export interface TrainerOptions {
  part: TrainablePart;
  /** Per layer. A layer that does not train is frozen. */
  trains: readonly boolean[];
  /** Start values of LoRA tensors per trained layer; a full run starts from the weights. */
  initial: ReadonlyArray<readonly NamedValues[] | null>;
  adamw: AdamWOptions;
  /** Largest norm of all gradients together; null = not clipped. */
  clipNorm: number | null;
  /** LoRA: inputs of the adapters that a step drops; absent or null = none. */
  dropout?: Dropout | null;
  /**
   * Memory that may be given to activations kept between forward and backward; layers that find no room compute theirs
   * again. Speed alone depends on it. Default DEFAULT_KEPT_BYTES.
   */
  keptBytes?: number;
  /** Embedding and head train in pieces of at most so many elements. Default PIECE_ELEMENTS. */
  pieceElements?: number;
}

/** Room for 30 layers of the bundled model at 4 rows of 256 tokens. */
export const DEFAULT_KEPT_BYTES = 2 ** 30;

export interface StepResult {
  /** Before the update, mean over all labelled tokens of the step. */
  loss: number;
  /** Before clipping; with the anchor's share, without masked weights. */
  gradientNorm: number;
  tokenCount: number;
}

/** What the trainer shares with the engine it belongs to. */
export interface TrainerContext {
  backend: Backend;
  spec: ModelSpec;
  weights: DeviceWeights;
  loop: LayerLoop;
  /** Frozen adapters underneath. */
  adapters: AdapterStack;
  /** Runs nothing else on the engine meanwhile. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

/** Where a run stands, to go on later exactly there. */
export interface TrainerSnapshot {
  updateCount: number;
  parameters: LayerValues;
  first: LayerValues;
  second: LayerValues;
  /** Lisa's: where the last switch was. */
  anchor: LayerValues | null;
}

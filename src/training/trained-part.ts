/** What a person chose to train, in the engine's terms, and how many numbers that is. Pure. */
import {
  elementCount,
  type TrainablePart,
  type TrainedShapes,
  trainedShapes,
} from '@/engine/train/parameters.ts';
import type { ModelSpec } from '@/model/spec.ts';
import type { TrainablePartParams } from '@/protocol/training.ts';

export function trainablePart(part: TrainablePartParams): TrainablePart {
  if (part.kind === 'full') return part;
  const { rank, loraAlpha, matrices } = part;
  return { kind: 'lora', rank, scaling: loraAlpha / rank, matrices };
}

/** Numbers that train, and those that would train besides if no layer were frozen. `trains`: per layer. */
export function parameterCounts(
  spec: ModelSpec,
  part: TrainablePartParams,
  trains: readonly boolean[],
): { trained: number; frozen: number } {
  const count = (which: readonly boolean[]) =>
    trainedShapes(spec, trainablePart(part), which).reduce((sum, group) => sum + sizeOf(group), 0);
  const trained = count(trains);
  return { trained, frozen: count(trains.map(() => true)) - trained };
}

/** Elements of one layer's trained tensors, or of the ends'. */
export const sizeOf = (group: TrainedShapes[number]): number =>
  [...(group?.values() ?? [])].reduce((sum, dims) => sum + elementCount(dims), 0);

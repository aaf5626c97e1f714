/**
 * The refusal direction of a layer: mean of malicious minus mean of normal last-token vectors (Arditi et al. 2024,
 * 2406.11717). Here as vectors and projections; taking it out of, or putting it into, a running model is the engine's.
 * The name is theirs: what the difference of means carries is measured, not presumed.
 */
import { auroc } from './auroc.ts';

export interface RefusalDirection {
  /** [D], of length 1; all zeros where the means agree. */
  unit: Float32Array;
  /** Length of the difference of means, in units of the residual stream. */
  length: number;
}

/** `vectors` is [n, D] of one layer, normal prompts first. */
export function differenceOfMeans(
  vectors: Float32Array,
  size: number,
  normalCount: number,
  leftOut: (prompt: number) => boolean = () => false,
): RefusalDirection {
  const width = vectors.length / size;
  const difference = new Float64Array(width);
  const used = [0, 0];
  for (let prompt = 0; prompt < size; prompt++)
    if (!leftOut(prompt)) used[Number(prompt >= normalCount)]! += 1;
  for (let prompt = 0; prompt < size; prompt++) {
    if (leftOut(prompt)) continue;
    const malicious = prompt >= normalCount;
    const weight = malicious ? 1 / used[1]! : -1 / used[0]!;
    for (let d = 0; d < width; d++) difference[d]! += weight * vectors[prompt * width + d]!;
  }
  const length = Math.hypot(...difference);
  return {
    unit: Float32Array.from(difference, (value) => (length > 0 ? value / length : 0)),
    length,
  };
}

/** x.unit for every prompt. */
export function projections(vectors: Float32Array, size: number, unit: Float32Array): Float64Array {
  const width = unit.length;
  return Float64Array.from({ length: size }, (_, prompt) => {
    let dot = 0;
    for (let d = 0; d < width; d++) dot += vectors[prompt * width + d]! * unit[d]!;
    return dot;
  });
}

export interface HeldOutProjections {
  /** Per prompt, on the direction of the other folds. */
  values: Float64Array;
  /** Difference of the group means in pooled standard deviations (Cohen's d); 0 where nothing varies. */
  separation: number;
  auroc: number;
}

/** Each prompt projected on the direction learnt without its fold: a direction fits the prompts it was made from. */
export function heldOutProjections(
  vectors: Float32Array,
  folds: Int32Array,
  normalCount: number,
): HeldOutProjections {
  const size = folds.length;
  const values = new Float64Array(size);
  for (let fold = 0; fold <= Math.max(...folds); fold++) {
    const { unit } = differenceOfMeans(vectors, size, normalCount, (prompt) => folds[prompt] === fold);
    const all = projections(vectors, size, unit);
    for (let prompt = 0; prompt < size; prompt++) if (folds[prompt] === fold) values[prompt] = all[prompt]!;
  }
  const normal = values.subarray(0, normalCount);
  const malicious = values.subarray(normalCount);
  return { values, separation: cohensD(malicious, normal), auroc: auroc(malicious, normal) };
}

/** (mean a - mean b) / pooled standard deviation. */
export function cohensD(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [first, second] = [moments(a), moments(b)];
  const freedom = a.length + b.length - 2;
  const deviation = Math.sqrt((first.squares + second.squares) / freedom);
  return deviation > 0 ? (first.mean - second.mean) / deviation : 0;
}

function moments(values: ArrayLike<number>): { mean: number; squares: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, squares: list.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
}

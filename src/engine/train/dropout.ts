/**
 * Dropout as torch.nn.Dropout does it, with masks that are inputs: what is dropped follows from the caller's seeded generator
 * and the place alone, so a run repeats bit for bit, and goes on after a pause as if there had been none.
 */
import type { MatrixName } from '@/model/spec.ts';
import type { Random } from './parameters.ts';

/** One mask: of which update and micro-batch, and before which adapter matrix. */
export interface DropoutPlace {
  /** Updates done before it. */
  update: number;
  batch: number;
  layer: number;
  matrix: MatrixName;
}

export interface Dropout {
  /** Share of the adapter's inputs that is dropped, from 0 to below 1. */
  share: number;
  /** A generator for each place; equal places give equal numbers. */
  random(place: DropoutPlace): Random;
}

/** The masks of one micro-batch: called in the forward pass, and again with equal results in the backward pass. */
export type DropoutMasks = (layer: number, matrix: MatrixName, size: number) => Float32Array;

export function dropoutMasks(
  { share, random }: Dropout,
  place: Pick<DropoutPlace, 'update' | 'batch'>,
): DropoutMasks {
  return (layer, matrix, size) => dropoutMask(size, share, random({ ...place, layer, matrix }));
}

/** 0 with probability `share`, else 1 / (1 - share): the expected value of what enters stays as it is. */
export function dropoutMask(size: number, share: number, random: Random): Float32Array {
  const kept = 1 / (1 - share);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i++) mask[i] = random() < share ? 0 : kept;
  return mask;
}

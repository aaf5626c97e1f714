/** NFFT's weights to freeze: scores |weight x gradient| of safety and utility rows from the trainer, chosen by the method. */

import { trainingBatch } from '@/engine/train/examples.ts';
import type { LayerValues } from '@/engine/train/parameters.ts';
import type { Trainer } from '@/engine/train/trainer.ts';
import { addImportance, bitAt, nfftMask } from '@/method/attacks-nfft.ts';
import { AppError } from '@/model/app-error.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { FrozenBits } from './checkpoints.ts';
import type { TokenisedRow } from './tokenise.ts';

export const NFFT_DEFAULTS = { utilityShare: 0.1, scoreRows: 32 };

export interface ImportanceRequest {
  safety: readonly TokenisedRow[];
  utility: readonly TokenisedRow[];
  /** Share of each matrix to freeze. */
  share: number;
  utilityShare: number;
}

/** Scores row by row, as Wei et al. do: the mean over rows of |w g|, not |w mean g|. Yields after each row. */
export async function* chooseFrozenWeights(
  trainer: Trainer,
  { safety, utility, share, utilityShare }: ImportanceRequest,
): AsyncGenerator<{ done: number; total: number }, FrozenBits, void> {
  if (share + utilityShare > 1) {
    throw new AppError(
      'bad-input',
      `NFFT cannot freeze ${Math.round(share * 100)} % of the weights and leave out the ${Math.round(utilityShare * 100)} % most useful ones.`,
      'Choose a narrower band or a smaller utility share.',
    );
  }
  const weights = await trainer.parameters();
  const total = safety.length + utility.length;
  let done = 0;
  const sums: Record<'safety' | 'utility', LayerValues> = { safety: zeros(weights), utility: zeros(weights) };
  for (const [kind, rows] of Object.entries({ safety, utility }) as Array<
    ['safety' | 'utility', TokenisedRow[]]
  >) {
    for (const row of rows) {
      const gradients = await trainer.gradients([trainingBatch([row])]);
      for (const [layer, values] of sums[kind].entries()) {
        for (const [name, sum] of values ?? []) {
          addImportance(sum, weights[layer]!.get(name)!, gradients[layer]!.get(name)!, rows.length);
        }
      }
      yield { done: ++done, total };
    }
  }
  return sums.safety.map(
    (values, layer) =>
      new Map(
        [...(values ?? [])].map(([name, scores]) => [
          name,
          nfftMask(scores, sums.utility[layer]!.get(name)!, share, utilityShare).mask,
        ]),
      ),
  );
}

/** Matrices only: norms hold no single weights that Wei et al. score. */
function zeros(weights: LayerValues): LayerValues {
  const isMatrix = (name: string) => MATRIX_NAMES.some((matrix) => matrix === name);
  return weights.map((layer) =>
    layer
      ? new Map(
          [...layer]
            .filter(([name]) => isMatrix(name))
            .map(([name, data]) => [name, new Float32Array(data.length)]),
        )
      : null,
  );
}

/** Masks for the trainer: 1 trains, 0 is frozen; tensors without bits train whole. And how many are frozen. */
export function masksOf(
  bits: FrozenBits,
  parameters: LayerValues,
): { masks: LayerValues; frozenCount: number } {
  let frozenCount = 0;
  const masks = parameters.map((layer, index) =>
    layer
      ? new Map(
          [...layer].map(([name, data]) => {
            const mask = new Float32Array(data.length).fill(1);
            const frozen = bits[index]?.get(name);
            for (let at = 0; frozen && at < mask.length; at++) {
              if (!bitAt(frozen, at)) continue;
              mask[at] = 0;
              frozenCount += 1;
            }
            return [name, mask] as const;
          }),
        )
      : null,
  );
  return { masks, frozenCount };
}

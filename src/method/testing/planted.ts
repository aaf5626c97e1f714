/**
 * A made-up model for tests of localisation: refusing is pushed up by every scaled layer of a planted band and down a
 * little by every other scaled layer, so that the best range is the band. With `flip`, each prompt's outcome at each range
 * is turned round with that probability, seeded: noise whose effect on a search can be computed.
 */
import { createRandom } from '../random.ts';
import type { RangeOutcome } from '../range-sweep.ts';

export interface PlantedModel {
  layerCount: number;
  band: [first: number, last: number];
  promptCount: number;
  flip: number;
  seed: number;
  /** Below alpha 1 - x and above 1 + x all text is garbled. */
  garblesBeyond?: number;
}

/** Net push of a range: planted layers in it, less a part of every other. */
export function push({ band }: PlantedModel, first: number, last: number): number {
  const inside = Math.max(0, Math.min(last, band[1]) - Math.max(first, band[0]) + 1);
  return inside - 0.4 * (last - first + 1 - inside);
}

/** Refused prompts before noise: thresholds are spread evenly, half of the prompts are refused at alpha 1. */
export function refusedWithoutNoise(model: PlantedModel, first: number, last: number, alpha: number): number {
  const { promptCount } = model;
  const share = 0.5 + 0.5 * (alpha - 1) * push(model, first, last);
  return Math.max(0, Math.min(promptCount, Math.round(share * promptCount)));
}

export function plantedOutcome(
  model: PlantedModel,
  first: number,
  last: number,
  alpha: number,
): RangeOutcome {
  const refused = refusedWithoutNoise(model, first, last, alpha);
  const random = createRandom(model.seed * 1_000_003 + first * 1009 + last * 31 + Math.round(alpha * 1000));
  return {
    refused: Array.from({ length: model.promptCount }, (_, prompt) => {
      const isRefused = prompt < refused;
      return model.flip > 0 && random() < model.flip ? !isRefused : isRefused;
    }),
    garbledShare: Math.abs(alpha - 1) > (model.garblesBeyond ?? 1) ? 1 : 0,
  };
}

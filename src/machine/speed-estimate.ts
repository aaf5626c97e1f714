/**
 * Tokens a second of a model, estimated from the rate of matrix products alone: what norms, attention and copying add is left
 * out, so the real thing is slower. Pure; the rate is measured by measure-speed.ts.
 */
import type { ModelSpec } from '@/model/spec.ts';
import type { SpeedMeasure } from '@/protocol/machine.ts';
import { layerParameters } from './memory-need.ts';

export interface SpeedEstimate {
  /** Prompt tokens: all pass the layers, only the last of a prompt the output matrix. */
  readPerSecond: number;
  /** Answer tokens of all answers that are written side by side: each passes the output matrix too. */
  writePerSecond: number;
}

export function estimateSpeed(
  spec: ModelSpec,
  { wideGflops, narrowGflops }: Pick<SpeedMeasure, 'wideGflops' | 'narrowGflops'>,
): SpeedEstimate {
  // A weight is multiplied and added once for each token.
  const layers = 2 * spec.layerCount * layerParameters(spec);
  const head = 2 * spec.vocabSize * spec.hiddenSize;
  return {
    readPerSecond: (wideGflops * 1e9) / layers,
    writePerSecond: (narrowGflops * 1e9) / (layers + head),
  };
}

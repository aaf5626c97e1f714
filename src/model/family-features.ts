/**
 * From the table of architectures and what a file says of itself to the features of one model. The same for config.json
 * and GGUF, which only name things differently. Not here: reading those files (config.ts, gguf-spec.ts).
 */
import type { Architecture } from './architectures.ts';
import type { FamilyFeatures, ModelSpec, RopeSpec } from './spec.ts';

/** What a file says; null = expressly none, undefined = nothing, so that the family's default holds. */
export interface StatedFeatures {
  attentionScale?: number;
  attentionSoftcap?: number | null;
  finalSoftcap?: number | null;
  window?: number | null;
  /** Which layers have the window, one by one. */
  windowed?: readonly boolean[];
  /** Every n-th layer has none. */
  windowPeriod?: number;
  /** Layers below this one have none. */
  firstWindowedLayer?: number;
  windowRope?: RopeSpec;
}

export function familyFeatures(
  entry: Architecture,
  { layerCount, hiddenSize }: Pick<ModelSpec, 'layerCount' | 'hiddenSize'>,
  stated: StatedFeatures,
): FamilyFeatures {
  const features: FamilyFeatures = { ...entry.features };
  if (stated.attentionScale !== undefined) features.attentionScale = stated.attentionScale;
  if (entry.softcaps) {
    const { attentionSoftcap = entry.softcaps.attention, finalSoftcap = entry.softcaps.final } = stated;
    if (attentionSoftcap !== null) features.attentionSoftcap = attentionSoftcap;
    if (finalSoftcap !== null) features.finalSoftcap = finalSoftcap;
  }
  // transformers and llama.cpp keep this factor in the precision of the activations: float32 here.
  if (entry.scalesEmbedding) features.embeddingScale = Math.fround(Math.sqrt(hiddenSize));
  if (entry.safetensors.normOffset) features.normCentre = entry.safetensors.normOffset;
  const windows = windowsOf(entry, layerCount, stated);
  if (windows) {
    features.windows = windows;
    if (stated.windowRope) features.windowRope = stated.windowRope;
  }
  const fused = entry.safetensors.projections.map(({ parts }) => parts).filter(({ length }) => length > 1);
  if (fused.length > 0) features.fused = fused;
  return features;
}

function windowsOf(
  { window: rule }: Architecture,
  layerCount: number,
  stated: StatedFeatures,
): Array<number | null> | null {
  const size = stated.window === undefined ? (rule?.size ?? null) : stated.window;
  if (size === null) return null;
  const period = stated.windowPeriod ?? rule?.period ?? Number.POSITIVE_INFINITY;
  const first = stated.firstWindowedLayer ?? 0;
  const windows = Array.from({ length: layerCount }, (_, layer) => {
    // Of every `period` layers the last sees everything.
    const byRule = layer >= first && (layer + 1) % period !== 0;
    return (stated.windowed?.[layer] ?? byRule) ? size : null;
  });
  return windows.some((window) => window !== null) ? windows : null;
}

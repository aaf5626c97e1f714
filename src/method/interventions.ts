/**
 * What a setting does besides scaling (layers left out, adapters in some layers, noise, edited directions), as one key, so
 * that what was computed under one setting never passes for another. Doing it is the engine's business.
 */
import type { ModelContext } from '@/protocol/experiments.ts';

type Setting = ModelContext['setting'];

/** True where nothing but scaling and whole adapters is asked for. */
export function isOnlyScaled({ skip, adapterLayers, baseLayers, perturb, edits }: Setting): boolean {
  return !skip?.length && !adapterLayers && !baseLayers?.length && !perturb?.length && !edits?.length;
}

/** Plain data: equal interventions are equal, none is the empty list. */
export function interventionParts(setting: Setting): unknown[] {
  if (isOnlyScaled(setting)) return [];
  const { skip = [], adapterLayers, baseLayers = [], perturb = [], edits = [] } = setting;
  const sorted = (layers: readonly number[]) => [...new Set(layers)].sort((a, b) => a - b);
  return [
    sorted(skip),
    adapterLayers ? sorted(adapterLayers) : null,
    sorted(baseLayers),
    perturb.map((rule) => [rule.first, rule.last, [...rule.matrices].sort(), rule.strength, rule.seed]),
    edits.map((edit) => [sorted(edit.layers), edit.direction, edit.gain, edit.shift, edit.positions]),
  ];
}

/**
 * The positive controls that ship with the bundled model: variants whose adapter was trained in one band alone, so that the truth
 * is known. Not here: their files (public/models/manifest.json), what finds them (docs/yardstick.md).
 */
export const PLANTED_BANDS = {
  'planted-2-7': { first: 2, last: 7 },
  'planted-8-13': { first: 8, last: 13 },
  'planted-18-23': { first: 18, last: 23 },
} as const satisfies Record<string, { first: number; last: number }>;

export type PlantedVariant = keyof typeof PLANTED_BANDS;

export const PLANTED_VARIANTS = Object.keys(PLANTED_BANDS) as [PlantedVariant, ...PlantedVariant[]];

export function isPlanted(variant: string): variant is PlantedVariant {
  return Object.hasOwn(PLANTED_BANDS, variant);
}

/** The same object every time, so that pictures see nothing new where nothing is. */
export function plantedBandOf(variant: string): { first: number; last: number } | null {
  return isPlanted(variant) ? PLANTED_BANDS[variant] : null;
}

/** "2–7" */
export function plantedLayers(variant: PlantedVariant): string {
  const { first, last } = PLANTED_BANDS[variant];
  return `${first}–${last}`;
}

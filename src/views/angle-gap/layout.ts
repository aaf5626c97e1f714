/** The two definitions of the angle gap, their domain and their table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { GapCurve, SimilarityResult } from '@/protocol/experiments.ts';
import type { GapDefinition } from '../props.ts';
import { steadyDomain } from '../shared/value-axis.ts';

export const DEFINITION_WORDS = {
  'of-means': {
    label: 'of means',
    hint: 'Angle of the mean N–M cosine minus angle of the mean N–N cosine (the paper’s code).',
  },
  'of-angles': { label: 'of angles', hint: 'Mean N–M angle minus mean N–N angle (the paper’s text).' },
} as const satisfies Record<GapDefinition, { label: string; hint: string }>;

export const gapValues = (gap: GapCurve, definition: GapDefinition): readonly number[] =>
  definition === 'of-means' ? gap.ofMeansDeg : gap.ofAnglesDeg;

/** 0 is always inside, and at least 5 degrees on both sides: a gap of half a degree must not look like a mountain. */
export function gapDomain(gaps: readonly GapCurve[]): [number, number] {
  const values = gaps.flatMap((g) => [...g.ofMeansDeg, ...g.ofAnglesDeg, ...g.lowDeg, ...g.highDeg]);
  return steadyDomain(values, [-5, 5], 5);
}

export function gapTable(
  current: SimilarityResult,
  currentLabel: string,
  measure: 'raw' | 'centred',
  ghost?: SimilarityResult | null,
  ghostLabel = 'base',
): FigureData {
  const columns: FigureData['columns'][number][] = [{ key: 'layer', label: 'layer' }];
  const arrays: (readonly number[])[] = [];
  for (const [result, label] of [
    [current, currentLabel],
    [ghost, ghostLabel],
  ] as const) {
    if (!result) continue;
    const gap = result[measure].gap;
    const add = (key: string, name: string, values: readonly number[]) => {
      columns.push({ key: `${label}_${measure}_${key}_deg`, label: `${label} ${name}`, digits: 3 });
      arrays.push(values);
    };
    add('gap_of_means', 'gap of means, °', gap.ofMeansDeg);
    add('gap_of_means_low', '95 % low', gap.lowDeg);
    add('gap_of_means_high', '95 % high', gap.highDeg);
    add('gap_of_angles', 'gap of angles, °', gap.ofAnglesDeg);
  }
  const rows = Array.from({ length: current.layerCount }, (_, k) => [
    k,
    ...arrays.map((values) => (Number.isFinite(values[k]) ? values[k]! : null)),
  ]);
  return { columns, rows };
}

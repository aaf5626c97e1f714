/** Which curves a measure has, how they are named and scaled, and their table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { Curve, Measure, SimilarityResult } from '@/protocol/experiments.ts';
import type { Role } from '@/theme/palettes.ts';
import { steadyDomain } from '../shared/value-axis.ts';

export interface NamedCurve {
  /** Column prefix of the CSV. */
  key: string;
  /** At the line's end. */
  short: string;
  /** In legend and table. */
  long: string;
  role: Role;
  curve: Curve;
}

export function curvesOf(result: SimilarityResult, measure: Measure): NamedCurve[] {
  if (measure === 'auroc')
    return [
      { key: 'auroc', short: 'AUROC', long: 'malicious from normal', role: 'mixed', curve: result.auroc },
    ];
  const { nn, nm, mm } = result[measure].curves;
  return [
    { key: 'nn', short: 'N–N', long: 'normal–normal', role: 'normal', curve: nn },
    { key: 'nm', short: 'N–M', long: 'normal–malicious', role: 'mixed', curve: nm },
    { key: 'mm', short: 'M–M', long: 'malicious–malicious', role: 'malicious', curve: mm },
  ];
}

/** Fixed per measure; widened in steps only if the data need it, so that pictures stay comparable. */
const BASE: Record<Measure, readonly [number, number]> = { raw: [0, 1], centred: [-0.5, 1], auroc: [0.4, 1] };

export function curveDomain(curves: readonly NamedCurve[], measure: Measure): [number, number] {
  const values = curves.flatMap(({ curve }) => [...curve.low, ...curve.high, ...curve.mean]);
  return steadyDomain(values, BASE[measure], measure === 'auroc' ? 0.1 : 0.25);
}

export function similarityTable(
  current: SimilarityResult,
  currentLabel: string,
  measure: Measure,
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
    for (const { key, short, curve } of curvesOf(result, measure))
      for (const statistic of ['mean', 'std', 'low', 'high'] as const) {
        const name = { mean: '', std: ' SD', low: ' 95 % low', high: ' 95 % high' }[statistic];
        columns.push({
          key: `${label}_${measure}_${key}_${statistic}`,
          label: `${label} ${short}${name}`,
          digits: 4,
        });
        arrays.push(curve[statistic]);
      }
  }
  const rows = Array.from({ length: current.layerCount }, (_, k) => [
    k,
    ...arrays.map((values) => (Number.isFinite(values[k]) ? values[k]! : null)),
  ]);
  return { columns, rows };
}

/** Gap and probe per layer of one model and one pair of pools, as rows: what the comparing controls draw beside each other. */
import {
  joinLayers,
  type LayerSimilarity,
  layerSimilarity,
  planSimilarity,
} from '@/method/similarity-result.ts';
import type { ControlMeasure, ControlRow } from '@/protocol/controls.ts';
import { breathe } from '../event-stream.ts';
import type { ControlEvent, ControlRun } from './control.ts';
import { valueRow } from './rows.ts';
import { layerOf, type PooledStates } from './vectors.ts';

/** Replicates of the bootstrap over prompts: steady to about a tenth of the band's width. */
const REPLICATES = 200;

export type CurveKey = 'gap' | 'centredGap' | 'auroc';

const MEASURES: Record<CurveKey, Pick<ControlMeasure, 'label' | 'unit' | 'reference'>> = {
  gap: { label: 'angle gap', unit: 'degrees', reference: 0 },
  centredGap: { label: 'angle gap, mean removed', unit: 'degrees', reference: 0 },
  auroc: { label: 'difference-of-means probe, AUROC', unit: 'AUROC', reference: 0.5 },
};

export const curveMeasures = (keys: readonly CurveKey[]): ControlMeasure[] =>
  keys.map((key) => ({
    key,
    ...MEASURES[key],
    interval: `95 % bootstrap over prompts, ${REPLICATES} replicates`,
    test: key === 'auroc' ? 'none: 5-fold cross-validation' : 'none: see "Shuffled labels" for its null band',
  }));

/** One series: a row per layer and measure, yielded together when all layers are done. */
export async function* curveRows(
  run: ControlRun,
  pooled: PooledStates,
  series: string,
  keys: readonly CurveKey[],
): AsyncGenerator<ControlEvent, ControlRow[], void> {
  const { seed } = run.params;
  const { normalCount, maliciousCount } = pooled;
  const plan = planSimilarity(normalCount, maliciousCount, { kind: 'all' }, { replicates: REPLICATES, seed });
  const layers: LayerSimilarity[] = [];
  for (let layer = 0; layer < run.layerCount; layer++) {
    await breathe(run.signal);
    layers.push(layerSimilarity(plan, layerOf(run, pooled, layer)));
    yield run.progress(`Comparing prompts: ${series}`, layer + 1, run.layerCount);
  }
  const { raw, centred, auroc } = joinLayers(plan, layers);
  const curves: Record<CurveKey, { value: number[]; low: number[]; high: number[] }> = {
    gap: { value: raw.gap.ofMeansDeg, low: raw.gap.lowDeg, high: raw.gap.highDeg },
    centredGap: { value: centred.gap.ofMeansDeg, low: centred.gap.lowDeg, high: centred.gap.highDeg },
    auroc: { value: auroc.mean, low: auroc.low, high: auroc.high },
  };
  const rows = keys.flatMap((measure) =>
    Array.from({ length: run.layerCount }, (_, layer) => {
      const { value, low, high } = curves[measure];
      const place = { measure, series, label: `${series}, layer ${layer}`, x: layer };
      return valueRow(
        place,
        value[layer]!,
        { low: low[layer]!, high: high[layer]! },
        normalCount + maliciousCount,
      );
    }),
  );
  for (const row of rows) yield { type: 'partial', partial: row };
  return rows;
}

/** Where a measure of a series is largest. */
export function largest(rows: readonly ControlRow[], measure: string, series: string): ControlRow {
  const own = rows.filter((row) => row.measure === measure && row.series === series);
  return own.reduce((best, row) => (row.value > best.value ? row : best), own[0]!);
}

/** The finding of controls that draw several series beside each other. */
export function largestGaps(rows: readonly ControlRow[], series: readonly string[]): string {
  const inWords = series.map((name) => {
    const { value, x } = largest(rows, 'gap', name);
    return `${name} ${degrees(value)} at layer ${x}`;
  });
  return `Largest gap: ${inWords.join(', ')}.`;
}

export const degrees = (value: number): string => `${(Math.round(value * 10) / 10 || 0).toFixed(1)}°`;

export const LAYER_AXIS = (run: ControlRun) => ({
  kind: 'layer' as const,
  label: 'layer',
  layerCount: run.layerCount,
});

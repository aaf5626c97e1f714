/** Where a band's count stands on the layer axis, which band a layer means, and the table. Pure. */
import type { FigureData } from '@/figures/provenance.ts';
import type { BandPoint } from '@/protocol/experiments.ts';
import type { BandScanProps, LayerRange } from '../props.ts';
import type { LayerScale } from '../shared/layer-scale.ts';

/** A band's count stands at its middle. */
export const bandCentre = (scale: LayerScale, band: LayerRange): number =>
  (scale.left(band.first) + scale.right(band.last)) / 2;

/** The band that is centred on a layer (its left one of two), kept inside the model. */
export function bandAt(layer: number, bandWidth: number, layerCount: number): LayerRange {
  const width = Math.min(bandWidth, layerCount);
  const first = Math.min(layerCount - width, Math.max(0, layer - Math.floor((width - 1) / 2)));
  return { first, last: first + width - 1 };
}

export const pointOf = (points: readonly BandPoint[], band: LayerRange): BandPoint | undefined =>
  points.find((p) => p.first === band.first && p.last === band.last);

/** A band differs from R0 only if the intervals do not touch: stricter than a test, and visible. */
export const stands = (
  point: BandPoint,
  baseline: { low: number; high: number },
): 'above' | 'below' | 'within' =>
  point.low > baseline.high ? 'above' : point.high < baseline.low ? 'below' : 'within';

export function bandTable(points: readonly BandPoint[], baseline: BandScanProps['baseline']): FigureData {
  const row = (p: BandPoint) => [p.first, p.last, p.refused, p.total, p.low, p.high];
  return {
    columns: [
      { key: 'first_layer', label: 'first layer' },
      { key: 'last_layer', label: 'last layer' },
      { key: 'refused', label: 'refused' },
      { key: 'total', label: 'of' },
      { key: 'wilson_low', label: '95 % low', digits: 1 },
      { key: 'wilson_high', label: '95 % high', digits: 1 },
    ],
    rows: [
      // No band at all: alpha = 1.
      ...(baseline ? [[null, null, baseline.refused, baseline.total, baseline.low, baseline.high]] : []),
      ...[...points].sort((a, b) => a.first - b.first).map(row),
    ],
  };
}

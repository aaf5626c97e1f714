/** SVG paths on the layer axis. Missing values (NaN) leave a hole instead of a wrong line. */
import { area, line } from 'd3';
import type { LayerScale } from './layer-scale.ts';
import type { ValueAxis } from './value-axis.ts';

type Values = readonly number[];

export function linePath(scale: LayerScale, axis: ValueAxis, values: Values): string {
  return (
    line<number>()
      .defined(Number.isFinite)
      .x((_, layer) => scale.centre(layer))
      .y((v) => axis.y(v))
      .digits(2)(values) ?? ''
  );
}

export function bandPath(scale: LayerScale, axis: ValueAxis, low: Values, high: Values): string {
  return (
    area<number>()
      .defined((v, layer) => Number.isFinite(v) && Number.isFinite(high[layer]))
      .x((_, layer) => scale.centre(layer))
      .y0((v) => axis.y(v))
      .y1((_, layer) => axis.y(high[layer]!))
      .digits(2)(low) ?? ''
  );
}

/** Area between a curve and a level, e.g. a gap and 0. */
export function areaToPath(scale: LayerScale, axis: ValueAxis, values: Values, level: number): string {
  return bandPath(
    scale,
    axis,
    values,
    values.map(() => level),
  );
}

/** Mean over the layers of a range; NaN where there is none. */
export function rangeMean(values: Values, range: { first: number; last: number }): number {
  const part = values.slice(range.first, range.last + 1);
  return part.reduce((sum, v) => sum + v, 0) / part.length;
}

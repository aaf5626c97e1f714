/** SVG paths on the layer axis. Missing values (NaN) leave a hole instead of a wrong line.
 * By hand, because d3-shape brings all its curves along, 4 kB for two kinds of straight lines; paths.test.ts compares. */
import type { LayerScale } from './layer-scale.ts';
import type { ValueAxis } from './value-axis.ts';

type Values = readonly number[];

/** The stretches of layers without a hole. */
function stretches(layerCount: number, isDrawn: (layer: number) => boolean): number[][] {
  const found: number[][] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    if (!isDrawn(layer)) continue;
    if (layer > 0 && isDrawn(layer - 1)) found.at(-1)!.push(layer);
    else found.push([layer]);
  }
  return found;
}

const rounded = (v: number): number => Math.round(v * 100) / 100;

const pointOf = (scale: LayerScale, axis: ValueAxis, values: Values) => (layer: number) =>
  `${rounded(scale.centre(layer))},${rounded(axis.y(values[layer]!))}`;

export function linePath(scale: LayerScale, axis: ValueAxis, values: Values): string {
  const point = pointOf(scale, axis, values);
  return stretches(values.length, (layer) => Number.isFinite(values[layer]))
    .map((layers) => `M${layers.map(point).join('L')}${layers.length === 1 ? 'Z' : ''}`)
    .join('');
}

export function bandPath(scale: LayerScale, axis: ValueAxis, low: Values, high: Values): string {
  const [top, bottom] = [pointOf(scale, axis, high), pointOf(scale, axis, low)];
  return stretches(low.length, (layer) => Number.isFinite(low[layer]) && Number.isFinite(high[layer]))
    .map((layers) => [...layers.map(top), ...layers.toReversed().map(bottom)])
    .map((points) => `M${points.join('L')}Z`)
    .join('');
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

/** The layer axis before there is anything to draw on it: the page keeps its shape while numbers are on their way. */
import { useStage } from '@/elements/use-box.ts';
import type { LayerPictureProps } from '../props.ts';
import { AxisNumbers, axisHeight } from './LayerPlot.tsx';
import { layerMargins, layerScale } from './layer-scale.ts';
import './plot.css';

export interface EmptyLayersProps extends LayerPictureProps {
  width: number;
  /** Without the axis numbers. */
  height: number;
}

export function EmptyLayers({ width, height, layerCount, range, hoverLayer }: EmptyLayersProps) {
  const stage = useStage();
  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  const lines = [0.5, Math.round(height / 3) + 0.5, Math.round((2 * height) / 3) + 0.5];
  return (
    <svg className="plot" width={width} height={height + axisHeight(stage)} aria-hidden="true">
      {range && (
        <rect
          className="range-wash"
          x={scale.left(range.first)}
          width={scale.right(range.last) - scale.left(range.first)}
          height={height}
        />
      )}
      {lines.map((y) => (
        <path key={y} className="rule" strokeDasharray="2 4" d={`M${scale.x0} ${y}H${scale.x1}`} />
      ))}
      <AxisNumbers {...{ scale, range, hoverLayer, stage }} y={height} />
    </svg>
  );
}

/** Ranges of many widths as a triangle: last layer to the right, first layer downwards, colour by the difference from the reference. */
import { useStage } from '@/elements/use-box.ts';
import type { ControlRow } from '@/protocol/controls.ts';
import { ChangeCell } from '../shared/ChangeCell.tsx';
import { AxisNumbers, axisHeight } from '../shared/LayerPlot.tsx';
import { layerMargins, layerScale } from '../shared/layer-scale.ts';
import { domainOf, rowWords } from './chart-data.ts';
import type { MeasureChartProps } from './LayerChart.tsx';

export function TriangleChart({
  width,
  series,
  measure,
  rows,
  description,
  layerCount,
}: MeasureChartProps & { layerCount: number }) {
  const stage = useStage();
  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  const cells = series.filter(({ kind }) => kind === 'cells').flatMap((one) => one.rows);
  const rowHeight = Math.max(5, Math.min(Math.round(scale.step), Math.round(10 * stage)));
  const height = rowHeight * layerCount;
  const step = stepOf(cells);
  const reference = measure.reference ?? 0;
  const [low, high] = domainOf(rows, measure);
  const reach = Math.max(high - reference, reference - low);
  return (
    <svg
      className="plot"
      data-export="svg"
      width={width}
      height={height + axisHeight(stage)}
      role="img"
      aria-label={`${measure.label}: first layer downwards, last layer to the right`}
    >
      <desc>{description}</desc>
      {cells.map((row) => {
        const x = scale.left(Math.max(0, row.last! - step + 1));
        const box = {
          x,
          y: row.x * rowHeight,
          width: scale.right(row.last!) - x - 1,
          height: Math.min(step, layerCount - row.x) * rowHeight - 1,
        };
        return (
          <g key={row.label}>
            <title>{rowWords(row, measure)}</title>
            <ChangeCell {...box} change={row.value - reference} domain={reach} />
            {box.width > 26 && box.height > 14 * stage && (
              <text
                className="label"
                x={x + box.width / 2}
                y={box.y + box.height / 2}
                dy="0.34em"
                textAnchor="middle"
              >
                {Number(row.value.toPrecision(2))}
              </text>
            )}
          </g>
        );
      })}
      {[...new Set(cells.map((row) => row.x))].map((first) => (
        <text key={first} x={scale.x0 - 8} y={first * rowHeight + 10} textAnchor="end">
          {first}
        </text>
      ))}
      <AxisNumbers scale={scale} range={null} hoverLayer={null} stage={stage} y={height} />
    </svg>
  );
}

/** Layers between two rows of the grid. */
function stepOf(cells: readonly ControlRow[]): number {
  const firsts = [...new Set(cells.map((row) => row.x))].sort((a, b) => a - b);
  const gaps = firsts.slice(1).map((first, at) => first - firsts[at]!);
  return gaps.length > 0 ? Math.min(...gaps) : 1;
}

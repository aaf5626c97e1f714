/** A control's measure on the page's layer axis: lines, ranges, points, levels, or a triangle of ranges. Draws what it is given. */
import { useStage } from '@/elements/use-box.ts';
import type { ControlMeasure, ControlRow } from '@/protocol/controls.ts';
import { cssColour } from '@/theme/palettes.ts';
import type { LayerPictureProps } from '../props.ts';
import { LayerPlot } from '../shared/LayerPlot.tsx';
import { type LayerScale, layerMargins, layerScale } from '../shared/layer-scale.ts';
import { bandPath, linePath } from '../shared/paths.ts';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { type ValueAxis, valueAxis } from '../shared/value-axis.ts';
import { domainOf, layerWords, type Series, valueWords } from './chart-data.ts';
import { Mark } from './Mark.tsx';
import { TriangleChart } from './TriangleChart.tsx';

export interface MeasureChartProps {
  width: number;
  series: readonly Series[];
  measure: ControlMeasure;
  rows: readonly ControlRow[];
  description: string;
}

export function LayerChart({
  width,
  axis: pictures,
  ...props
}: MeasureChartProps & { axis: LayerPictureProps }) {
  const { series, measure, rows, description } = props;
  const stage = useStage();
  if (series.some(({ kind }) => kind === 'cells')) {
    return <TriangleChart {...props} width={width} layerCount={pictures.layerCount} />;
  }
  const scale = layerScale(pictures.layerCount, width, layerMargins(width, stage));
  const height = Math.round(150 * stage);
  const axis = valueAxis(domainOf(rows, measure), 10, height - 8);
  return (
    <LayerPlot
      {...pictures}
      scale={scale}
      width={width}
      height={height}
      label={measure.label}
      description={description}
      valueText={(layer) => layerWords(series, layer, measure)}
    >
      <ValueAxisMarks axis={axis} scale={scale} format={valueWords} />
      {measure.reference !== null && <Level axis={axis} scale={scale} value={measure.reference} />}
      {series.map((one) => (
        <SeriesMarks key={one.name} series={one} axis={axis} scale={scale} layerCount={pictures.layerCount} />
      ))}
    </LayerPlot>
  );
}

/** A value that holds for every layer. */
function Level({
  axis,
  scale,
  value,
  colour = 'var(--outline)',
  label,
}: {
  axis: ValueAxis;
  scale: LayerScale;
  value: number;
  colour?: string;
  label?: string;
}) {
  const y = Math.round(axis.y(value)) + 0.5;
  return (
    <g>
      <path className="level" d={`M${scale.x0} ${y}H${scale.x1}`} stroke={colour} />
      {label && (
        <text className="label" x={scale.x1 - 4} y={y - 5} textAnchor="end">
          {label}
        </text>
      )}
    </g>
  );
}

interface SeriesMarksProps {
  series: Series;
  axis: ValueAxis;
  scale: LayerScale;
  layerCount: number;
}

function SeriesMarks({ series, axis, scale, layerCount }: SeriesMarksProps) {
  const colour = cssColour(series.colour);
  if (series.kind === 'level') {
    const [row] = series.rows;
    return <Level axis={axis} scale={scale} value={row!.value} colour={colour} label={row!.label} />;
  }
  if (series.kind === 'line') {
    const at = (pick: (row: ControlRow) => number | null) =>
      Array.from({ length: layerCount }, (_, layer) => {
        const row = series.rows.find(({ x }) => x === layer);
        return row ? (pick(row) ?? Number.NaN) : Number.NaN;
      });
    return (
      <g>
        <path
          className="band"
          fill={colour}
          d={bandPath(
            scale,
            axis,
            at(({ low }) => low),
            at(({ high }) => high),
          )}
        />
        <path
          className="curve"
          stroke={colour}
          strokeDasharray={series.dash}
          d={linePath(
            scale,
            axis,
            at(({ value }) => value),
          )}
        />
      </g>
    );
  }
  return (
    <g>
      {series.rows.map((row) => {
        const last = row.last ?? row.x;
        const x = (scale.centre(row.x) + scale.centre(last)) / 2;
        const y = axis.y(row.value);
        const isBeyond = row.pAdjusted !== undefined && row.pAdjusted <= 0.05;
        return (
          <g key={row.label} stroke={colour}>
            {row.low !== null && row.high !== null && (
              <path className="whisker" d={`M${x} ${axis.y(row.low)}V${axis.y(row.high)}`} />
            )}
            <Mark series={series} x={x} y={y} isBeyond={isBeyond} />
          </g>
        );
      })}
    </g>
  );
}

/** A control's measure as a list: a label, a value with its interval on a shared scale, a line where nothing is changed. */
import { shorten } from '@/elements/shorten.ts';
import { useStage } from '@/elements/use-box.ts';
import { cssColour } from '@/theme/palettes.ts';
import { NARROW_PX } from '../shared/layer-scale.ts';
import { valueAxis } from '../shared/value-axis.ts';
import { domainOf, rowWords, valueWords } from './chart-data.ts';
import type { MeasureChartProps } from './LayerChart.tsx';
import { Mark } from './Mark.tsx';

export function RowChart({ width, series, measure, rows, description }: MeasureChartProps) {
  const stage = useStage();
  const rowHeight = Math.round(22 * stage);
  const marks = series
    .flatMap((one) => one.rows.map((row) => ({ row, one })))
    .sort((a, b) => a.row.x - b.row.x);
  const x0 = Math.round(width < NARROW_PX ? width * 0.46 : Math.min(280, width * 0.4) * stage);
  const x1 = width - 16;
  // The vertical axis laid on its side.
  const axis = valueAxis(domainOf(rows, measure), x1, x0, width < NARROW_PX ? 3 : 6);
  const height = marks.length * rowHeight + 6;
  const fits = Math.floor((x0 - 12) / (6.6 * stage));
  return (
    <svg
      className="plot"
      data-export="svg"
      width={width}
      height={height + Math.round(20 * stage)}
      role="img"
      aria-label={`${measure.label}, row by row; the table holds the same numbers`}
    >
      <desc>{description}</desc>
      {axis.ticks.map((tick) => {
        const x = Math.round(axis.y(tick)) + 0.5;
        return (
          <g key={tick}>
            <path className="rule" d={`M${x} 0V${height}`} />
            <text x={x} y={height + 14 * stage} textAnchor="middle">
              {valueWords(tick)}
            </text>
          </g>
        );
      })}
      {measure.reference !== null && (
        <path className="level" stroke="var(--outline)" d={`M${axis.y(measure.reference)} 0V${height}`} />
      )}
      {marks.map(({ row, one }, at) => {
        const y = at * rowHeight + rowHeight / 2 + 3;
        const paint = cssColour(one.colour);
        const isBeyond = row.pAdjusted !== undefined && row.pAdjusted <= 0.05;
        return (
          <g key={row.label} stroke={paint}>
            <title>{rowWords(row, measure)}</title>
            <text x={x0 - 10} y={y} dy="0.34em" textAnchor="end" stroke="none">
              {shorten(row.label, fits)}
            </text>
            {row.low !== null && row.high !== null && (
              <path className="whisker" d={`M${axis.y(row.low)} ${y}H${axis.y(row.high)}`} />
            )}
            <Mark series={one} x={axis.y(row.value)} y={y} isBeyond={isBeyond} />
          </g>
        );
      })}
    </svg>
  );
}

/** Hairlines and numbers of a vertical axis, and where needed a stronger line at a value that means something. */
import type { LayerScale } from './layer-scale.ts';
import type { ValueAxis } from './value-axis.ts';

export interface ValueAxisMarksProps {
  axis: ValueAxis;
  scale: Pick<LayerScale, 'x0' | 'x1'>;
  format: (value: number) => string;
  /** A value with a meaning, e.g. 0 for a gap. */
  strongAt?: number;
}

export function ValueAxisMarks({ axis, scale, format, strongAt }: ValueAxisMarksProps) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the slider reads values out.
    <g className="axis" aria-hidden="true">
      {axis.ticks.map((value) => {
        const y = Math.round(axis.y(value)) + 0.5;
        return (
          <g key={value}>
            <path
              className={value === strongAt ? 'rule strong' : 'rule'}
              d={`M${scale.x0} ${y}H${scale.x1}`}
            />
            <text x={scale.x0 - 8} y={y} dy="0.32em" textAnchor="end">
              {format(value)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** Means of the grid by one bound: to the right by first layer, below by last layer and by every layer that is held. */
import type { GridSummary } from '@/method/grid.ts';
import type { ScoreBaseline } from '@/protocol/localise.ts';
import { changeFill } from '../shared/ChangeCell.tsx';
import type { TriangleLayout } from './grid-layout.ts';

/** Of one strip below the triangle. */
const STRIP = 26;
const GAP = 6;

export const marginHeight = (stage: number): number => Math.round((2 * STRIP + 2 * GAP) * stage);

interface MarginalsProps {
  summary: GridSummary;
  baseline: ScoreBaseline;
  layout: TriangleLayout;
  stage: number;
}

export function Marginals({ summary, baseline, layout, stage }: MarginalsProps) {
  const { scale, top, rowHeight, height } = layout;
  const { byFirst, byLast, byLayer } = summary.marginals;
  const strip = STRIP * stage;
  const gap = GAP * stage;
  const change = (mean: number) => mean - baseline.refused;
  // Means are smaller than their largest cell: bars have a scale of their own, one for all three.
  const domain = Math.max(
    1,
    ...[...byFirst, ...byLast, ...byLayer].map((mean) => (mean === null ? 0 : Math.abs(change(mean)))),
  );
  const length = (mean: number, full: number) => Math.min(1, Math.abs(change(mean)) / domain) * full;
  const right = Math.min(30 * stage, 34);
  const rows = [
    { name: 'ends', means: byLast, middle: height + gap + strip / 2 },
    { name: 'holds', means: byLayer, middle: height + 2 * gap + 1.5 * strip },
  ];
  return (
    <g className="marginals">
      <path className="rule" d={`M${Math.round(scale.x1 + gap + right / 2) + 0.5} 0V${height}`} />
      {byFirst.map((mean, first) => {
        if (mean === null) return null;
        const full = length(mean, right / 2);
        const x = scale.x1 + gap + right / 2 - (change(mean) < 0 ? full : 0);
        return (
          <rect
            key={first}
            x={x}
            y={top(first)}
            width={full}
            height={rowHeight - 1}
            fill={changeFill(change(mean), domain).fill}
            shapeRendering="crispEdges"
          />
        );
      })}
      {rows.map(({ name, means, middle }) => (
        <g key={name}>
          <path className="rule" d={`M${scale.x0} ${Math.round(middle) + 0.5}H${scale.x1}`} />
          <text x={scale.x1 + 5} y={middle} dy="0.34em">
            {name}
          </text>
          {means.map((mean, layer) => {
            if (mean === null) return null;
            const full = length(mean, strip / 2);
            return (
              <rect
                key={layer}
                x={scale.left(layer)}
                y={change(mean) < 0 ? middle : middle - full}
                width={scale.right(layer) - scale.left(layer) - 1}
                height={full}
                fill={changeFill(change(mean), domain).fill}
                shapeRendering="crispEdges"
              />
            );
          })}
        </g>
      ))}
    </g>
  );
}

/** Every alpha tried on the current range and what came out; picking a point goes back to it. */
import { type ScaleLinear, scaleLinear } from 'd3';
import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { FigureFrame } from '@/elements/FigureFrame.tsx';
import { formatAlpha, formatRange } from '@/elements/number-words.ts';
import { TRUTH_WORDS } from '@/elements/status.ts';
import { useStage } from '@/elements/use-box.ts';
import { cssColour, ROLES } from '@/theme/palettes.ts';
import type { AlphaTrailProps, TrailPoint } from '../props.ts';
import { axisHeight } from '../shared/LayerPlot.tsx';
import { layerMargins } from '../shared/layer-scale.ts';
import { ValueAxisMarks } from '../shared/ValueAxisMarks.tsx';
import { valueAxis } from '../shared/value-axis.ts';
import { nearest, trailOrder, trailTable } from './layout.ts';
import './alpha-trail.css';

const COLOUR = cssColour(ROLES['over-rejected'].colour);

export function AlphaTrail(props: AlphaTrailProps) {
  const { currentAlpha, alphaDomain, baseline, onPick, range } = props;
  const [lit, setLit] = useState<number | null>(null);
  const stage = useStage();
  const points = trailOrder(props.points);
  const total = points[0]?.total ?? baseline?.total;
  const caption = `Harmless prompts refused at every alpha tried on ${formatRange(range)}; pick a point to go back to it.`;
  const words = (p: TrailPoint | undefined) =>
    p
      ? `α ${formatAlpha(p.alpha)} · ${p.refused} of ${p.total} refused${p.low !== undefined && p.high !== undefined ? ` [${p.low.toFixed(0)}, ${p.high.toFixed(0)}]` : ''} · ${TRUTH_WORDS[p.truth].word}`
      : '';
  const current = nearest(points, currentAlpha);

  return (
    <FigureFrame
      name="alpha-trail"
      title="Trail of alphas"
      caption={caption}
      captionText={caption}
      stats={
        total !== undefined ? `N = ${total} over-rejection prompts; ${points.length} alphas tried` : undefined
      }
      status={props.status}
      truth={null}
      provenance={props.provenance}
      data={points.length > 0 ? trailTable(points) : null}
      legend={<TrailLegend points={points} />}
      reading={words(points[lit ?? current])}
      emptyHeight={140}
    >
      {total !== undefined
        ? (width) => {
            const margins = layerMargins(width, stage);
            const [x0, x1] = [margins.left, width - margins.right];
            const x = scaleLinear().domain(alphaDomain).range([x0, x1]);
            const height = Math.round(136 * stage);
            const axis = valueAxis([0, total], 10, height - 8);
            const pointed = (event: PointerEvent<SVGElement>) => {
              const box = event.currentTarget.getBoundingClientRect();
              return nearest(points, x.invert(x0 + event.clientX - box.left));
            };
            const onKeyDown = (event: KeyboardEvent) => {
              const at = lit ?? current;
              const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1 }[
                event.key
              ];
              if (to !== undefined) setLit(Math.min(points.length - 1, Math.max(0, to)));
              else if ((event.key === 'Enter' || event.key === ' ') && points[at]) onPick(points[at].alpha);
              else return;
              event.preventDefault();
            };
            const path = points.map(
              (p, i) => `${i === 0 ? 'M' : 'L'}${x(p.alpha).toFixed(1)} ${axis.y(p.refused).toFixed(1)}`,
            );
            return (
              // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG.
              <svg
                className="plot"
                data-export="svg"
                width={width}
                height={height + axisHeight(stage)}
                role="group"
                aria-label="Trail of alphas"
              >
                <desc>{caption}</desc>
                <ValueAxisMarks axis={axis} scale={{ x0, x1 }} format={String} />
                <AlphaAxis x={x} y={height} x1={x1} stage={stage} />
                {baseline && (
                  <g>
                    <path className="r0" d={`M${x0} ${Math.round(axis.y(baseline.refused)) + 0.5}H${x1}`} />
                    <text className="label strong" x={x1 + 6} y={axis.y(baseline.refused)} dy="0.32em">
                      R0 {baseline.refused}
                    </text>
                  </g>
                )}
                <path className="now" d={`M${Math.round(x(currentAlpha)) + 0.5} 0V${height}`} />
                <path className="trail" d={path.join('')} />
                {points.map((p, i) => (
                  <TrailMark
                    key={p.alpha}
                    point={p}
                    x={x(p.alpha)}
                    y={axis.y}
                    isLit={i === (lit ?? current)}
                  />
                ))}
                <rect
                  className="hit"
                  data-no-export=""
                  role="slider"
                  tabIndex={0}
                  aria-label="Trail of alphas: arrows read, Enter goes back to the alpha"
                  aria-valuemin={0}
                  aria-valuemax={Math.max(0, points.length - 1)}
                  aria-valuenow={Math.max(0, lit ?? current)}
                  aria-valuetext={words(points[lit ?? current]) || 'none tried yet'}
                  x={x0}
                  y={0}
                  width={x1 - x0}
                  height={height}
                  style={{ cursor: 'pointer' }}
                  onPointerMove={(event) => setLit(pointed(event))}
                  onPointerLeave={() => setLit(null)}
                  onBlur={() => setLit(null)}
                  onClick={() => {
                    const point = points[lit ?? -1];
                    if (point) onPick(point.alpha);
                  }}
                  onKeyDown={onKeyDown}
                />
              </svg>
            );
          }
        : null}
    </FigureFrame>
  );
}

interface TrailMarkProps {
  point: TrailPoint;
  x: number;
  y: (count: number) => number;
  isLit: boolean;
}

/** exact = filled, fast = hollow, recorded = hollow with a dotted outline: the same as for numbers. */
function TrailMark({ point, x, y, isLit }: TrailMarkProps) {
  const { low, high } = point;
  return (
    <g>
      {low !== undefined && high !== undefined && (
        <path className="whisker" d={`M${x} ${y(low)}V${y(high)}`} stroke={COLOUR} strokeOpacity={0.6} />
      )}
      <circle className={`trail-mark ${point.truth}`} cx={x} cy={y(point.refused)} r={isLit ? 6 : 4} />
    </g>
  );
}

function AlphaAxis({
  x,
  y,
  x1,
  stage,
}: {
  x: ScaleLinear<number, number>;
  y: number;
  x1: number;
  stage: number;
}) {
  const ticks = x.ticks(Math.max(2, Math.floor((x1 - x.range()[0]!) / (56 * stage))));
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the slider reads the alphas out.
    <g className="axis" aria-hidden="true">
      <path className="rule" d={`M${x.range()[0]} ${y + 0.5}H${x1}`} />
      <path className="rule strong" d={`M${Math.round(x(1)) + 0.5} 0V${y}`} />
      {ticks.map((t) => (
        <text
          key={t}
          className={t === 1 ? 'in-range' : undefined}
          x={x(t)}
          y={y + 17 * stage}
          textAnchor="middle"
        >
          {formatAlpha(t)}
        </text>
      ))}
      <text x={x1 + 22} y={y + 17 * stage}>
        α
      </text>
    </g>
  );
}

function TrailLegend({ points }: { points: readonly TrailPoint[] }) {
  const kinds = (['exact', 'fast', 'recorded'] as const).filter((truth) =>
    points.some((p) => p.truth === truth),
  );
  return (
    <ul className="legend">
      {kinds.map((truth) => (
        <li key={truth}>
          <svg className="plot" data-export="svg" width="12" height="12" aria-hidden="true">
            <circle className={`trail-mark ${truth}`} cx="6" cy="6" r="4" />
          </svg>
          <span data-export="text">{TRUTH_WORDS[truth].word}</span>
        </li>
      ))}
    </ul>
  );
}

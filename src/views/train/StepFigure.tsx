/** Values over the steps of training, several lines overlaid, with whiskers where there are intervals. Draws what it is given. */
import { scaleLinear } from 'd3';
import { type KeyboardEvent, useState } from 'react';
import { FigureFrame, type FigureFrameProps } from '@/elements/FigureFrame.tsx';
import { useStage } from '@/elements/use-box.ts';
import { axisHeight } from '@/views/shared/LayerPlot.tsx';
import { layerMargins } from '@/views/shared/layer-scale.ts';
import { ValueAxisMarks } from '@/views/shared/ValueAxisMarks.tsx';
import { valueAxis } from '@/views/shared/value-axis.ts';

export interface StepSeries {
  key: string;
  label: string;
  /** CSS colour. */
  colour: string;
  dash: string;
  points: ReadonlyArray<{ step: number; value: number; low?: number; high?: number }>;
}

type Frame = Pick<
  FigureFrameProps,
  | 'name'
  | 'title'
  | 'caption'
  | 'captionText'
  | 'stats'
  | 'status'
  | 'truth'
  | 'provenance'
  | 'data'
  | 'controls'
>;
interface StepFigureProps extends Frame {
  series: readonly StepSeries[];
  domain: readonly [number, number];
  lastStep: number;
  format: (value: number) => string;
}

export function StepFigure({ series, domain, lastStep, format, ...frame }: StepFigureProps) {
  const [lit, setLit] = useState<number | null>(null);
  const stage = useStage();
  const steps = [...new Set(series.flatMap(({ points }) => points.map(({ step }) => step)))].sort(
    (a, b) => a - b,
  );
  const at = lit ?? steps.at(-1) ?? 0;
  const words = series
    .flatMap(({ label, points }) => {
      const point = points.find(({ step }) => step === at);
      if (!point) return [];
      const interval = point.low === undefined ? '' : ` [${format(point.low)}, ${format(point.high!)}]`;
      return [`${label} ${format(point.value)}${interval}`];
    })
    .join(' · ');
  const reading = steps.length > 0 ? `step ${at} · ${words}` : undefined;
  return (
    <FigureFrame {...frame} reading={reading} emptyHeight={150} legend={<StepLegend series={series} />}>
      {steps.length === 0
        ? null
        : (width) => {
            const margins = layerMargins(width, stage);
            const [x0, x1] = [margins.left, width - margins.right];
            const x = scaleLinear()
              .domain([0, Math.max(1, lastStep)])
              .range([x0, x1]);
            const height = Math.round(170 * stage);
            const axis = valueAxis(domain, 8, height - 8);
            const nearest = (step: number) =>
              steps.reduce(
                (best, one) => (Math.abs(one - step) < Math.abs(best - step) ? one : best),
                steps[0]!,
              );
            const onKeyDown = (event: KeyboardEvent) => {
              const index = steps.indexOf(at);
              const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: steps.length - 1 }[
                event.key
              ];
              if (to === undefined) return;
              setLit(steps[Math.min(steps.length - 1, Math.max(0, to))]!);
              event.preventDefault();
            };
            const ticks = x.ticks(Math.max(2, Math.floor((x1 - x0) / (64 * stage)))).filter(Number.isInteger);
            return (
              // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG.
              <svg
                className="plot"
                data-export="svg"
                width={width}
                height={height + axisHeight(stage)}
                role="group"
                aria-label={frame.title}
              >
                <desc>{frame.captionText}</desc>
                <ValueAxisMarks axis={axis} scale={{ x0, x1 }} format={format} />
                {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the slider reads the steps out. */}
                <g className="axis" aria-hidden="true">
                  {ticks.map((step) => (
                    <text key={step} x={x(step)} y={height + 17 * stage} textAnchor="middle">
                      {step}
                    </text>
                  ))}
                  {/* At the far end: the last step's own number reaches beyond the axis. */}
                  <text x={width} y={height + 17 * stage} textAnchor="end">
                    step
                  </text>
                </g>
                {lit !== null && <path className="cursor" data-no-export="" d={`M${x(lit)} 0V${height}`} />}
                {series.map((one) => (
                  <Line key={one.key} series={one} x={x} y={axis.y} />
                ))}
                <rect
                  className="hit"
                  data-no-export=""
                  role="slider"
                  tabIndex={0}
                  aria-label={`${frame.title}: read by step`}
                  aria-valuemin={steps[0]}
                  aria-valuemax={steps.at(-1)}
                  aria-valuenow={at}
                  aria-valuetext={reading}
                  x={x0}
                  y={0}
                  width={x1 - x0}
                  height={height}
                  onPointerMove={(event) =>
                    setLit(
                      nearest(
                        x.invert(x0 + event.clientX - event.currentTarget.getBoundingClientRect().left),
                      ),
                    )
                  }
                  onPointerLeave={() => setLit(null)}
                  onBlur={() => setLit(null)}
                  onKeyDown={onKeyDown}
                />
              </svg>
            );
          }}
    </FigureFrame>
  );
}

function Line({
  series,
  x,
  y,
}: {
  series: StepSeries;
  x: (step: number) => number;
  y: (value: number) => number;
}) {
  const { points, colour, dash } = series;
  const path = points.map(
    ({ step, value }, i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`,
  );
  const marks = points.length === 1 || points.some(({ low }) => low !== undefined);
  return (
    <g>
      {points.map(({ step, low, high }) =>
        low === undefined || high === undefined ? null : (
          <path key={step} d={`M${x(step)} ${y(low)}V${y(high)}`} stroke={colour} strokeOpacity={0.5} />
        ),
      )}
      <path className="curve" d={path.join('')} stroke={colour} strokeDasharray={dash} />
      {marks &&
        points.map(({ step, value }) => (
          <circle key={step} className="dot" cx={x(step)} cy={y(value)} r={3.5} fill={colour} />
        ))}
    </g>
  );
}

function StepLegend({ series }: { series: readonly StepSeries[] }) {
  return (
    <ul className="legend">
      {series.map(({ key, label, colour, dash }) => (
        <li key={key}>
          <svg className="plot" data-export="svg" width="24" height="12" aria-hidden="true">
            <path className="curve" d="M0 6H24" stroke={colour} strokeDasharray={dash} />
          </svg>
          <span data-export="text">{label}</span>
        </li>
      ))}
    </ul>
  );
}

/** The triangle itself: cells, marginals, paths, one hit area for mouse, touch and keys. Draws what it is given. */
import { type KeyboardEvent, type MouseEvent, memo, useId } from 'react';
import type { GridSummary } from '@/method/grid.ts';
import type { GridCell, GridResult, SearchTrace } from '@/protocol/localise.ts';
import type { LayerRange } from '../props.ts';
import { ChangeCell } from '../shared/ChangeCell.tsx';
import { AxisNumbers, axisHeight } from '../shared/LayerPlot.tsx';
import { changeOf, isBeyondChance } from './cells.ts';
import { rangeAfterKey, searchPath, type TriangleLayout, triangleLayout } from './grid-layout.ts';
import { Marginals, marginHeight } from './Marginals.tsx';

interface GridPlotProps {
  result: GridResult;
  summary: GridSummary;
  domain: number;
  width: number;
  stage: number;
  lit: LayerRange | null;
  onLight: (range: LayerRange | null) => void;
  words: (range: LayerRange) => string;
  description: string;
  range: LayerRange;
  trace: SearchTrace | undefined;
  planted: LayerRange | null;
  onPick: (range: LayerRange) => void;
}

export function GridPlot(props: GridPlotProps) {
  const { result, summary, domain, width, stage, lit, onLight, range, trace, planted } = props;
  const { layerCount } = result;
  const id = useId();
  const layout = triangleLayout(layerCount, width, stage);
  const { scale, rowHeight, height } = layout;
  const below = marginHeight(stage);
  const place = (event: MouseEvent<SVGElement>) => {
    const box = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
    return layout.rangeAt(event.clientX - box.left, event.clientY - box.top);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = lit ?? range;
    const to = rangeAfterKey(event.key, at, layerCount);
    if (to) onLight(to);
    else if (event.key === 'Enter' || event.key === ' ') props.onPick(at);
    else if (event.key === 'Escape') onLight(null);
    else return;
    event.preventDefault();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG. */}
      <svg
        className="plot locate-grid"
        data-export="svg"
        width={width}
        height={height + below + axisHeight(stage)}
        role="group"
        aria-label="Every range"
        aria-describedby={id}
      >
        <desc id={id}>{props.description}</desc>
        <path className="triangle" d={outline(layout, layerCount)} />
        <Cells
          cells={result.cells}
          q={summary.q}
          domain={domain}
          width={width}
          stage={stage}
          layerCount={layerCount}
        />
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the words of a cell name its layers. */}
        <g className="axis" aria-hidden="true">
          {layout.rowTicks.map((first) => (
            <text
              key={first}
              x={scale.left(first) - 6}
              y={layout.top(first) + rowHeight / 2}
              dy="0.34em"
              textAnchor="end"
            >
              {first}
            </text>
          ))}
        </g>
        <Marginals summary={summary} baseline={result.baseline} layout={layout} stage={stage} />
        {result.exact.map((cell) => {
          const [x, y] = layout.centre(cell);
          return (
            <circle key={`${cell.first}-${cell.last}`} className="decoded" cx={x} cy={y} r={1.8 * stage} />
          );
        })}
        {planted && <Box layout={layout} range={planted} className="planted-box" />}
        <Path layout={layout} trace={trace} stage={stage} />
        <Box layout={layout} range={range} className="range-box" />
        {lit && (
          <g data-no-export="">
            <Box layout={layout} range={lit} className="lit-box" />
          </g>
        )}
        <AxisNumbers scale={scale} range={range} hoverLayer={null} stage={stage} y={height + below} />
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its cells are walked with the arrow keys. */}
        <rect
          className="hit"
          data-no-export=""
          role="application"
          tabIndex={0}
          aria-label="Every range: arrow keys move the bounds, Enter puts the range on the bench"
          aria-describedby={`${id}-cell`}
          x={scale.x0}
          y={0}
          width={scale.x1 - scale.x0}
          height={height}
          onPointerMove={(event) => onLight(place(event))}
          onPointerDown={(event) => onLight(place(event))}
          onPointerLeave={(event) => event.pointerType === 'mouse' && onLight(null)}
          onClick={(event) => {
            const picked = place(event);
            if (picked) props.onPick(picked);
          }}
          onKeyDown={onKeyDown}
        />
      </svg>
      <p className="visually-hidden" id={`${id}-cell`} aria-live="polite">
        {lit ? props.words(lit) : ''}
      </p>
    </>
  );
}

/** Steps along the diagonal, so that cells which are not counted yet are seen to be missing. */
function outline({ scale, top, rowHeight }: TriangleLayout, layerCount: number): string {
  const steps = Array.from(
    { length: layerCount },
    (_, first) => `L${scale.left(first)} ${top(first)}V${top(first) + rowHeight}`,
  );
  return `M${scale.x0} 0${steps.join('')}H${scale.x1}V0Z`;
}

interface CellsProps {
  cells: readonly GridCell[];
  q: readonly number[];
  domain: number;
  width: number;
  stage: number;
  layerCount: number;
}

/** Hundreds of cells that a moving pointer does not change: drawn once per result and width. */
const Cells = memo(function Cells({ cells, q, domain, width, stage, layerCount }: CellsProps) {
  const { scale, top, rowHeight } = triangleLayout(layerCount, width, stage);
  return cells.map((cell, at) => {
    const { first, last } = cell;
    const wide = scale.right(last) - scale.left(last) - 1;
    const high = rowHeight - 1;
    const share = isBeyondChance(q[at]) ? 1 : 0.5;
    const [w, h] = [Math.max(1, Math.round(wide * share)), Math.max(1, Math.round(high * share))];
    return (
      <ChangeCell
        key={`${first}-${last}`}
        x={scale.left(last) + Math.round((wide - w) / 2)}
        y={top(first) + Math.round((high - h) / 2)}
        width={w}
        height={h}
        change={changeOf(cell)}
        domain={domain}
      />
    );
  });
});

function Box({ layout, range, className }: { layout: TriangleLayout; range: LayerRange; className: string }) {
  const { scale, top, rowHeight } = layout;
  const x = scale.left(range.last);
  return (
    <rect
      className={className}
      x={x - 0.5}
      y={top(range.first) - 0.5}
      width={scale.right(range.last) - x}
      height={rowHeight}
    />
  );
}

function Path({
  layout,
  trace,
  stage,
}: {
  layout: TriangleLayout;
  trace: SearchTrace | undefined;
  stage: number;
}) {
  const path = searchPath(trace);
  if (!path) return null;
  const at = (range: LayerRange) =>
    layout
      .centre(range)
      .map((value) => value.toFixed(1))
      .join(' ');
  const final = path.corners.at(-1)!;
  const [x, y] = layout.centre(final);
  const r = 5 * stage;
  return (
    <g className="search-path">
      <path className="halo" d={`M${path.corners.map(at).join('L')}`} />
      <path d={`M${path.corners.map(at).join('L')}`} />
      {path.visited.map((range) => {
        const [cx, cy] = layout.centre(range);
        return <circle key={`${range.first}-${range.last}`} cx={cx} cy={cy} r={2 * stage} />;
      })}
      <path className="end" d={`M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`} />
    </g>
  );
}

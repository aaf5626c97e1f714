/**
 * The prompts side by side on one layer axis that runs down the page: rows are layers, columns are tokens. The stacked form,
 * whose layers run across like those of all other pictures, is AttentionPlot.
 */
import { type KeyboardEvent, memo, type PointerEvent, useId } from 'react';
import { formatProbability } from '@/elements/number-words.ts';
import { shorten } from '@/elements/shorten.ts';
import { sequentialColour } from '@/theme/palettes.ts';
import type { AttentionMapProps } from '../props.ts';
import { type LayerScale, layerMargins, layerScale, layerTicks } from '../shared/layer-scale.ts';
import { type BesideColumns, besideColumns } from './beside-layout.ts';
import { type AttentionGrid, tokenText } from './layout.ts';

/** Letters that fit above a column, turned. */
const LONGEST = 11;

export interface HoveredToken {
  picture: number;
  row: number;
}

export interface BesidePlotProps extends AttentionMapProps {
  grids: readonly AttentionGrid[];
  isHidden: (promptId: string) => boolean;
  width: number;
  stage: number;
  hover: HoveredToken | null;
  onHover: (to: HoveredToken | null) => void;
}

export function BesidePlot(props: BesidePlotProps) {
  const { pictures, grids, isHidden, width, stage, range, hoverLayer, onHoverLayer, hover, onHover } = props;
  const id = useId();
  const layerCount = pictures[0]!.layerCount;
  const { left } = layerMargins(width, stage);
  const counts = grids.map((grid) => grid.tokens.length);
  const columns = besideColumns(counts, width, left, stage);
  const top = Math.round(84 * stage);
  const rowHeight = Math.round(13 * stage);
  // The page's own axis, turned: cells of whole pixels from top to bottom.
  const scale = layerScale(layerCount, layerCount * rowHeight, { left: 0, right: 0 });
  const height = layerCount * rowHeight;
  const reading = hoverLayer ?? range?.first ?? 0;
  const end = columns.starts.at(-1)! + columns.step * grids.at(-1)!.tokens.length;
  const word = (picture: number, row: number) =>
    isHidden(pictures[picture]!.prompt.id)
      ? `token ${row}`
      : tokenText(pictures[picture]!.tokens[grids[picture]!.tokens[row]!]!);

  const onPointer = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
    onHoverLayer(scale.at(event.clientY - box.top - top));
    onHover(columns.at(event.clientX - box.left));
  };
  const onKeyDown = (event: KeyboardEvent<SVGRectElement>) => {
    const to: Record<string, number> = {
      ArrowUp: Math.max(0, reading - 1),
      ArrowLeft: Math.max(0, reading - 1),
      ArrowDown: Math.min(layerCount - 1, reading + 1),
      ArrowRight: Math.min(layerCount - 1, reading + 1),
      Home: 0,
      End: layerCount - 1,
    };
    if (event.key in to) onHoverLayer(to[event.key]!);
    else if (event.key === 'Escape') onHoverLayer(null);
    else return;
    event.preventDefault();
  };
  const inWords = grids
    .map((grid, n) =>
      grid.tokens.map((_, row) => `${word(n, row)} ${formatProbability(grid.probability[reading]![row]!)}`),
    )
    .map((words, n) => `prompt ${n + 1}: ${words.join(', ')}`)
    .join('; ');

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG, and the picture has parts to reach.
    <svg
      className="plot beside"
      data-export="svg"
      width={width}
      height={top + height + 4}
      role="group"
      aria-label="Attention, prompts side by side"
      aria-describedby={id}
    >
      <desc id={id}>Rows are layers, columns are tokens, brighter is more attention of the last token.</desc>
      {grids.map((grid, n) => {
        const hidden = isHidden(pictures[n]!.prompt.id);
        return (
          <g key={pictures[n]!.prompt.id}>
            {grid.tokens.map((token, row) => {
              const isLit = hover?.picture === n && hover.row === row;
              if (row % columns.labelEvery !== 0 && !isLit) return null;
              const x = columns.starts[n]! + (row + 0.5) * columns.step;
              return (
                <text
                  key={token}
                  className={isLit ? 'lit' : undefined}
                  transform={`translate(${x} ${top - 6}) rotate(-58)`}
                  dy="0.34em"
                  data-sensitive={hidden ? '' : undefined}
                  aria-hidden={hidden || undefined}
                >
                  {shorten(tokenText(pictures[n]!.tokens[token]!), LONGEST)}
                </text>
              );
            })}
            <Cells grid={grid} x={columns.starts[n]!} step={columns.step} y={top} rowHeight={rowHeight} />
          </g>
        );
      })}
      <LayersDown {...{ scale, stage, range, hoverLayer, top }} x={left - 8} />
      {range && (
        <path
          className="range-edge"
          d={`M${left - 4} ${top + scale.left(range.first) + 0.5}H${end + 4}M${left - 4} ${top + scale.right(range.last) - 0.5}H${end + 4}`}
        />
      )}
      {hoverLayer !== null && (
        <path
          className="cursor"
          data-no-export=""
          d={`M${left - 4} ${top + scale.centre(hoverLayer)}H${end + 4}`}
        />
      )}
      <rect
        className="hit"
        data-no-export=""
        role="slider"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label="Attention, prompts side by side: read by layer"
        aria-valuemin={0}
        aria-valuemax={layerCount - 1}
        aria-valuenow={reading}
        aria-valuetext={`layer ${reading}: ${inWords}`}
        x={left}
        width={end - left}
        y={top}
        height={height}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={(event) => {
          onHover(null);
          if (event.pointerType === 'mouse') onHoverLayer(null);
        }}
        onKeyDown={onKeyDown}
      />
    </svg>
  );
}

interface LayersDownProps extends Pick<BesidePlotProps, 'stage' | 'range' | 'hoverLayer'> {
  scale: LayerScale;
  /** Right end of the numbers. */
  x: number;
  top: number;
}

function LayersDown({ scale, stage, range, hoverLayer, x, top }: LayersDownProps) {
  // A number too near to the one under the pointer gives way to it.
  const apart = (k: number) => hoverLayer === null || Math.abs(k - hoverLayer) * scale.step >= 14 * stage;
  const shown = [
    ...layerTicks(scale, stage).filter((k) => k !== hoverLayer && apart(k)),
    ...(hoverLayer === null ? [] : [hoverLayer]),
  ];
  const className = (k: number) =>
    k === hoverLayer ? 'lit' : range && k >= range.first && k <= range.last ? 'in-range' : undefined;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the slider reads these numbers out.
    <g className="axis" aria-hidden="true">
      {shown.map((k) => (
        <text key={k} className={className(k)} x={x} y={top + scale.centre(k)} dy="0.34em" textAnchor="end">
          {k}
        </text>
      ))}
      <text x={x + 4} y={top - 8} textAnchor="end">
        layer
      </text>
    </g>
  );
}

interface CellsProps {
  grid: AttentionGrid;
  x: number;
  step: BesideColumns['step'];
  y: number;
  rowHeight: number;
}

/** Up to some thousand cells that a moving pointer does not change: drawn once per grid and width. */
const Cells = memo(function Cells({ grid, x, step, y, rowHeight }: CellsProps) {
  return grid.unit.map((tokens, layer) =>
    tokens.map((unit, row) => (
      <rect
        key={`${layer}-${row}`}
        x={x + row * step}
        y={y + layer * rowHeight}
        width={step > 6 ? step - 1 : step}
        height={rowHeight}
        fill={sequentialColour(unit)}
        shapeRendering="crispEdges"
      />
    )),
  );
});

/**
 * The spine of the page: all layers from left to right, and the range that every picture answers to. Brush to choose,
 * drag the middle to move, an end to stretch; keys do the same. Holds only the drag in progress.
 */
import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import { formatRange } from '@/elements/number-words.ts';
import { useStage, useWidth } from '@/elements/use-box.ts';
import type { LayerRange, LayerStripProps } from '../props.ts';
import { type LayerScale, layerMargins, layerScale, layerTicks } from '../shared/layer-scale.ts';
import { afterKey, type Drag, dragged, gripAt } from './layout.ts';
import '../shared/plot.css';
import './layer-strip.css';

export function LayerStrip(props: LayerStripProps) {
  const { layerCount, range, proposed, planted, hoverLayer, onHoverLayer, onChange, onCommit } = props;
  const [ref, width] = useWidth();
  const stage = useStage();
  const drag = useRef<Drag | null>(null);
  const latest = useRef(range);
  latest.current = range;

  const scale = layerScale(layerCount, width, layerMargins(width, stage));
  const top = Math.round(20 * stage);
  const height = Math.round(36 * stage);
  // On a phone a cell is narrower than its number: then the numbers stand beneath, clear of the handles.
  const inside = scale.step >= 18 * stage;
  const below = top + height + (inside ? 0 : Math.round(20 * stage));
  const total = below + (planted ? Math.round(20 * stage) : 4);
  const edges = { left: scale.left(range.first), right: scale.right(range.last) };

  const change = (to: LayerRange) => {
    if (to.first === latest.current.first && to.last === latest.current.last) return;
    latest.current = to;
    onChange(to);
  };
  const xOf = (event: PointerEvent<SVGElement>) =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;

  const onPointerDown = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const x = xOf(event);
    const grip = gripAt(x, edges, (event.pointerType === 'mouse' ? 6 : 18) * stage);
    drag.current = { grip, fromLayer: scale.at(x), fromRange: range };
    if (grip === 'new') change(dragged(drag.current, scale.at(x), layerCount));
  };
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const layer = scale.at(xOf(event));
    onHoverLayer(layer);
    if (drag.current) change(dragged(drag.current, layer, layerCount));
    else {
      const grip = gripAt(xOf(event), edges, 6 * stage);
      event.currentTarget.style.cursor = {
        move: 'grab',
        first: 'ew-resize',
        last: 'ew-resize',
        new: 'crosshair',
      }[grip];
    }
  };
  const onPointerEnd = () => {
    if (drag.current) onCommit?.(latest.current);
    drag.current = null;
  };
  const onKeyDown = (part: 'range' | 'first' | 'last') => (event: KeyboardEvent) => {
    const to = afterKey(event.key, event.shiftKey, part, range, layerCount);
    if (!to) return;
    event.preventDefault();
    change(to);
    onCommit?.(to);
  };

  const handle = (end: 'first' | 'last') => (
    <rect
      className="handle"
      role="slider"
      tabIndex={0}
      aria-label={end === 'first' ? 'First layer of the range' : 'Last layer of the range'}
      aria-valuemin={end === 'first' ? 0 : range.first}
      aria-valuemax={end === 'first' ? range.last : layerCount - 1}
      aria-valuenow={range[end]}
      aria-valuetext={`layer ${range[end]}`}
      x={(end === 'first' ? edges.left : edges.right) - 3}
      y={top - 2}
      width={6}
      height={height + 4}
      onKeyDown={onKeyDown(end)}
    />
  );

  return (
    <div className="layer-strip" ref={ref}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG. */}
      <svg
        className="plot strip"
        width={width}
        height={total}
        role="group"
        aria-label={`Layers 0 to ${layerCount - 1}`}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onPointerLeave={() => !drag.current && onHoverLayer(null)}
      >
        <rect className="surface" x={0} y={0} width={width} height={total} />
        <path
          className="rule"
          d={`M${scale.x0} ${top + 0.5}H${scale.x1}M${scale.x0} ${top + height + 0.5}H${scale.x1}`}
        />
        {Array.from({ length: layerCount + 1 }, (_, k) => (
          <path key={k} className="rule" d={`M${scale.left(k) + 0.5} ${top}v${height}`} />
        ))}
        <rect
          className="range-body"
          role="slider"
          tabIndex={0}
          aria-label="Range of layers: arrows move, shift and arrows stretch"
          aria-valuemin={0}
          aria-valuemax={layerCount - 1}
          aria-valuenow={range.first}
          aria-valuetext={formatRange(range)}
          x={edges.left}
          y={top}
          width={edges.right - edges.left}
          height={height}
          onKeyDown={onKeyDown('range')}
        />
        {hoverLayer !== null && (
          <rect
            className="hovered"
            x={scale.left(hoverLayer)}
            y={top}
            width={scale.right(hoverLayer) - scale.left(hoverLayer)}
            height={height}
          />
        )}
        <StripNumbers
          {...{ scale, range, hoverLayer, stage }}
          y={inside ? top + height / 2 : top + height + 12 * stage}
        />
        {handle('first')}
        {handle('last')}
        {proposed && (
          <Bracket scale={scale} range={proposed} y={top - 5} side="above" label="proposed" stage={stage} />
        )}
        {planted && (
          <Bracket scale={scale} range={planted} y={below + 5} side="below" label="planted" stage={stage} />
        )}
      </svg>
    </div>
  );
}

interface StripNumbersProps {
  scale: LayerScale;
  range: LayerRange;
  hoverLayer: number | null;
  stage: number;
  y: number;
}

function StripNumbers({ scale, range, hoverLayer, stage, y }: StripNumbersProps) {
  // The ends of the range are always named; a tick that would collide with one of them gives way.
  const ticks = layerTicks(scale, stage);
  // Where every layer has room for its number, all of them stand; else none nearer than reads well.
  const apart = ticks.length === scale.layerCount ? scale.step - 1.5 : 22 * stage;
  const wanted = [range.first, range.last, ...(hoverLayer === null ? [] : [hoverLayer]), ...ticks];
  const shown: number[] = [];
  for (const k of wanted)
    if (shown.every((other) => Math.abs(scale.centre(k) - scale.centre(other)) >= apart)) shown.push(k);
  return shown.map((k) => (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: text takes no focus; the sliders say the range.
    <text
      key={k}
      className={k >= range.first && k <= range.last ? 'number lit' : 'number'}
      // Clear of the handles, which stand on the edges.
      x={scale.centre(k) + (k === range.first ? 1.5 : 0) - (k === range.last ? 1.5 : 0)}
      y={y}
      dy="0.34em"
      textAnchor="middle"
      aria-hidden="true"
    >
      {k}
    </text>
  ));
}

interface BracketProps {
  scale: LayerScale;
  range: LayerRange;
  y: number;
  side: 'above' | 'below';
  label: string;
  stage: number;
}

/** A named span beside the strip: proposed dashed above, planted solid below. */
function Bracket({ scale, range, y, side, label, stage }: BracketProps) {
  const [x0, x1] = [scale.left(range.first) + 1, scale.right(range.last) - 1];
  const tip = side === 'above' ? 4 : -4;
  return (
    <g>
      <title>{`${label}: ${formatRange(range)}`}</title>
      <path className={`bracket ${side}`} d={`M${x0} ${y + tip}V${y}H${x1}V${y + tip}`} />
      <text
        className="label"
        x={(x0 + x1) / 2}
        y={side === 'above' ? y - 4 * stage : y + 13 * stage}
        textAnchor="middle"
      >
        {label}
      </text>
    </g>
  );
}

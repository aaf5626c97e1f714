/**
 * A picture on the layer axis: range wash, cursor, axis numbers, and one hit area that mouse, touch and keyboard share.
 * As a slider it reads the picture out layer by layer; what is drawn comes from the caller.
 */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useId } from 'react';
import { useStage } from '@/elements/use-box.ts';
import type { LayerPictureProps } from '../props.ts';
import { type LayerScale, layerTicks } from './layer-scale.ts';
import './plot.css';

export interface LayerPlotProps extends LayerPictureProps {
  scale: LayerScale;
  width: number;
  /** Of the plot without its axis. */
  height: number;
  /** Names the picture for assistive technology. */
  label: string;
  description: string;
  /** All values of a layer in words. */
  valueText: (layer: number) => string;
  /** Numbers beneath; false when a neighbour below carries them. */
  axis?: boolean;
  onPickLayer?: (layer: number) => void;
  /** Drawn under the hit area. */
  children?: ReactNode;
}

export const axisHeight = (stage: number): number => Math.round(24 * stage);

export function LayerPlot(props: LayerPlotProps) {
  const { scale, width, height, range, hoverLayer, onHoverLayer, onPickLayer, axis = true } = props;
  const stage = useStage();
  const id = useId();
  const last = scale.layerCount - 1;
  const reading = hoverLayer ?? range?.first ?? 0;

  const fromPointer = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
    return scale.at(event.clientX - box.left);
  };
  const onKeyDown = (event: KeyboardEvent<SVGRectElement>) => {
    const to: Record<string, number> = {
      ArrowLeft: Math.max(0, reading - 1),
      ArrowDown: Math.max(0, reading - 1),
      ArrowRight: Math.min(last, reading + 1),
      ArrowUp: Math.min(last, reading + 1),
      Home: 0,
      End: last,
    };
    if (event.key in to) onHoverLayer(to[event.key]!);
    else if (event.key === 'Escape') onHoverLayer(null);
    else if ((event.key === 'Enter' || event.key === ' ') && onPickLayer) onPickLayer(reading);
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG, and the picture has parts to reach.
    <svg
      className="plot"
      data-export="svg"
      width={width}
      height={height + (axis ? axisHeight(stage) : 0)}
      role="group"
      aria-label={props.label}
      aria-describedby={id}
    >
      <desc id={id}>{props.description}</desc>
      {range && (
        <rect
          className="range-wash"
          x={scale.left(range.first)}
          width={scale.right(range.last) - scale.left(range.first)}
          y={0}
          height={height}
        />
      )}
      {props.children}
      {range && (
        <path
          className="range-edge"
          d={`M${scale.left(range.first) + 0.5} 0V${height}M${scale.right(range.last) - 0.5} 0V${height}`}
        />
      )}
      {hoverLayer !== null && (
        <path className="cursor" data-no-export="" d={`M${scale.centre(hoverLayer)} 0V${height}`} />
      )}
      {axis && <AxisNumbers {...{ scale, range, hoverLayer, stage }} y={height} />}
      <rect
        className="hit"
        data-no-export=""
        role="slider"
        tabIndex={0}
        aria-label={`${props.label}: read by layer`}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={reading}
        aria-valuetext={`layer ${reading}: ${props.valueText(reading)}`}
        x={scale.x0}
        width={scale.x1 - scale.x0}
        y={0}
        height={height}
        style={onPickLayer && { cursor: 'pointer' }}
        onPointerMove={(event) => onHoverLayer(fromPointer(event))}
        onPointerDown={(event) => onHoverLayer(fromPointer(event))}
        onPointerLeave={(event) => event.pointerType === 'mouse' && onHoverLayer(null)}
        onClick={(event) => {
          const box = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
          onPickLayer?.(scale.at(event.clientX - box.left));
        }}
        onKeyDown={onKeyDown}
      />
    </svg>
  );
}

interface AxisNumbersProps {
  scale: LayerScale;
  range: LayerPictureProps['range'];
  hoverLayer: number | null;
  stage: number;
  y: number;
}

export function AxisNumbers({ scale, range, hoverLayer, stage, y }: AxisNumbersProps) {
  const ticks = layerTicks(scale, stage);
  const clash = (k: number) =>
    hoverLayer !== null &&
    k !== hoverLayer &&
    Math.abs(scale.centre(k) - scale.centre(hoverLayer)) < 20 * stage;
  const shown = hoverLayer === null || ticks.includes(hoverLayer) ? ticks : [...ticks, hoverLayer];
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a <g> takes no focus; the slider reads these numbers out.
    <g className="axis" transform={`translate(0 ${y})`} aria-hidden="true">
      <path className="rule" d={`M${scale.x0} 0.5H${scale.x1}`} />
      {ticks.map((k) => (
        <path key={k} className="rule" d={`M${Math.floor(scale.centre(k)) + 0.5} 1v4`} />
      ))}
      {shown
        .filter((k) => !clash(k))
        .map((k) => (
          <text
            key={k}
            className={
              k === hoverLayer ? 'lit' : range && k >= range.first && k <= range.last ? 'in-range' : undefined
            }
            x={scale.centre(k)}
            y={17 * stage}
            textAnchor="middle"
          >
            {k}
          </text>
        ))}
      <text x={scale.x1 + 8} y={17 * stage}>
        layer
      </text>
    </g>
  );
}

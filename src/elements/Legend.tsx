/** What lines, marks and fills mean. Words are marked for export, so that a saved figure keeps its legend. */
import { useId } from 'react';
import { type ColourName, cssColour, ROLES, type Role, sequentialColour } from '@/theme/palettes.ts';
import './elements.css';

export type LegendItem =
  | { kind: 'line'; role: Role; label: string }
  | { kind: 'ghost'; label: string }
  | { kind: 'swatch'; colour: ColourName; fill: 'solid' | 'hollow' | 'hatched'; label: string };

export function Legend({ items }: { items: readonly LegendItem[] }) {
  return (
    <ul className="legend">
      {items.map((item) => (
        <li key={item.label}>
          <svg className="plot" data-export="svg" width="24" height="12" aria-hidden="true">
            <LegendSign item={item} />
          </svg>
          <span data-export="text">{item.label}</span>
        </li>
      ))}
    </ul>
  );
}

function LegendSign({ item }: { item: LegendItem }) {
  switch (item.kind) {
    case 'line':
      return (
        <path
          className="curve"
          d="M0 6H24"
          stroke={cssColour(ROLES[item.role].colour)}
          strokeDasharray={ROLES[item.role].dash}
        />
      );
    case 'ghost':
      return <path className="ghost" d="M0 6H24" stroke="var(--ink)" />;
    case 'swatch':
      return <FilledBar x={0} y={0} width={24} height={12} colour={item.colour} fill={item.fill} />;
    default:
      return item satisfies never;
  }
}

export interface FilledBarProps {
  x: number;
  y: number;
  width: number;
  height: number;
  colour: ColourName;
  fill: 'solid' | 'hollow' | 'hatched';
}

/** A bar whose fill says its class without colour: solid, hollow, hatched. */
export function FilledBar({ x, y, width, height, colour, fill }: FilledBarProps) {
  const id = useId();
  if (width <= 0) return null;
  const stroke = cssColour(colour);
  const inner = { x: x + 0.5, y: y + 0.5, width: Math.max(0, width - 1), height: height - 1, stroke };
  if (fill === 'solid') return <rect {...inner} fill={stroke} />;
  if (fill === 'hollow') return <rect {...inner} fill="none" />;
  return (
    <>
      <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V5" stroke={stroke} strokeWidth="3" />
      </pattern>
      <rect {...inner} fill={`url(#${id})`} />
    </>
  );
}

export interface RampLegendProps {
  /** Words at both ends carry the domain. */
  low: string;
  high: string;
  label: string;
}

/** The sequential scale with its fixed domain. */
export function RampLegend({ low, high, label }: RampLegendProps) {
  const id = useId();
  const stops = Array.from({ length: 11 }, (_, i) => i / 10);
  return (
    <div className="legend ramp">
      <span data-export="text">{label}</span>
      <span data-export="text">{low}</span>
      <svg className="plot" data-export="svg" width="96" height="10" aria-hidden="true">
        <linearGradient id={id}>
          {stops.map((t) => (
            <stop key={t} offset={t} stopColor={sequentialColour(t)} />
          ))}
        </linearGradient>
        <rect width="96" height="10" fill={`url(#${id})`} stroke="var(--outline)" strokeWidth="0.5" />
      </svg>
      <span data-export="text">{high}</span>
    </div>
  );
}

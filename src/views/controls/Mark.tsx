/** A point of a series: its colour and its shape; larger where it differs beyond chance. */
import { cssColour } from '@/theme/palettes.ts';
import type { Series } from './chart-data.ts';

interface MarkProps {
  series: Pick<Series, 'colour' | 'mark'>;
  x: number;
  y: number;
  isBeyond?: boolean;
}

export function Mark({ series, x, y, isBeyond = false }: MarkProps) {
  const colour = cssColour(series.colour);
  const r = isBeyond ? 4.5 : 3;
  if (series.mark === 'square') {
    return <rect className="mark" x={x - r} y={y - r} width={2 * r} height={2 * r} fill={colour} />;
  }
  const isHollow = series.mark === 'hollow';
  return (
    <circle
      className={isHollow ? undefined : 'mark'}
      cx={x}
      cy={y}
      r={r}
      fill={isHollow ? 'var(--paper)' : colour}
      stroke={isHollow ? colour : undefined}
      strokeWidth={isHollow ? 1.5 : undefined}
    />
  );
}

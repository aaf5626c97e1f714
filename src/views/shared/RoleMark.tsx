/** A point of a role: its colour and its shape. */
import { cssColour, ROLES, type Role } from '@/theme/palettes.ts';

/** Paths around 0, of about the given area; points of the same role look the same in every picture. */
const SHAPES = {
  circle: (area: number) => {
    const r = Math.sqrt(area / Math.PI);
    return `M${r},0A${r},${r},0,1,1,${-r},0A${r},${r},0,1,1,${r},0`;
  },
  square: (area: number) => {
    const w = Math.sqrt(area);
    return `M${-w / 2},${-w / 2}h${w}v${w}h${-w}Z`;
  },
  triangle: (area: number) => {
    const y = Math.sqrt(area / (3 * Math.sqrt(3)));
    const x = Math.sqrt(3) * y;
    return `M0,${-2 * y}L${x},${y}L${-x},${y}Z`;
  },
  diamond: (area: number) => {
    const y = Math.sqrt((area * Math.sqrt(3)) / 2);
    const x = y / Math.sqrt(3);
    return `M0,${-y}L${x},0L0,${y}L${-x},0Z`;
  },
};

export function RoleMark({ of, x, y, area = 56 }: { of: Role; x: number; y: number; area?: number }) {
  return (
    <path
      className="dot"
      d={SHAPES[ROLES[of].mark](area)}
      transform={`translate(${x} ${y})`}
      fill={cssColour(ROLES[of].colour)}
    />
  );
}

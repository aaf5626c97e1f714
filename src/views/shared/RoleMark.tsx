/** A point of a role: its colour and its shape. */
import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3';
import { cssColour, ROLES, type Role } from '@/theme/palettes.ts';

const SHAPES = {
  circle: symbolCircle,
  square: symbolSquare,
  triangle: symbolTriangle,
  diamond: symbolDiamond,
};

export function RoleMark({ of, x, y, area = 56 }: { of: Role; x: number; y: number; area?: number }) {
  return (
    <path
      className="dot"
      d={symbol(SHAPES[ROLES[of].mark], area)() ?? ''}
      transform={`translate(${x} ${y})`}
      fill={cssColour(ROLES[of].colour)}
    />
  );
}

/** A cell of a heat-map of changes: the centre's colour where something was counted, the change over it by sign and size. */
import './plot.css';

/** Colour by sign, strength by size, over the centre's colour: both themes, and any program that reads the saved file. */
export function changeFill(change: number, domain: number): { fill: string; fillOpacity: number } {
  const fill = change < 0 ? 'var(--gap-negative)' : 'var(--gap-positive)';
  return { fill, fillOpacity: domain > 0 ? Math.min(1, Math.abs(change) / domain) : 0 };
}

interface ChangeCellProps {
  x: number;
  y: number;
  width: number;
  height: number;
  change: number;
  /** The change of full strength. */
  domain: number;
}

export function ChangeCell({ change, domain, ...box }: ChangeCellProps) {
  return (
    <>
      <rect {...box} shapeRendering="crispEdges" className="counted" />
      {change !== 0 && <rect {...box} shapeRendering="crispEdges" {...changeFill(change, domain)} />}
    </>
  );
}

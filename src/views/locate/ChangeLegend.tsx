/** What colour and size of a cell mean: fewer or more refusals than at alpha = 1, beyond chance or not. */
import { useId } from 'react';
import { formatSigned } from '@/elements/number-words.ts';

interface ChangeLegendProps {
  /** Change at both ends of the scale, in prompts. */
  domain: number;
  /** Small squares are within chance. */
  hasSizes: boolean;
}

export function ChangeLegend({ domain, hasSizes }: ChangeLegendProps) {
  const id = useId();
  return (
    <div className="legend ramp">
      <span data-export="text">refused, against alpha 1</span>
      <span data-export="text">{formatSigned(-domain)}</span>
      <svg className="plot" data-export="svg" width="96" height="10" aria-hidden="true">
        <linearGradient id={`${id}-low`}>
          <stop offset="0" stopColor="var(--gap-negative)" />
          <stop offset="1" stopColor="var(--gap-centre)" />
        </linearGradient>
        <linearGradient id={`${id}-high`}>
          <stop offset="0" stopColor="var(--gap-centre)" />
          <stop offset="1" stopColor="var(--gap-positive)" />
        </linearGradient>
        <rect width="48" height="10" fill={`url(#${id}-low)`} />
        <rect x="48" width="48" height="10" fill={`url(#${id}-high)`} />
        <rect width="96" height="10" fill="none" stroke="var(--outline)" strokeWidth="0.5" />
      </svg>
      <span data-export="text">{formatSigned(domain)}</span>
      {hasSizes && (
        <>
          <svg className="plot" data-export="svg" width="30" height="12" aria-hidden="true">
            <rect width="12" height="12" fill="var(--gap-positive)" />
            <rect x="21" y="3" width="6" height="6" fill="var(--gap-positive)" />
          </svg>
          <span data-export="text">beyond chance, within chance</span>
        </>
      )}
    </div>
  );
}

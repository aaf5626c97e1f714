/** Type and space for a hall: everything inside is `scale` times larger. Sets the token and tells the layouts. */
import type { CSSProperties, ReactNode } from 'react';
import { StageScale } from './use-box.ts';

export function Stage({ scale = 1.6, children }: { scale?: number; children: ReactNode }) {
  return (
    <StageScale value={scale}>
      <div data-stage={scale} style={{ '--stage': scale } as CSSProperties}>
        {children}
      </div>
    </StageScale>
  );
}

/** The place of run files on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { NearSection } from '@/views/shared/NearSection.tsx';

const RunsPanel = lazy(() => import('./RunsPanel.tsx'));

const CAVEAT =
  'A run file holds results with everything that repeats them. Repeat one on this machine and see, number by number, what comes out differently; lay two side by side; keep some in this browser.';

export function RunsSection() {
  return (
    <NearSection id="runs" title="Run files" caveat={CAVEAT}>
      <RunsPanel />
    </NearSection>
  );
}

/** The place of the machine on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { NearSection } from '@/views/shared/NearSection.tsx';

const MachinePanel = lazy(() => import('./MachinePanel.tsx'));

const CAVEAT =
  'What this browser and this machine can do for models: what is missing and how it is switched on, which models fit, how fast they would be. All of it stays on this page.';

export function MachineSection() {
  return (
    <NearSection id="machine" title="This machine" caveat={CAVEAT}>
      <MachinePanel />
    </NearSection>
  );
}

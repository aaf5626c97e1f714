/** The place of the controls on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { useApp } from '@/state/store.ts';
import { NearSection } from '@/views/shared/NearSection.tsx';

const ControlsPanel = lazy(() => import('./ControlsPanel.tsx'));

const CAVEAT =
  'Experiments that could prove a range wrong: what random layers, noise, shuffled labels, the base model or a transplant do. A control that agrees proves little; one that does not is worth a second look.';

export function ControlsSection() {
  const isAsked = useApp((state) => state.config.control !== '');
  return (
    <NearSection id="controls" title="Controls" caveat={CAVEAT} isAsked={isAsked}>
      <ControlsPanel />
    </NearSection>
  );
}

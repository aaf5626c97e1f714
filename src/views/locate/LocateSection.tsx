/** The place of the Locate section on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { useApp } from '@/state/store.ts';
import { NearSection } from '@/views/shared/NearSection.tsx';

const LocatePanel = lazy(() => import('./LocatePanel.tsx'));

const CAVEAT =
  'The paper’s search for the range, step by step, and the whole picture it walks over: every range, and every single layer, scaled. A peak may be noise; each picture says so where it is.';

export function LocateSection() {
  const isAsked = useApp((state) => state.config.search !== '');
  return (
    <NearSection id="locate" title="Locate" caveat={CAVEAT} isAsked={isAsked}>
      <LocatePanel />
    </NearSection>
  );
}

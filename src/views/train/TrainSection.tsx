/** The place of the training section on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { useApp } from '@/state/store.ts';
import { NearSection } from '@/views/shared/NearSection.tsx';

const TrainPanel = lazy(() => import('./TrainPanel.tsx'));

const CAVEAT =
  'Fine-tune this model in the tab, with the chosen layers frozen or not, and watch what it does to refusals. The outcome is whatever is measured here; it may contradict the paper.';

export function TrainSection() {
  const isAsked = useApp((state) => state.config.training !== '');
  return (
    <NearSection id="train" title="Train" caveat={CAVEAT} isAsked={isAsked}>
      <TrainPanel />
    </NearSection>
  );
}

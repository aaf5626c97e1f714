/** The place of the deeper attention pictures, beneath the averaged one and on its axis; fetched when a person comes near. */
import { lazy } from 'react';
import { NearSection } from '@/views/shared/NearSection.tsx';

const AttentionDeepPanel = lazy(() => import('./AttentionDeepPanel.tsx'));

const CAVEAT =
  'The paper reads three stages from two averaged pictures by eye. Here is what an average hides: how spread out each layer looks, which heads look at one word, and what changes when one word does. Two prompts are an example, not a measure.';

export function AttentionDeepSection() {
  return (
    <NearSection id="attention-deep" title="Attention, deeper" caveat={CAVEAT}>
      <AttentionDeepPanel />
    </NearSection>
  );
}

/** The place of the question to all models on the bench; what is in it is fetched when a person comes near. */
import { lazy } from 'react';
import { NearSection } from '@/views/shared/NearSection.tsx';

const AskPanel = lazy(() => import('./AskPanel.tsx'));

const CAVEAT =
  'Type any prompt and read what each model answers: the same weights with other adapters, or scaled. Decoded greedily, so the same prompt gives the same answer every time. One prompt is an example, not a measure.';

export function AskSection() {
  return (
    <NearSection id="ask" title="Ask all models" caveat={CAVEAT}>
      <AskPanel />
    </NearSection>
  );
}

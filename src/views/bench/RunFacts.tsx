/** On what the model runs, how fast a count is, and how near its numbers are to the reference. */
import { backendWords } from '@/state/backend-names.ts';
import { useApp } from '@/state/store.ts';
import { ParityBadge } from './ParityBadge.tsx';

export function RunFacts() {
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  const speed = useApp((state) => state.speed);
  if (!card) return null;
  const { backend } = card;
  return (
    <span className="run-facts">
      <span title={[backend.runtime, ...backend.notes].join('. ')}>
        {backendWords(backend)}
        {backend.residency === 'streamed' && ', layers read as needed'}
        {speed !== null && `, ${speed.toFixed(2)} s per count`}
      </span>
      <ParityBadge card={card} />
    </span>
  );
}

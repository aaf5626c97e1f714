/** What alpha does not do in this model with the chosen matrices; nothing where it does what it does in the paper. */
import { memo } from 'react';
import { alphaNotes } from '@/model/alpha-meaning.ts';
import { matricesOf } from '@/state/config.ts';
import { useApp } from '@/state/store.ts';

export const AlphaNotes = memo(function AlphaNotes() {
  const spec = useApp((state) => (state.lab.state === 'ready' ? state.lab.card.spec : null));
  const matrices = useApp((state) => state.config.matrices);
  const notes = spec ? alphaNotes(spec, matricesOf(matrices)) : [];
  if (notes.length === 0) return null;
  return (
    <ul className="alpha-notes" aria-label="What alpha does not do in this model">
      {notes.map(({ sentence }) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
});

/** What came out, in plain words; the first visit's one sentence until there is something to say. */
import { useReading } from '@/state/select-reading.ts';

export function Reading() {
  const sentences = useReading();
  return (
    <p className="reading" aria-live="polite">
      {sentences.length === 0 ? 'Drag alpha. Watch what the middle layers do.' : sentences.join(' ')}
    </p>
  );
}

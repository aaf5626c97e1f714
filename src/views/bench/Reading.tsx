/**
 * What came out, in plain words, with what limits it; the first visit's one sentence until there is something to say.
 * The first sentence is what alpha does.
 */
import { countedPrompts } from '@/state/pools.ts';
import { useSituation } from '@/state/select.ts';
import { useReading } from '@/state/select-reading.ts';
import { BUNDLED_KEY } from '@/state/situation.ts';
import { useApp } from '@/state/store.ts';

const INVITATION = 'Drag alpha. Watch what the middle layers do.';

export function Reading() {
  const sentences = useReading();
  const isFirstVisit = useApp((state) => state.commits === 0);
  const invitation = isFirstVisit || sentences.length === 0;
  const [first, ...rest] = invitation ? [INVITATION, ...sentences] : sentences;
  return (
    <div className="reading" aria-live="polite">
      <p className="reading-lead">{first}</p>
      {sentences.length > 0 && (
        <p>
          {rest.join(' ')} <Caveat />
        </p>
      )}
    </div>
  );
}

/** Said once, beside the numbers it limits. What is known of the bundled file is in its model card. */
function Caveat() {
  const situation = useSituation();
  const isBundled = useApp((state) => (state.source?.key ?? BUNDLED_KEY) === BUNDLED_KEY);
  if (!situation) return null;
  const n = countedPrompts(situation.pools, 'over-rejection', situation.config).length;
  return (
    <span className="caveat">
      {isBundled ? 'A model of 135 million parameters with Q4_1 weights' : 'One model'}, {n} prompts, one
      template: read the intervals.
    </span>
  );
}

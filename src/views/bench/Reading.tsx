/**
 * What came out, in plain words, with what limits it. The first sentence is what alpha does, or that it is being
 * counted; on a first visit it is what to do.
 */
import { formatRange } from '@/elements/number-words.ts';
import { useLater } from '@/state/later.ts';
import { countedPrompts } from '@/state/pools.ts';
import { useSituation } from '@/state/select.ts';
import { useReading } from '@/state/select-reading.ts';
import { BUNDLED_KEY } from '@/state/situation.ts';
import { useApp } from '@/state/store.ts';

const INVITATION = 'Drag alpha. Watch what the middle layers do.';

export function Reading() {
  const { lead, rest } = useReading();
  const isFirstVisit = useLater((state) => state.commits === 0);
  const isReady = useApp((state) => state.lab.state === 'ready');
  const alpha = useLater((state) => state.config.alpha);
  const [first, last] = useLater((state) => state.config.range);
  const isChanged = useLater(
    ({ config }) => config.alpha !== 1 || (config.transplant !== 'all' && config.model !== 'base'),
  );
  const counting =
    isReady && isChanged ? `Counting at alpha ${alpha} on ${formatRange({ first, last })} …` : null;
  const head = isFirstVisit ? INVITATION : (lead ?? counting ?? INVITATION);
  const sentences = isFirstVisit && lead ? [lead, ...rest] : rest;
  return (
    <div className="reading" aria-live="polite">
      <p className="reading-lead">{head}</p>
      {sentences.length > 0 && (
        <p>
          {sentences.join(' ')} <Caveat />
        </p>
      )}
    </div>
  );
}

/** Said once, beside the numbers it limits. What is known of the bundled file is in its model card. */
function Caveat() {
  const situation = useSituation(useLater);
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

/** R0 and R(alpha), the largest things on the page: the change between them with its test, and what is still being counted. */
import { memo } from 'react';
import { BigNumber } from '@/elements/BigNumber.tsx';
import { formatP, formatSigned } from '@/elements/number-words.ts';
import { Term } from '@/elements/Term.tsx';
import { useScoreLimit } from '@/state/score-limit.ts';
import { usePending } from '@/state/select.ts';
import { useBaseline, useDamage, usePoolReading } from '@/state/select-counts.ts';
import { useApp } from '@/state/store.ts';
import { useWaitingHint } from '../shared/use-waiting-hint.ts';

const R0_LABEL = (
  <>
    <Term name="r0">R0</Term> at alpha 1
  </>
);
const TITLE = (
  <p className="counts-title">
    Harmless prompts refused (<Term name="over-rejection">over-rejection</Term>)
  </p>
);

/** All of it is drawn in the task in which it changes (useApp), so it is kept small: it follows the hand. */
export const Counts = memo(function Counts() {
  const alpha = useApp((state) => state.config.alpha);
  const isExchanged = useApp(({ config }) => config.transplant !== 'all' && config.model !== 'base');
  const reading = usePoolReading('over-rejection', useApp);
  const unscaled = useBaseline(useApp);
  const hint = useWaitingHint();
  const limit = useScoreLimit();
  // Beside R stands the R0 of the same kind, so that the change is the difference of the two numbers shown.
  const baseline =
    reading?.before && reading.tallyBefore
      ? { entry: reading.before, tally: reading.tallyBefore }
      : unscaled && { entry: unscaled.now, tally: unscaled.tallyNow };
  const decoding = usePending('exact', useApp);
  const scoring = usePending('score', useApp);
  const pending = decoding ?? scoring;
  const tally = reading?.tallyNow;
  const change = reading?.change;
  const live = reading?.tallySoFar;
  return (
    <div className="counts">
      {TITLE}
      <div className="count-before" title={baseline?.entry.origin}>
        <BigNumber
          label={R0_LABEL}
          value={baseline ? baseline.tally.counts.refused : null}
          waitingFor={hint}
          of={baseline?.tally.decided}
          truth={baseline?.entry.truth ?? null}
          ofRole="over-rejected"
          size="m"
        />
      </div>
      <div className="count-now" title={reading?.now.origin}>
        <BigNumber
          label={`R at alpha ${alpha.toFixed(2)}${isExchanged ? ', layers exchanged' : ''}`}
          value={tally ? tally.counts.refused : null}
          waitingFor={pending ? 'Counting …' : hint}
          of={tally?.decided}
          truth={reading?.truth ?? null}
          pending={pending}
          soFar={
            live && {
              value: live.counts.refused,
              of: live.decided,
              total: live.total,
              truth: reading.soFar!.truth,
            }
          }
          showPendingText={false}
          ofRole="over-rejected"
        />
      </div>
      <p className="count-change">
        {change ? (
          <>
            <strong>{formatSigned(change.difference)}</strong> [{formatSigned(change.low)},{' '}
            {formatSigned(change.high)}], {formatP(change.pValue)}
          </>
        ) : (
          <span className="hint">
            {alpha === 1 && !isExchanged
              ? 'Nothing is scaled at alpha 1.'
              : 'The change appears when both counts are there, of one kind.'}
          </span>
        )}
      </p>
      {/* Its line is kept free, so that nothing moves when counting begins and ends. */}
      <p className="hint counts-note">
        {pending
          ? pending.text
          : reading && !reading.complete
            ? `${tally!.decided} of ${tally!.total} prompts so far.`
            : change
              ? `95 % interval clustered by ${change.clusterCount} verbs; exact McNemar test.`
              : '\u00a0'}
      </p>
      {(alpha !== 1 || isExchanged) && <DamageLine />}
      {limit && (
        <p className="hint counts-limit">
          {limit.sentence}
          {!limit.hasScore &&
            ' While you drag, no fast score follows: counts appear when answers are decoded.'}
        </p>
      )}
    </div>
  );
});

/** Effect and damage are seen together: a count that moves because the model is broken moves these prompts too. */
const DamageLine = memo(function DamageLine() {
  const damage = useDamage();
  const pending = usePending('exact control');
  const nats = (value: number) => value.toFixed(value < 0.1 ? 3 : 2);
  return (
    <p className="hint counts-damage">
      <Term name="damage">Damage</Term>:{' '}
      {damage
        ? `the first token of ${damage.n} plain prompts moved by ${nats(damage.mean)} nats (KL) [${nats(damage.low)}, ${nats(damage.high)}].`
        : pending
          ? 'plain prompts are being decoded.'
          : 'measured when plain prompts are decoded here.'}
    </p>
  );
});

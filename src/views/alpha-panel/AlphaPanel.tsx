/** The slider, and what it does to the count: R0 and R(alpha), the paired change, the classes, every alpha tried. */
import { useCallback } from 'react';
import { Button } from 'react-aria-components';
import { BigNumber } from '@/elements/BigNumber.tsx';
import { Slider } from '@/elements/Slider.tsx';
import { Term } from '@/elements/Term.tsx';
import { ALPHA_MAX, ALPHA_MIN, ALPHA_STEP, SETTINGS, snapAlpha } from '@/state/config.ts';
import { usePending } from '@/state/select.ts';
import { useBaseline, usePoolReading } from '@/state/select-counts.ts';
import { getSession } from '@/state/session-instance.ts';
import { setConfig, useApp } from '@/state/store.ts';
import './alpha-panel.css';

const MARKS = [
  { value: 0.5, label: '0.5' },
  { value: 1, label: '1' },
  { value: 1.5, label: '1.5' },
];

export function AlphaPanel() {
  const alpha = useApp((state) => state.config.alpha);
  const [first, last] = useApp((state) => state.config.range);
  const move = useCallback((value: number) => {
    if (!useApp.getState().dragging) getSession().drag(true);
    setConfig({ alpha: snapAlpha(value) }, { commit: false });
  }, []);
  const commit = useCallback((value: number) => {
    setConfig({ alpha: snapAlpha(value) });
    getSession().drag(false);
  }, []);
  return (
    <section className="alpha-panel" aria-labelledby="alpha-title">
      <div className="panel-head">
        <h2 id="alpha-title">
          Scale layers {first} to {last} by <Term name="alpha">alpha</Term>
        </h2>
        <Button
          className="quiet-button"
          isDisabled={alpha === SETTINGS.alpha.default}
          onPress={() => setConfig({ alpha: SETTINGS.alpha.default })}
        >
          Reset
        </Button>
      </div>
      <div id="alpha" tabIndex={-1}>
        <Slider
          label="alpha"
          value={alpha}
          min={ALPHA_MIN}
          max={ALPHA_MAX}
          step={ALPHA_STEP}
          format={(value) => value.toFixed(2)}
          origin={1}
          marks={MARKS}
          onChange={move}
          onCommit={commit}
        />
      </div>
      <Counts />
    </section>
  );
}

function Counts() {
  const alpha = useApp((state) => state.config.alpha);
  const reading = usePoolReading('over-rejection');
  const unscaled = useBaseline();
  // Beside R stands the R0 of the same kind, so that the change is the difference of the two numbers shown.
  const baseline =
    reading?.before && reading.tallyBefore
      ? { entry: reading.before, tally: reading.tallyBefore }
      : unscaled && { entry: unscaled.reading.now, tally: unscaled.tally };
  const decoding = usePending('exact');
  const scoring = usePending('score');
  const tally = reading?.tallyNow;
  const partial = reading && !reading.complete;
  return (
    <div className="counts">
      <div title={baseline?.entry.origin}>
        <BigNumber
          label={
            <>
              <Term name="r0">R0</Term> at alpha 1
            </>
          }
          value={baseline ? baseline.tally.counts.refused : null}
          of={baseline?.tally.decided}
          truth={baseline?.entry.truth ?? null}
          ofRole="over-rejected"
        />
      </div>
      <div title={reading?.now.origin}>
        <BigNumber
          label={`R at alpha ${alpha.toFixed(2)}`}
          value={tally ? tally.counts.refused : null}
          of={tally?.decided}
          truth={reading?.truth ?? null}
          pending={decoding ?? scoring}
          change={reading?.change ?? null}
          ofRole="over-rejected"
        />
      </div>
      <p className="hint counts-note">
        Harmless prompts refused (<Term name="over-rejection" />
        ). {partial && `${tally!.decided} of ${tally!.total} prompts so far. `}
        {reading?.change
          ? `Paired change with its 95 % interval, clustered by ${reading.change.clusterCount} verbs; exact McNemar test.`
          : 'The change appears when both counts are there, of the same kind.'}
      </p>
    </div>
  );
}

/** The slider, and beneath it what it does to the count. */
import { memo, useCallback, useMemo, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Slider } from '@/elements/Slider.tsx';
import { Term } from '@/elements/Term.tsx';
import { ALPHA_MAX, ALPHA_MIN, ALPHA_STEP, type Config, SETTINGS, snapAlpha } from '@/state/config.ts';
import { getSession } from '@/state/session-instance.ts';
import { setConfig, useApp } from '@/state/store.ts';
import { AlphaNotes } from './AlphaNotes.tsx';
import { Counts } from './Counts.tsx';
import './alpha-panel.css';

const MARKS = [
  { value: 0.5, label: '0.5' },
  { value: 1, label: '1' },
  { value: 1.5, label: '1.5' },
];

export function AlphaPanel() {
  const alpha = useApp((state) => state.config.alpha);
  const [first, last] = useApp((state) => state.config.range);
  // The handle follows the hand at once; the rest of the page follows in a task of its own.
  const [held, setHeld] = useState<number | null>(null);
  const later = useRef<ReturnType<typeof setTimeout>>(undefined);
  const move = useCallback((value: number) => {
    if (!useApp.getState().dragging) getSession().drag(true);
    setHeld(snapAlpha(value));
    clearTimeout(later.current);
    // Not in an animation frame: the browser would lay out and paint in the same task.
    later.current = setTimeout(() => setConfig({ alpha: snapAlpha(value) }, { commit: false }));
  }, []);
  const commit = useCallback((value: number) => {
    clearTimeout(later.current);
    setHeld(snapAlpha(value));
    later.current = setTimeout(() => {
      setHeld(null);
      setConfig({ alpha: snapAlpha(value) });
      getSession().drag(false);
    });
  }, []);
  return (
    <section className="alpha-panel" aria-labelledby="alpha-title">
      <Head first={first} last={last} isDefault={alpha === SETTINGS.alpha.default} />
      <div id="alpha" tabIndex={-1}>
        <Slider
          label="alpha"
          value={held ?? alpha}
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
      <AlphaNotes />
      <Transplant first={first} last={last} />
      <Counts />
    </section>
  );
}

/** Whether safety moves with its layers: the count follows at once, R0 stays the whole model's. */
const Transplant = memo(function Transplant({ first, last }: { first: number; last: number }) {
  const transplant = useApp((state) => state.config.transplant);
  const isBase = useApp((state) => state.config.model === 'base');
  const options = useMemo(() => {
    const band = first === last ? String(first) : `${first}–${last}`;
    return [
      { value: 'all', label: 'all layers' },
      { value: 'only', label: `only ${band}` },
      { value: 'without', label: `all but ${band}` },
    ] as const;
  }, [first, last]);
  // The base model has nothing to exchange.
  if (isBase) return null;
  return (
    <div className="transplant">
      <SegmentedControl
        label={SETTINGS.transplant.label}
        showLabel
        value={transplant}
        options={options}
        onChange={chooseTransplant}
      />
    </div>
  );
});
const chooseTransplant = (transplant: Config['transplant']) => setConfig({ transplant });

/** Apart, so that a step of the handle does not draw it again. */
const Head = memo(function Head({
  first,
  last,
  isDefault,
}: {
  first: number;
  last: number;
  isDefault: boolean;
}) {
  return (
    <div className="panel-head">
      <h2 id="alpha-title">
        Scale layers {first} to {last} by <Term name="alpha">alpha</Term>
      </h2>
      <Button
        className="quiet-button"
        isDisabled={isDefault}
        onPress={() => setConfig({ alpha: SETTINGS.alpha.default })}
      >
        Reset
      </Button>
    </div>
  );
});

/** The controls section: the list of controls beside the open one, its options, its run and its figures. Only the arrangement. */
import { useEffect, useMemo } from 'react';
import { Button } from 'react-aria-components';
import { loadRecorded } from '@/actions/shipped.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { ProgressLine } from '@/elements/ProgressLine.tsx';
import type { ControlCard } from '@/protocol/controls.ts';
import { controlRequest } from '@/state/control-request.ts';
import { loadControlCards, startControl, stopControl } from '@/state/control-runner.ts';
import {
  type ControlSettings,
  decodeControlSettings,
  encodeControlSettings,
  openControl,
} from '@/state/control-settings.ts';
import { type ControlOutcome, useControls } from '@/state/control-store.ts';
import { useSituation } from '@/state/select.ts';
import { setConfig, useApp } from '@/state/store.ts';
import { useLayerAxis } from '@/views/bench/LayerPictures.tsx';
import { ControlFigures } from './ControlFigures.tsx';
import { ControlOptions } from './ControlOptions.tsx';
import { saveControlRun } from './save-control.ts';
import './controls.css';

export default function ControlsPanel() {
  const cards = useControls((state) => state.cards);
  const problem = useControls((state) => state.problem);
  const isReady = useApp((state) => state.lab.state === 'ready');
  const text = useApp((state) => state.config.control);
  const settings = useMemo(() => decodeControlSettings(text), [text]);
  const card = openControl(cards, settings);
  useEffect(() => void loadRecorded('recorded/controls/'), []);
  useEffect(() => {
    if (isReady) void loadControlCards();
  }, [isReady]);
  if (!card) return <p className="hint">The list of controls comes with the model.</p>;
  return (
    <div className="section-columns controls-panel">
      <nav className="control-list" aria-label="Controls">
        <ul>
          {cards.map((one) => (
            <li key={one.name}>
              <Button
                className="quiet-button"
                aria-current={one === card}
                onPress={() => setConfig({ control: encodeControlSettings({ name: one.name, options: {} }) })}
              >
                {one.title}
              </Button>
            </li>
          ))}
        </ul>
      </nav>
      <article className="control" aria-label={card.title}>
        <h3>{card.title}</h3>
        <p>{card.explanation}</p>
        <p className="hint">{card.reference}.</p>
        <ControlOptions card={card} settings={settings} />
        <RunLine card={card} settings={settings} />
        <ProblemLine problem={problem} />
        <Outcome card={card} settings={settings} />
      </article>
    </div>
  );
}

/** The latest of this control; one that was asked otherwise is shown and said to be. */
function useOutcome(card: ControlCard): ControlOutcome | null {
  const outcomes = useControls((state) => state.outcomes);
  const own = Object.values(outcomes).filter(({ params }) => params.name === card.name);
  return own.reduce<ControlOutcome | null>((best, one) => (best && best.date > one.date ? best : one), null);
}

function RunLine({ card, settings }: { card: ControlCard; settings: ControlSettings }) {
  const running = useControls((state) => state.running);
  const outcome = useOutcome(card);
  const isCurrent = useIsCurrent(card, settings, outcome);
  const lentTo = useApp((state) => state.lentTo);
  const model = useApp((state) => state.config.model);
  const [first, last] = useApp((state) => state.config.range);
  const isReady = useApp((state) => state.lab.state === 'ready');
  const needsAdapter = card.needs.adapter && model === 'base';
  const words = runWords(isCurrent ? outcome : null);
  const hint = needsAdapter
    ? 'This control compares two models: choose one with an adapter.'
    : running === null && lentTo !== null
      ? lentTo
      : card.needs.range
        ? `Tests layers ${first} to ${last}, as on the strip, with its alpha and matrices.`
        : '';
  return (
    <div className="control-run">
      {running ? (
        <Button className="quiet-button" onPress={stopControl}>
          Stop
        </Button>
      ) : (
        <Button
          className="main-button"
          isDisabled={!isReady || lentTo !== null || needsAdapter}
          onPress={() => void startControl(card)}
        >
          {words}
        </Button>
      )}
      <ProgressLine work={running?.work ?? null} label={`${card.title}: progress`} showText />
      {!running && hint && <span className="hint">{hint}</span>}
    </div>
  );
}

/** @param outcome of what is asked now; null = there is none */
function runWords(outcome: ControlOutcome | null): string {
  if (!outcome) return 'Run';
  if (!outcome.result) return 'Go on';
  return outcome.origin === 'recorded' ? 'Compute here' : 'Again';
}

/** Whether the outcome answers what is asked now. */
function useIsCurrent(card: ControlCard, settings: ControlSettings, outcome: ControlOutcome | null): boolean {
  const situation = useSituation();
  // Every prompt is in the key: not made anew while a pointer moves over a chart.
  return useMemo(
    () =>
      situation !== null &&
      outcome !== null &&
      controlRequest(situation, card, settings, outcome.params.calibration).key === outcome.key,
    [situation, card, settings, outcome],
  );
}

function Outcome({ card, settings }: { card: ControlCard; settings: ControlSettings }) {
  const outcome = useOutcome(card);
  const isCurrent = useIsCurrent(card, settings, outcome);
  const running = useControls((state) => state.running);
  const axis = useLayerAxis();
  if (!outcome) return <p className="hint">Not run yet.</p>;
  if (!outcome.result) {
    const isRunning = running?.key === outcome.key;
    return (
      <p className="hint">
        {outcome.rows.length} rows so far{isRunning ? '' : '; stopped before its end, and goes on from there'}
        .
      </p>
    );
  }
  return (
    <>
      {!isCurrent && (
        <p className="hint">
          This was asked of {outcome.params.setting.adapters.join(' + ') || 'base'} under other settings than
          those on screen; run it again for these.
        </p>
      )}
      <ControlFigures card={card} outcome={outcome} result={outcome.result} axis={axis} />
      <Button className="quiet-button" onPress={() => void saveControlRun(outcome)}>
        Save as a run file
      </Button>
    </>
  );
}

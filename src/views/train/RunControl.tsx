/** Train, pause, step, resume, stop; how far the run is; what can be taken up again. */
import { Button } from 'react-aria-components';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { ProgressLine } from '@/elements/ProgressLine.tsx';
import type { CheckpointCard } from '@/protocol/training.ts';
import { durationWords, memoryWords } from '@/state/progress-words.ts';
import { useApp } from '@/state/store.ts';
import { deleteCheckpoint, pauseRun, resumeRun, startRun, stopRun } from '@/state/train-runner.ts';
import { isInLab, type TrainRun, useTrain } from '@/state/train-store.ts';
import { useForecast } from './use-forecast.ts';

export function RunControl() {
  const forecast = useForecast();
  const activeId = useTrain((state) => state.activeId);
  const isStopping = useTrain((state) => state.isStopping);
  const shown = useTrain(
    (state) =>
      state.runs.find(({ id }) => id === state.activeId) ??
      state.runs.findLast(({ origin }) => origin === 'live') ??
      null,
  );
  const lentTo = useApp((state) => state.lentTo);
  const isLoaded = useApp((state) => state.lab.state === 'ready');
  const isReady = isLoaded && lentTo === null;
  const canStart = isReady && forecast !== null && !('happened' in forecast) && forecast.problem === null;
  const paused = shown?.status === 'paused' && shown.checkpointKey !== null ? shown : null;
  const resume = (run: TrainRun, stopAfter?: number) =>
    void resumeRun({ key: run.checkpointKey!, step: run.checkpointStep ?? 0, params: run.params }, stopAfter);
  return (
    <section className="train-control" aria-label="Run">
      <div className="button-row">
        <Button className="main-button" isDisabled={!canStart} onPress={() => void startRun()}>
          Train
        </Button>
        {activeId === null ? (
          <>
            {paused && (
              <Button className="quiet-button" isDisabled={!isReady} onPress={() => resume(paused)}>
                Resume
              </Button>
            )}
            <Button
              className="quiet-button"
              isDisabled={paused ? !isReady : !canStart}
              onPress={() => (paused ? resume(paused, 1) : void startRun(1))}
            >
              One step
            </Button>
            {paused && (
              <Button className="quiet-button" onPress={() => void stopRun(paused.id)}>
                Stop for good
              </Button>
            )}
          </>
        ) : (
          <>
            <Button className="quiet-button" isDisabled={isStopping} onPress={pauseRun}>
              Pause
            </Button>
            <Button className="quiet-button" isDisabled={isStopping} onPress={() => void stopRun(activeId)}>
              Stop
            </Button>
          </>
        )}
        {!isLoaded && <span className="hint">Waiting for the model.</span>}
        {isLoaded && lentTo !== null && activeId === null && (
          <span className="hint">{lentTo} Training is possible afterwards.</span>
        )}
      </div>
      {shown && <Progress run={shown} isStopping={isStopping && activeId === shown.id} />}
      <Checkpoints />
    </section>
  );
}

function Progress({ run, isStopping }: { run: TrainRun; isStopping: boolean }) {
  const { steps, params, status, doing, problem, notes, memory, checkpointStep } = run;
  const total = params.optimiser.steps;
  const last = steps.at(-1);
  const recent = steps.slice(-10);
  const ms = recent.reduce((sum, step) => sum + step.stepMs, 0);
  const tokens = recent.reduce((sum, step) => sum + step.sequenceTokens, 0);
  const facts = [
    `${run.params.name}: ${isStopping ? 'finishing the step in hand' : status}`,
    last ? `step ${last.step} of ${total}` : `${total} steps`,
    ...(last ? [`loss ${last.loss.toFixed(4)}`, `${Math.round((1000 * tokens) / ms)} tokens/s`] : []),
    ...(last && status === 'running' && last.step < total
      ? [`about ${durationWords(((total - last.step) * ms) / recent.length / 1000)} of steps left`]
      : []),
    ...(doing ? [doing] : []),
    ...(checkpointStep !== null ? [`checkpoint after step ${checkpointStep}`] : []),
    ...(memory ? [`memory ${memoryWords(memory.total)}`] : []),
  ];
  return (
    <>
      <ProgressLine
        work={status === 'running' ? { fraction: (last?.step ?? 0) / total, text: facts[1]! } : null}
        label="Training"
      />
      <p className="train-facts" aria-live="off">
        {facts.join(' · ')}
      </p>
      {status === 'running' && (
        <p className="hint">The other pictures wait while this trains, and go on afterwards.</p>
      )}
      <ProblemLine problem={problem} />
      {notes.length > 0 && <p className="hint">{[...new Set(notes)].join(' ')}</p>}
    </>
  );
}

function Checkpoints() {
  const checkpoints = useTrain((state) => state.checkpoints);
  const activeId = useTrain((state) => state.activeId);
  const runs = useTrain((state) => state.runs);
  const labId = useApp((state) => state.labId);
  const modelReady = useApp((state) => state.lab.state === 'ready' && state.lentTo === null);
  if (checkpoints.length === 0) return null;
  /** Its run is in the table with its model in the lab: there is nothing to take up. */
  const isHere = ({ params }: CheckpointCard) =>
    runs.some((run) => run.params.name === params.name && isInLab(run, { labId }));
  return (
    <details className="train-checkpoints">
      <summary>
        {checkpoints.length} {checkpoints.length === 1 ? 'checkpoint' : 'checkpoints'} kept in this browser
      </summary>
      <ul>
        {checkpoints.map((card) => (
          <li key={card.key}>
            {card.params.name}, step {card.step} of {card.params.optimiser.steps},{' '}
            {card.savedAt.slice(0, 16).replace('T', ' ')} UTC, {(card.bytes / 2 ** 20).toFixed(1)} MB{' '}
            {!isHere(card) && (
              <Button className="quiet-button" isDisabled={!modelReady} onPress={() => void resumeRun(card)}>
                {card.step < card.params.optimiser.steps ? 'Resume' : 'Bring its model back'}
              </Button>
            )}{' '}
            <Button
              className="quiet-button"
              isDisabled={activeId !== null}
              onPress={() => void deleteCheckpoint(card.key)}
            >
              Delete
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

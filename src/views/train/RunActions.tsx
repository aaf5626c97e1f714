/** A run's name, whether it is compared, and what can be done with it. */
import { Button } from 'react-aria-components';
import { useApp } from '@/state/store.ts';
import { putOnBench, removeRun, resumeRun } from '@/state/train-runner.ts';
import { isInLab, type TrainRun, useTrain } from '@/state/train-store.ts';
import { saveAdapter, saveTrainRun } from './save-training.ts';

export function RunActions({ run, isCompared }: { run: TrainRun; isCompared: boolean }) {
  const isBusy = useApp((state) => state.lentTo !== null || state.lab.state !== 'ready');
  const isHere = useApp((state) => isInLab(run, state));
  const isOnBench = useApp(
    (state) => state.config.model === 'tuned' && state.tuned?.at(-1) === run.result?.adapter,
  );
  const checkpoint = useTrain((state) =>
    state.checkpoints.find(
      ({ params, step }) => params.name === run.params.name && step === params.optimiser.steps,
    ),
  );
  const isActive = useTrain((state) => state.activeId === run.id);
  const { name, part } = run.params;
  return (
    <>
      <label className="train-compared">
        <input
          type="checkbox"
          checked={isCompared}
          aria-label={`Compare ${name}`}
          onChange={(event) =>
            useTrain.setState(({ compared }) => ({
              compared: { ...compared, [run.id]: event.target.checked },
            }))
          }
        />
        <span>
          <strong>{name}</strong>{' '}
          <span className="hint">{run.origin === 'recorded' ? `recorded, ${run.from}` : run.status}</span>
        </span>
      </label>
      <span className="train-row-actions">
        {isHere && (
          <>
            <Button className="quiet-button" isDisabled={isBusy || isOnBench} onPress={() => putOnBench(run)}>
              {isOnBench ? 'In the bench' : 'Use in the bench'}
            </Button>
            <Button className="quiet-button" isDisabled={isBusy} onPress={() => void saveAdapter(run)}>
              {part.kind === 'lora' ? 'Save adapter (PEFT)' : 'Save weights'}
            </Button>
          </>
        )}
        {!isHere && run.status === 'finished' && checkpoint && (
          <Button className="quiet-button" isDisabled={isBusy} onPress={() => void resumeRun(checkpoint)}>
            Bring its model back
          </Button>
        )}
        {run.result && run.origin === 'live' && (
          <Button className="quiet-button" onPress={() => void saveTrainRun(run)}>
            Save run
          </Button>
        )}
        <Button
          className="quiet-button"
          aria-label={`Remove ${name}`}
          isDisabled={isActive || (isHere && isBusy)}
          onPress={() => void removeRun(run.id)}
        >
          Remove
        </Button>
      </span>
    </>
  );
}

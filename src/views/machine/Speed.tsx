/** The measurement: asked for, running, done. */
import { Button } from 'react-aria-components';
import { MEASURE_SECONDS, measureThisMachine, stopMeasuring } from '@/actions/machine.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { backendWords } from '@/state/backend-names.ts';
import { useMachine } from '@/state/machine.ts';

export function Speed() {
  const measuring = useMachine((state) => state.measuring);
  const speeds = useMachine((state) => state.speeds);
  const problem = useMachine((state) => state.problem);
  return (
    <section aria-labelledby="machine-speed">
      <h3 id="machine-speed">Speed</h3>
      <p className="hint">
        Matrix products alone, {MEASURE_SECONDS} seconds on each backend, while the bench rests. Other
        programs that are busy make it slower, as they make models slower.
      </p>
      <div className="button-row">
        {measuring === null ? (
          <Button className="quiet-button" onPress={() => void measureThisMachine()}>
            Measure this machine
          </Button>
        ) : (
          <Button className="quiet-button" onPress={stopMeasuring}>
            Stop
          </Button>
        )}
        <span role="status" className="hint">
          {measuring !== null && `${measuring} is being measured …`}
        </span>
      </div>
      <ProblemLine problem={problem} />
      {speeds.length > 0 && (
        <ul className="lacks" aria-label="Measured speeds">
          {speeds.map(({ backend, threads, wideGflops, narrowGflops, narrowRows }) => (
            <li key={backend}>
              {backendWords({ kind: backend, threads })}: {wideGflops.toPrecision(3)} GFLOPS on many rows
              (reading prompts), {narrowGflops.toPrecision(3)} on {narrowRows} (writing answers)
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

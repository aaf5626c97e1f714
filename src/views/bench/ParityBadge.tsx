/**
 * How near the numbers of this model on this backend are to the plain way to compute them: as measured and published with the
 * model, and as measured on this machine when a person asks.
 */
import { useRef, useState } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Popover } from 'react-aria-components';
import { measureParityHere } from '@/actions/measure-parity.ts';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import type { Progress } from '@/protocol/experiments.ts';
import type { ModelCard } from '@/protocol/lab.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';

type ParityMeasure = NonNullable<ModelCard['backend']['parity']>;

export function ParityBadge({ card }: { card: ModelCard }) {
  const { parity, backend } = card;
  const worst = backend.parity?.maxAbsLogit ?? parity?.maxAbsLogit;
  return (
    <DialogTrigger>
      <Button className="quiet-button">
        {worst === undefined ? 'parity not measured' : `parity ${power(worst)}`}
      </Button>
      <Popover className="popover parity" placement="bottom end">
        <Dialog aria-labelledby="parity-title">
          <Heading id="parity-title" slot="title">
            How exact are these numbers?
          </Heading>
          <p>
            {backend.precision === 'stored'
              ? 'Matrices are computed with as the file holds them, everything else in float32.'
              : 'Everything is computed in float32.'}
          </p>
          {parity && (
            <p>
              Published with the model: a logit differs by {power(parity.maxAbsLogit)} at most.{' '}
              <span className="hint">{parity.origin}.</span>
            </p>
          )}
          {backend.parity && <Measured parity={backend.parity} />}
          <MeasureHere isAgain={backend.parity !== undefined} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Measured({ parity }: { parity: ParityMeasure }) {
  const { promptCount, maxAbsLogit, largestLogit, maxRelHidden, sameTokens, against, measuredAt } = parity;
  return (
    <p>
      Measured here against {against}: a logit differs by {power(maxAbsLogit)} at most (the largest is{' '}
      {largestLogit.toFixed(1)}), a vector by {power(maxRelHidden)} of its length; {sameTokens} of{' '}
      {promptCount} first tokens are the same. <span className="hint">{measuredAt.slice(0, 10)}.</span>
    </p>
  );
}

function MeasureHere({ isAgain }: { isAgain: boolean }) {
  const [work, setWork] = useState<Progress | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  const controller = useRef<AbortController | null>(null);
  const measure = async () => {
    setBusy(true);
    setProblem(null);
    controller.current = new AbortController();
    try {
      await measureParityHere(setWork, controller.current.signal);
    } catch (error) {
      if (!controller.current.signal.aborted) setProblem(wordsFor(error));
    }
    setBusy(false);
    setWork(null);
  };
  return (
    <>
      <p className="hint">
        Measuring loads a second copy of the model in float32 and gives it six fixed prompts one by one. The
        result is written into every file saved afterwards.
      </p>
      <ProblemLine problem={problem} />
      <div className="button-row">
        {/* One button for both: focus stays on it, and with it the keyboard in this dialog. */}
        <Button
          className="quiet-button"
          onPress={() => (isBusy ? controller.current?.abort() : void measure())}
        >
          {isBusy ? 'Stop' : isAgain ? 'Measure again' : 'Measure here'}
        </Button>
        <span className="hint" role="status">
          {work && `${work.phase}: ${work.done} of ${work.total}`}
        </span>
      </div>
    </>
  );
}

/** "2e−5". */
const power = (value: number): string =>
  value === 0 ? '0' : value.toExponential(0).replace('e-', 'e−').replace('e+', 'e');

/** Two prompts to lay side by side: typed here, or the bench's. */
import { type FormEvent, useState } from 'react';
import { Button } from 'react-aria-components';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { useApp } from '@/state/store.ts';

interface PairFormProps {
  /** Typed prompts are shown; otherwise the bench's. */
  isTyped: boolean;
  onRead: (texts: [string, string]) => Promise<void>;
  onBench: () => void;
}

/** They differ in one word, and only one of them asks for harm. */
const EXAMPLE: [string, string] = ['How to kill a process?', 'How to kill a person?'];

export function PairForm({ isTyped, onRead, onBench }: PairFormProps) {
  const [[a, b], setTexts] = useState(EXAMPLE);
  const [isReading, setReading] = useState(false);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  const isReady = useApp((state) => state.lab.state === 'ready' && state.lentTo === null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setReading(true);
    setProblem(null);
    try {
      await onRead([a.trim(), b.trim()]);
    } catch (error) {
      setProblem(wordsFor(error));
    } finally {
      setReading(false);
    }
  };
  return (
    <form className="pair-form" onSubmit={submit}>
      <label className="inline-field">
        A
        <input value={a} required maxLength={400} onChange={(event) => setTexts([event.target.value, b])} />
      </label>
      <label className="inline-field">
        B
        <input value={b} required maxLength={400} onChange={(event) => setTexts([a, event.target.value])} />
      </label>
      <Button
        className="quiet-button"
        type="submit"
        isDisabled={!isReady || isReading || !a.trim() || !b.trim()}
      >
        {isReading ? 'Reading …' : 'Compare these two'}
      </Button>
      {isTyped && (
        <Button className="quiet-button" onPress={onBench}>
          Back to the bench’s prompts
        </Button>
      )}
      <p className="hint">
        {isTyped
          ? 'Shown below: the two prompts typed here.'
          : 'Shown below: the two prompts of the picture above, as A and B.'}
      </p>
      <ProblemLine problem={problem} />
    </form>
  );
}

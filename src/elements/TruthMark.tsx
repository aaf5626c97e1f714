/** Says how true a number is, in a word and a form: dotted outline, italic, plain. */
import { TRUTH_WORDS, type Truth } from './status.ts';
import './elements.css';

export function TruthMark({ truth }: { truth: Truth }) {
  const { word, meaning } = TRUTH_WORDS[truth];
  return (
    <span className={`truth-mark truth-${truth}`} title={meaning}>
      {word}
    </span>
  );
}

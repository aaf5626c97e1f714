/** What went wrong and what to do about it, in the place where it was asked for. Nothing while nothing is wrong. */
import './elements.css';

export interface ProblemLineProps {
  problem: { happened: string; todo: string } | null;
}

export function ProblemLine({ problem }: ProblemLineProps) {
  if (!problem) return null;
  return (
    <p role="alert" className="figure-failed">
      <strong>{problem.happened}</strong> {problem.todo}
    </p>
  );
}

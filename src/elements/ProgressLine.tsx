/** A thin line that says how far work is; takes no room of its own when there is none. */
import { ProgressBar } from 'react-aria-components';
import type { PendingWork } from './status.ts';
import './elements.css';

export interface ProgressLineProps {
  work: PendingWork | null;
  label: string;
  /** Also in words, beneath. */
  showText?: boolean;
}

export function ProgressLine({ work, label, showText = false }: ProgressLineProps) {
  if (!work) return <div className="progress-line" aria-hidden="true" />;
  const value = work.fraction === null ? undefined : 100 * work.fraction;
  return (
    <ProgressBar
      className="progress"
      aria-label={label}
      value={value}
      isIndeterminate={value === undefined}
      valueLabel={work.text}
    >
      <div className="progress-line">
        <div
          className={value === undefined ? 'progress-fill unknown' : 'progress-fill'}
          style={value === undefined ? undefined : { width: `${value}%` }}
        />
      </div>
      {showText && <span className="hint">{work.text}</span>}
    </ProgressBar>
  );
}

/**
 * The number that the page is about. It only ever shows values it was given: a change cross-fades, it never counts up
 * through numbers that nobody computed.
 */
import type { ReactNode } from 'react';
import type { Role } from '@/theme/palettes.ts';
import { formatP, formatSigned } from './number-words.ts';
import { ProgressLine } from './ProgressLine.tsx';
import { type PendingWork, TRUTH_WORDS, type Truth } from './status.ts';
import { TruthMark } from './TruthMark.tsx';
import './elements.css';

export interface PairedChange {
  difference: number;
  low: number;
  high: number;
  pValue: number;
}

export interface BigNumberProps {
  /** null = not counted yet: no sign stands there, only `waitingFor` in words. */
  value: number | null;
  waitingFor?: string;
  of?: number;
  label: ReactNode;
  truth: Truth | null;
  /** Work behind the number: it will settle. */
  pending?: PendingWork | null;
  /** The count that is being made here, as far as it is, beside a number from elsewhere that it will replace. */
  soFar?: { value: number; of: number; total: number; truth: Truth } | null;
  /** False where the words stand elsewhere and the line alone is shown here. */
  showPendingText?: boolean;
  /** Against alpha = 1. */
  change?: PairedChange | null;
  ofRole?: Role;
  /** `m` for the number beside the main one. */
  size?: 'l' | 'm';
}

export function BigNumber(props: BigNumberProps) {
  const {
    value,
    of,
    label,
    truth,
    pending,
    change,
    ofRole,
    soFar,
    size = 'l',
    showPendingText = true,
    waitingFor = 'not counted yet',
  } = props;
  const colour = ofRole && (ofRole === 'over-rejected' ? 'role-over-rejected-text' : `role-${ofRole}`);
  return (
    <div className={`big-number size-${size}`}>
      <div className="big-number-label">{label}</div>
      <div className="big-number-value">
        {value === null ? (
          <span className="number-awaited">{waitingFor}</span>
        ) : (
          <span
            key={value}
            className={truth ? `number truth-${truth}` : 'number'}
            style={colour ? { color: `var(--${colour})` } : undefined}
            title={truth ? TRUTH_WORDS[truth].meaning : undefined}
          >
            {value}
          </span>
        )}
        {of !== undefined && <span className="big-number-of">of {of}</span>}
      </div>
      <ProgressLine work={pending ?? null} label="exact count" />
      <div className="big-number-note">
        {truth && <TruthMark truth={truth} />}
        {soFar && <SoFar {...soFar} />}
        {change && (
          <span>
            {formatSigned(change.difference)} [{formatSigned(change.low)}, {formatSigned(change.high)}]{' '}
            {formatP(change.pValue)}
          </span>
        )}
        {pending && showPendingText && <span>{pending.text}</span>}
      </div>
    </div>
  );
}

/** Not large: the first prompts are those that alpha turns over most easily, so their share is not yet the pool's. */
function SoFar({ value, of, total, truth }: NonNullable<BigNumberProps['soFar']>) {
  return (
    <span
      className="live-so-far"
      title={`Computed in this tab, the prompts nearest to the threshold first: part of them is no sample of all. ${TRUTH_WORDS[truth].meaning}`}
    >
      live, {TRUTH_WORDS[truth].word}: <strong className={`truth-${truth}`}>{value}</strong> of {of}
      {of < total && ' so far'}
    </span>
  );
}

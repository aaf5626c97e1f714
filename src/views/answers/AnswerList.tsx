/** The prompts with what the model said before and says now, changed ones first; each decision with its reason, correctable. */
import { memo, useState } from 'react';
import { Button } from 'react-aria-components';
import { shallow } from 'zustand/shallow';
import { SegmentedControl } from '@/elements/SegmentedControl.tsx';
import { Sensitive } from '@/elements/Sensitive.tsx';
import type { ResponseClass } from '@/protocol/experiments.ts';
import { useLater } from '@/state/later.ts';
import { type AnswerRow, overrideKey } from '@/state/outcomes.ts';
import type { CountedPool } from '@/state/pools.ts';
import { useAnswerRows, usePoolReading } from '@/state/select-counts.ts';
import { setOverride, useApp } from '@/state/store.ts';
import { downloadAnswers } from './download-answers.ts';
import './answers.css';

const POOLS = [
  { value: 'over-rejection', label: 'over-rejection' },
  { value: 'malicious', label: 'malicious' },
  { value: 'control', label: 'plain' },
] as const;

/** Rows drawn before "show all": enough to read, few enough to redraw at every step of a drag. */
const FIRST_ROWS = 24;

export function AnswerList() {
  const [pool, setPool] = useState<CountedPool>('over-rejection');
  const [all, setAll] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const reading = usePoolReading(pool);
  const revealed = useApp((state) => state.config.revealHarmful);
  const alpha = useLater((state) => state.config.alpha);
  const rows = useAnswerRows(pool);
  const changed = rows.filter((row) => row.changed).length;
  const shown = all ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <section className="answers" aria-labelledby="answers-title">
      <div className="panel-head">
        <h2 id="answers-title">
          Answers{' '}
          {rows.length > 0 && (
            <span className="hint">
              {changed} of {rows.length} changed
            </span>
          )}
        </h2>
        <Button
          className="quiet-button"
          isDisabled={!reading}
          onPress={() => reading && downloadAnswers(pool, reading, rows, alpha)}
        >
          CSV
        </Button>
      </div>
      <SegmentedControl label="Pool" value={pool} options={POOLS} onChange={setPool} />
      {rows.length === 0 ? (
        <p className="hint">
          No answers yet. They appear here prompt by prompt when{' '}
          {pool === 'over-rejection' ? 'alpha comes to rest' : 'the over-rejection count is done'}.
        </p>
      ) : (
        <table className="answer-table">
          <thead>
            <tr>
              <th scope="col">prompt</th>
              <th scope="col">alpha 1</th>
              <th scope="col">alpha {alpha}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row
                key={row.prompt.id}
                row={row}
                sensitive={pool === 'malicious'}
                revealed={revealed}
                isOpen={open === row.prompt.id}
                onToggle={setOpen}
              />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > FIRST_ROWS && (
        <Button className="quiet-button" onPress={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${rows.length}`}
        </Button>
      )}
    </section>
  );
}

interface RowProps {
  row: AnswerRow;
  sensitive: boolean;
  revealed: boolean;
  isOpen: boolean;
  onToggle: (id: string | null) => void;
}

/** A closed line says no more than this; every count brings new outcomes, most of which say the same. */
const shownOf = (row: AnswerRow) => [
  row.prompt,
  row.was,
  row.now,
  row.changed,
  row.byHand,
  row.outcomeNow?.answer === undefined,
];

const Row = memo(AnswerLine, (a, b) => {
  const { row: before, ...rest } = a;
  const { row: after, ...others } = b;
  if (!shallow(rest, others)) return false;
  return b.isOpen ? shallow(before, after) : shallow(shownOf(before), shownOf(after));
});

function AnswerLine({ row, sensitive, revealed, isOpen, onToggle }: RowProps) {
  const { prompt, outcomeNow, outcomeBefore } = row;
  return (
    <>
      <tr className={row.changed ? 'changed' : undefined}>
        <th scope="row">
          <Button
            className="row-button"
            aria-expanded={isOpen}
            aria-label={sensitive && !revealed ? 'Answer to a malicious prompt, hidden' : undefined}
            onPress={() => onToggle(isOpen ? null : prompt.id)}
          >
            <Sensitive isSensitive={sensitive} revealed={revealed}>
              {prompt.text}
            </Sensitive>
          </Button>
        </th>
        <ClassCell value={row.was} />
        <ClassCell value={row.now} byHand={row.byHand} fast={outcomeNow?.answer === undefined} />
      </tr>
      {isOpen && (
        <tr className="answer-detail">
          <td colSpan={3}>
            <Answer label="alpha 1" outcome={outcomeBefore} sensitive={sensitive} revealed={revealed} />
            <Answer label="now" outcome={outcomeNow} sensitive={sensitive} revealed={revealed} />
            {outcomeNow?.answer !== undefined && (
              <SegmentedControl<ResponseClass | 'rules'>
                label="Class"
                showLabel
                value={row.byHand && row.now ? row.now : 'rules'}
                options={[
                  { value: 'rules', label: 'by the rules' },
                  { value: 'refused', label: 'refused' },
                  { value: 'answered', label: 'answered' },
                  { value: 'garbled', label: 'garbled' },
                ]}
                onChange={(value) =>
                  setOverride(overrideKey(prompt, outcomeNow.answer!), value === 'rules' ? null : value)
                }
              />
            )}
          </td>
        </tr>
      )}
    </>
  );
}

function ClassCell({
  value,
  byHand,
  fast,
}: {
  value: ResponseClass | null;
  byHand?: boolean;
  fast?: boolean;
}) {
  return (
    <td className={`class-cell class-${value ?? 'none'}`}>
      <span className={fast ? 'fast' : undefined}>{value ?? '…'}</span>
      {byHand && <span className="hint"> by hand</span>}
    </td>
  );
}

interface AnswerProps {
  label: string;
  outcome: AnswerRow['outcomeNow'];
  sensitive: boolean;
  revealed: boolean;
}

function Answer({ label, outcome, sensitive, revealed }: AnswerProps) {
  if (!outcome) return <p className="hint">{label}: not computed yet.</p>;
  return (
    <p>
      <span className="hint">{label} </span>
      {outcome.answer === undefined ? (
        <span className="hint">not decoded; first-token score {outcome.score.toFixed(3)}</span>
      ) : (
        <>
          <Sensitive isSensitive={sensitive} revealed={revealed}>
            “{outcome.answer.trim()}”
          </Sensitive>
          <span className="hint">
            {' '}
            {outcome.reason}; first-token score {outcome.score.toFixed(3)}
          </span>
        </>
      )}
    </p>
  );
}

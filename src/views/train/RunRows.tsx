/** The rows of runs that differ by their seed alone: one each, and what they are together. */

import { formatP } from '@/elements/number-words.ts';
import type { Spread } from '@/method/metrics.ts';
import { proofHolds } from '@/state/train-compare.ts';
import type { MeasureColumn, Reading } from '@/state/train-measured.ts';
import type { TrainRun } from '@/state/train-store.ts';
import type { ComparedGroup, ComparedRun, RunTableModel } from '@/state/train-table.ts';
import { RunActions } from './RunActions.tsx';

const whole = new Intl.NumberFormat('en');
/** Columns behind the measures. */
const LAST_COLUMNS = 6;

interface GroupRowsProps {
  group: ComparedGroup;
  model: RunTableModel;
  compared: readonly TrainRun[];
}

export function GroupRows({ group, model, compared }: GroupRowsProps) {
  return (
    <tbody>
      {group.rows.map((row) => (
        <RunRow key={row.run.id} row={row} model={model} isCompared={compared.includes(row.run)} />
      ))}
      {group.spreads && (
        <tr className="train-seeds">
          <th scope="row" className="text">
            {group.label}: mean ± SD
          </th>
          {model.settings.length > 0 && <td colSpan={model.settings.length} />}
          {model.columns.map((column, at) => (
            <td key={column.key}>
              <SpreadCell spread={group.spreads![at] ?? null} column={column} />
            </td>
          ))}
          <td>
            <SpreadCell spread={group.pairedSpread} column={POINTS} />
          </td>
          <td colSpan={LAST_COLUMNS} />
        </tr>
      )}
    </tbody>
  );
}

interface RunRowProps {
  row: ComparedRun;
  model: RunTableModel;
  isCompared: boolean;
}

function RunRow({ row, model, isCompared }: RunRowProps) {
  const { run, before, after } = row;
  return (
    <tr className={isCompared ? undefined : 'train-aside'}>
      <th scope="row" className="text">
        <RunActions run={run} isCompared={isCompared} />
      </th>
      {row.settings.map((value, at) => (
        <td key={model.settings[at]} className="text">
          {value}
        </td>
      ))}
      {model.columns.map((column, at) => (
        <td key={column.key} title={after[at]?.detail}>
          <ReadingCell reading={after[at] ?? null} column={column} />
          {before[at] && (
            <span className="hint">
              before <ReadingCell reading={before[at]} column={column} />
            </span>
          )}
        </td>
      ))}
      <td title={pairedTitle(row)}>
        <PairedCell row={row} />
      </td>
      <td>{run.steps.at(-1)?.loss.toFixed(4) ?? '–'}</td>
      <td>{heldOut(run)}</td>
      <td>{fast(run)}</td>
      <td>{run.result ? whole.format(run.result.trainedParameters) : '–'}</td>
      <td>{run.result ? whole.format(run.result.frozenParameters) : '–'}</td>
      <td className="text">{proofText(run)}</td>
    </tr>
  );
}

function proofText(run: TrainRun): string {
  const holds = proofHolds(run);
  if (holds === null) return '–';
  const frozen = run.result!.proof.filter((one) => one.frozen).length;
  return frozen === 0 ? 'none' : `${frozen} ${holds ? 'unchanged' : 'NOT all unchanged'}`;
}

/** A change of a share. */
const POINTS = { kind: 'share', digits: 1 } as const;
type Written = Pick<MeasureColumn, 'kind' | 'digits'>;

function number(value: number, { kind, digits }: Written): string {
  return (kind === 'share' ? 100 * value : value).toFixed(digits).replace('-', '−');
}

/** Neither value nor interval breaks in the middle. */
function ReadingCell({ reading, column }: { reading: Reading | null; column: Written }) {
  if (!reading) return '–';
  const { value, low, high } = reading;
  return (
    <span className="train-value">
      {number(value, column)}
      {column.kind === 'share' && ' %'}
      {low !== null && high !== null && (
        <span className="hint">
          {' '}
          [{number(low, column)}, {number(high, column)}]
        </span>
      )}
    </span>
  );
}

function SpreadCell({ spread, column }: { spread: Spread | null; column: Written }) {
  if (!spread) return '–';
  return (
    <>
      <span className="train-value">
        {number(spread.mean, column)}
        {spread.std !== null && ` ± ${number(spread.std, column)}`}
        {column.kind === 'share' && ' %'}
      </span>
      <span className="hint">
        {number(spread.min, column)} to {number(spread.max, column)}
      </span>
    </>
  );
}

function PairedCell({ row: { paired } }: { row: ComparedRun }) {
  if (!paired) return '–';
  const { change, low, high, p } = paired.change;
  return (
    <>
      <span className="train-value">
        {change > 0 && '+'}
        {number(change, POINTS)} %{' '}
        <span className="hint">
          [{number(low, POINTS)}, {number(high, POINTS)}]
        </span>
      </span>
      <span className="hint">{formatP(p)}</span>
    </>
  );
}

function pairedTitle({ paired }: ComparedRun): string | undefined {
  if (!paired) return undefined;
  const { change, against, sameSeed, from } = paired;
  return [
    `${change.gained} prompts turned harmful and ${change.lost} turned away from it, of ${change.total}, against ${against.params.name}`,
    sameSeed ? 'same seed' : 'another seed',
    from === 'bench' ? 'answers decoded by the bench' : 'answers of the runs’ measures',
  ].join('; ');
}

function fast({ probes }: TrainRun): string {
  const [first, last] = [probes[0], probes.at(-1)];
  if (!first || !last) return '–';
  const words = ({ maliciousRefused, maliciousTotal }: typeof first) =>
    `${maliciousRefused}/${maliciousTotal}`;
  return first === last ? words(first) : `${words(first)} → ${words(last)}`;
}

function heldOut({ result }: TrainRun): string {
  const loss = result?.heldOutLoss;
  return loss ? `${loss.before.toFixed(3)} → ${loss.after.toFixed(3)}` : '–';
}

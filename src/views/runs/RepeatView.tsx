/** A run while it is repeated here, and the report: what is equal, what differs, and by how much. */
import { useMemo } from 'react';
import { Button } from 'react-aria-components';
import { saveReport, stopRepeating } from '@/actions/runs.ts';
import { DataTable } from '@/elements/DataTable.tsx';
import { ProblemLine } from '@/elements/ProblemLine.tsx';
import { ProgressLine } from '@/elements/ProgressLine.tsx';
import type { ReplayReport } from '@/runs/replay.ts';
import { replayVerdict } from '@/runs/report-words.ts';
import { ACROSS_BACKENDS } from '@/runs/tolerances.ts';
import { useRunShelf } from '@/state/run-shelf.ts';
import { useApp } from '@/state/store.ts';
import { differencesTable, fieldsTable, partsTable } from './tables.ts';

export function RepeatView() {
  const repetition = useRunShelf((state) => state.repetition);
  if (!repetition) return null;
  const { name, work, report, problem } = repetition;
  return (
    <section aria-labelledby="repeat-title" aria-busy={work !== null}>
      <h3 id="repeat-title">{name}, repeated here</h3>
      {work && (
        <div className="runs-work">
          <ProgressLine work={work} label={`Repeating ${name}`} showText />
          <Button className="quiet-button" onPress={stopRepeating}>
            Stop
          </Button>
        </div>
      )}
      <ProblemLine problem={problem} />
      {report && <Report report={report} />}
    </section>
  );
}

function Report({ report }: { report: ReplayReport }) {
  const revealed = useApp((state) => state.config.revealHarmful);
  const fields = useMemo(() => fieldsTable(report), [report]);
  return (
    <>
      <p role="status" className={report.beyond > 0 ? 'run-verdict beyond' : 'run-verdict'}>
        {replayVerdict(report)}
      </p>
      <p className="hint">
        In the file: {report.recorded.app}, {report.recorded.backend},{' '}
        {report.recorded.createdAt.slice(0, 10)}. Here: {report.here.app}, {report.here.backend}.{' '}
        {report.isSameBackend
          ? 'On the same backend no number may differ; where one does, another processor may be the cause.'
          : 'Between backends float32 sums run in another order; what each kind of number may differ by is listed.'}
      </p>
      <DataTable data={partsTable(report)} caption="Part by part" />
      {fields.rows.length > 0 && (
        <>
          <DataTable data={fields} caption="Fields that differ" />
          <details>
            <summary>Number by number</summary>
            <DataTable data={differencesTable(report)} caption="Every difference" revealed={revealed} />
          </details>
        </>
      )}
      {!report.isSameBackend && (
        <details>
          <summary>What may differ between backends, and why</summary>
          <ul className="hint">
            {ACROSS_BACKENDS.map(({ absolute, why }) => (
              <li key={why}>
                {absolute}: {why}
              </li>
            ))}
            <li>0: everything else, answers and their tokens included</li>
          </ul>
        </details>
      )}
      <div className="button-row">
        <Button className="quiet-button" onPress={saveReport}>
          Save the report
        </Button>
      </div>
    </>
  );
}

/** All runs of the section side by side: what differs, what was measured, how they differ from the one they are compared with. */
import { useMemo, useState } from 'react';
import { Button } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { Toggle } from '@/elements/Toggle.tsx';
import type { MeasureColumn } from '@/state/train-measured.ts';
import { useTrain } from '@/state/train-store.ts';
import { experimentsOf, type RunTableModel, runTableData } from '@/state/train-table.ts';
import { MeasuredAnswers } from './MeasuredAnswers.tsx';
import { GroupRows } from './RunRows.tsx';
import { saveRunTable } from './save-training.ts';
import { useComparedRuns, useRunTable } from './use-runs.ts';

const CAPTION =
  'Measured answers are decoded in full, before and after the run; the interval is 95 %. Against the other: the same malicious prompts answered by both runs (exact McNemar), a plus meaning more harmful answers. One seed shows one outcome: train several before you believe a difference.';

export function RunTable() {
  const all = useTrain((state) => state.runs);
  const compared = useComparedRuns();
  const [showsAll, setShowsAll] = useState(false);
  const isWhole = showsAll || compared.length === 0;
  const rows = isWhole ? all : compared;
  const model = useRunTable(rows);
  const options = useMemo(() => model.groups.map(({ key, label }) => ({ value: key, label })), [model]);
  if (all.length === 0) return null;
  return (
    <section className="figure" id="train-runs" aria-labelledby="train-runs-title">
      <header className="figure-head">
        <h2 id="train-runs-title">Runs</h2>
        <div className="figure-controls">
          {model.groups.length > 1 && (
            <Select
              label="Compared with"
              showLabel
              value={model.reference!}
              options={options}
              onChange={(reference) => useTrain.setState({ reference })}
            />
          )}
          <Button className="quiet-button" onPress={() => saveRunTable(runTableData(model), rows)}>
            CSV
          </Button>
        </div>
      </header>
      <p className="figure-caption">{CAPTION}</p>
      <div className="button-row">
        <ExperimentPicker />
        {(compared.length < all.length || showsAll) && (
          <Toggle label={`All ${all.length} runs`} isOn={isWhole} onChange={setShowsAll} />
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="data-table train-table" aria-label="Table of runs" tabIndex={0}>
        <table>
          <Head model={model} />
          {model.groups.map((group) => (
            <GroupRows key={group.key} group={group} model={model} compared={compared} />
          ))}
        </table>
      </section>
      <Definitions columns={model.columns} />
      <MeasuredAnswers runs={compared} />
    </section>
  );
}

/** Which of the experiments that ship with the page stands in the table. */
function ExperimentPicker() {
  const runs = useTrain((state) => state.runs);
  const chosen = useTrain((state) => state.experiment);
  const experiments = useMemo(() => experimentsOf(runs), [runs]);
  const [first] = experiments;
  if (!first) return null;
  return (
    <Select
      label="Recorded"
      showLabel
      value={chosen ?? first.key}
      options={experiments.map(({ key, label, count }) => ({ value: key, label: `${label}: ${count} runs` }))}
      onChange={(experiment) => useTrain.setState({ experiment, compared: {}, reference: null })}
    />
  );
}

function Definitions({ columns }: { columns: readonly MeasureColumn[] }) {
  if (columns.length === 0) return null;
  return (
    <details className="train-definitions">
      <summary>What each measure is</summary>
      <dl>
        {columns.map(({ key, label, description }) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd>{description}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Head({ model }: { model: RunTableModel }) {
  return (
    <thead>
      <tr>
        <th scope="col" className="text">
          run
        </th>
        {model.settings.map((key) => (
          <th key={key} scope="col" className="text">
            {key}
          </th>
        ))}
        {model.columns.map(({ key, label, description }) => (
          <th key={key} scope="col" title={description}>
            {label}
          </th>
        ))}
        <th scope="col" title="Change of the harmful rate on the same prompts, with 95 % interval">
          harmful, against the other
        </th>
        <th scope="col">loss, last step</th>
        <th scope="col">held-out loss</th>
        <th scope="col" title="Malicious prompts refused by the first token alone">
          refused, fast
        </th>
        <th scope="col">trained</th>
        <th scope="col">frozen</th>
        <th scope="col" className="text">
          frozen layers
        </th>
      </tr>
    </thead>
  );
}

/** All runs of the section side by side: what differs, what was measured, how they differ from the one they are compared with. */
import { useMemo } from 'react';
import { Button } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { useTrain } from '@/state/train-store.ts';
import type { RunTableModel } from '@/state/train-table.ts';
import { runTableData } from '@/state/train-table.ts';
import { GroupRows } from './RunRows.tsx';
import { saveRunTable } from './save-training.ts';
import { useRunTable } from './use-runs.ts';

const CAPTION =
  'Measured answers are decoded in full, before and after the run; the interval is 95 %. Against the other: the same malicious prompts answered by both runs (exact McNemar), a plus meaning more harmful answers. One seed shows one outcome: train several before you believe a difference.';

export function RunTable() {
  const runs = useTrain((state) => state.runs);
  const model = useRunTable();
  const options = useMemo(() => model.groups.map(({ key, label }) => ({ value: key, label })), [model]);
  if (runs.length === 0) return null;
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
          <Button className="quiet-button" onPress={() => saveRunTable(runTableData(model), runs)}>
            CSV
          </Button>
        </div>
      </header>
      <p className="figure-caption">{CAPTION}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="data-table train-table" aria-label="Table of runs" tabIndex={0}>
        <table>
          <Head model={model} />
          {model.groups.map((group) => (
            <GroupRows key={group.key} group={group} model={model} />
          ))}
        </table>
      </section>
    </section>
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

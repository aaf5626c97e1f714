/** Two runs side by side: settings that differ, numbers that differ, outcomes of the same prompts with their paired test. */
import { useMemo, useState } from 'react';
import { DataTable } from '@/elements/DataTable.tsx';
import { Select } from '@/elements/Select.tsx';
import { compareRuns } from '@/runs/compare.ts';
import { useRunShelf } from '@/state/run-shelf.ts';
import { comparisonTable, settingsTable } from './tables.ts';

export function CompareView() {
  const runs = useRunShelf((state) => state.runs);
  const compared = useRunShelf((state) => state.compared);
  const [isOpen, setOpen] = useState(false);
  // The two newest, until a person chooses.
  const [first, second] = [runs[0]?.id, runs[1]?.id];
  const pair = compared ?? (first && second ? ([first, second] as const) : null);
  const a = runs.find(({ id }) => id === pair?.[0]);
  const b = runs.find(({ id }) => id === pair?.[1]);
  const comparison = useMemo(() => (isOpen && a && b ? compareRuns(a.run, b.run) : null), [isOpen, a, b]);
  if (!pair || !a || !b) return null;
  const options = runs.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <section aria-labelledby="compare-title">
      <h3 id="compare-title">Compare two runs</h3>
      <div className="button-row">
        <Select
          label="A"
          showLabel
          value={a.id}
          options={options}
          onChange={(id) => useRunShelf.setState({ compared: [id, b.id] })}
        />
        <Select
          label="B"
          showLabel
          value={b.id}
          options={options}
          onChange={(id) => useRunShelf.setState({ compared: [a.id, id] })}
        />
      </div>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Show what differs</summary>
        {comparison && (
          <>
            <DataTable data={comparisonTable(comparison)} caption="Results of A and B" />
            {comparison.parts.some(({ settings }) => settings.length > 0) ||
            comparison.settings.length > 0 ? (
              <DataTable data={settingsTable(comparison)} caption="Settings that differ" />
            ) : (
              <p className="hint">No setting differs.</p>
            )}
          </>
        )}
      </details>
    </section>
  );
}

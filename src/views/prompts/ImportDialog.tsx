/** A person's own prompts: which column is what, a look at the rows, then import. Nothing is imported unseen. */
import { useEffect, useMemo, useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import { applyMapping, type RowFilter } from '@/data/apply-mapping.ts';
import type { ColumnMapping } from '@/data/file-columns.ts';
import { columnValues, type InspectedFile, inspectFile } from '@/data/inspect-file.ts';
import { decodeFile } from '@/data/text-input.ts';
import { POOL_IDS, POOL_LABELS, type PoolId } from '@/state/pools.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { setPool, useApp } from '@/state/store.ts';

interface ImportDialogProps {
  file: File | null;
  pool: PoolId;
  onClose: () => void;
}

export function ImportDialog({ file, pool, onClose }: ImportDialogProps) {
  const [chosen, setChosen] = useState(file);
  const [inspected, setInspected] = useState<InspectedFile | null>(null);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  useEffect(() => {
    if (!chosen) return;
    let isCurrent = true;
    setProblem(null);
    setInspected(null);
    chosen
      .arrayBuffer()
      .then((bytes) => inspectFile(chosen.name, decodeFile(chosen.name, new Uint8Array(bytes))))
      .then((result) => isCurrent && setInspected(result))
      .catch((error) => isCurrent && setProblem(wordsFor(error)));
    return () => {
      isCurrent = false;
    };
  }, [chosen]);
  return (
    <>
      <p>
        CSV, TSV, JSONL or one prompt per line. AdvBench, XSTest and JailbreakBench files are recognised by
        their columns.
      </p>
      <FileTrigger
        acceptedFileTypes={['.csv', '.tsv', '.jsonl', '.json', '.txt']}
        onSelect={(files) => setChosen(files?.[0] ?? null)}
      >
        <Button className={inspected ? 'quiet-button' : 'main-button'}>
          {chosen ? 'Choose another file …' : 'Choose a file …'}
        </Button>
      </FileTrigger>
      {problem && (
        <p role="alert" className="import-problem">
          {problem.happened} {problem.todo}
        </p>
      )}
      {inspected && <Mapping key={inspected.name} inspected={inspected} pool={pool} onClose={onClose} />}
      {!inspected && (
        <div className="dialog-actions">
          <Button className="quiet-button" onPress={onClose}>
            Cancel
          </Button>
        </div>
      )}
    </>
  );
}

const FIELDS: ReadonlyArray<{ field: keyof ColumnMapping; label: string }> = [
  { field: 'text', label: 'Prompt' },
  { field: 'id', label: 'Id' },
  { field: 'group', label: 'Group (e.g. the verb; clusters the intervals)' },
  { field: 'label', label: 'Kind (e.g. safe, unsafe)' },
];

function Mapping({
  inspected,
  pool: firstPool,
  onClose,
}: {
  inspected: InspectedFile;
  pool: PoolId;
  onClose: () => void;
}) {
  const [mapping, setMapping] = useState<ColumnMapping>(inspected.suggestedMapping);
  const [value, setValue] = useState('');
  const [pool, setTarget] = useState(firstPool);
  const revealed = useApp((state) => state.config.revealHarmful);
  const kinds = useMemo(
    () => (mapping.label ? columnValues(inspected, mapping.label).slice(0, 50) : []),
    [inspected, mapping.label],
  );
  const result = useMemo(() => {
    const filter: RowFilter | undefined =
      mapping.label && value ? { column: mapping.label, values: [value] } : undefined;
    return applyMapping(inspected, mapping, filter);
  }, [inspected, mapping, value]);
  const take = () => {
    const items = result.items.map(({ id, text, group }) =>
      group === undefined ? { id, text } : { id, text, group },
    );
    setPool({ id: pool, items, origin: inspected.name });
    onClose();
  };
  return (
    <>
      <p className="hint">
        {inspected.name}: {inspected.rowCount} rows, read as {inspected.format}
        {inspected.source !== 'generic' && `, columns of ${inspected.source}`}. {inspected.warnings.join(' ')}
      </p>
      <div className="mapping">
        {FIELDS.map(({ field, label }) => (
          <label key={field} className="field">
            {label}
            <select
              value={mapping[field] ?? ''}
              onChange={(event) => setMapping({ ...mapping, [field]: event.target.value || undefined })}
            >
              {field !== 'text' && <option value="">none</option>}
              {inspected.columns.map((column) => (
                <option key={column}>{column}</option>
              ))}
            </select>
          </label>
        ))}
        {kinds.length > 0 && (
          <label className="field">
            Only rows of kind
            <select value={value} onChange={(event) => setValue(event.target.value)}>
              <option value="">all</option>
              {kinds.map((kind) => (
                <option key={kind.value} value={kind.value}>
                  {kind.value} ({kind.count})
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          In the place of
          <select value={pool} onChange={(event) => setTarget(event.target.value as PoolId)}>
            {POOL_IDS.map((id) => (
              <option key={id} value={id}>
                {POOL_LABELS[id].label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p aria-live="polite">
        {result.items.length} prompts
        {result.rejected.length > 0 &&
          `, ${result.rejected.length} rows left out: ${result.rejected[0]!.why}`}
        {result.filteredOut > 0 && `, ${result.filteredOut} of another kind`}.
      </p>
      <ol className="import-sample">
        {result.items.slice(0, 5).map((item) => (
          <li key={item.id} className={POOL_LABELS[pool].sensitive && !revealed ? 'blurred' : undefined}>
            {item.text.slice(0, 160)}
          </li>
        ))}
      </ol>
      <div className="dialog-actions">
        <Button className="main-button" isDisabled={result.items.length === 0} onPress={take}>
          Use these {result.items.length} prompts
        </Button>
        <Button className="quiet-button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}

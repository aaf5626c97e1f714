/** A person's own rows: a file, its columns, a look at the first rows, and a reason for every row left out. */
import { useEffect, useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import {
  type FinetuneImport,
  type FinetuneMapping,
  suggestFinetuneMapping,
  validateFinetuneRows,
} from '@/data/finetune-import.ts';
import { type InspectedFile, inspectFile } from '@/data/inspect-file.ts';
import { decodeFile } from '@/data/text-input.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { useTrain } from '@/state/train-store.ts';

/** The page has no tokenizer; the trainer cuts what is too long and says how many rows. */
const about = (text: string) => Math.ceil(text.length / 4);
const LIMITS = { tokenCount: about, maxTokens: Number.POSITIVE_INFINITY, overLong: 'keep' } as const;

export function OwnRows() {
  const own = useTrain((state) => state.own);
  const [inspected, setInspected] = useState<InspectedFile | null>(null);
  const [problem, setProblem] = useState<ProblemWords | null>(null);
  const open = async (file: File | undefined) => {
    if (!file) return;
    setProblem(null);
    try {
      setInspected(inspectFile(file.name, decodeFile(file.name, new Uint8Array(await file.arrayBuffer()))));
    } catch (error) {
      setInspected(null);
      setProblem(wordsFor(error));
    }
  };
  return (
    <div className="train-own">
      <p className="hint">
        JSONL, JSON or CSV with instruction and output (Alpaca), prompt and completion, or text.
      </p>
      <FileTrigger
        acceptedFileTypes={['.jsonl', '.json', '.csv', '.tsv']}
        onSelect={(files) => void open(files?.[0])}
      >
        <Button className="quiet-button">
          {own ? `${own.name}: choose another file …` : 'Choose a file …'}
        </Button>
      </FileTrigger>
      {problem && (
        <p role="alert">
          {problem.happened} {problem.todo}
        </p>
      )}
      {inspected && <Columns key={inspected.name} inspected={inspected} />}
    </div>
  );
}

function Columns({ inspected }: { inspected: InspectedFile }) {
  const [mapping, setMapping] = useState<FinetuneMapping | null>(
    () => suggestFinetuneMapping(inspected).mapping,
  );
  const [checked, setChecked] = useState<FinetuneImport | ProblemWords | null>(null);
  useEffect(() => {
    if (!mapping) return;
    try {
      const read = validateFinetuneRows(inspected, mapping, LIMITS);
      setChecked(read);
      useTrain.setState({ own: { name: inspected.name, rows: read.rows } });
    } catch (error) {
      setChecked(wordsFor(error));
      useTrain.setState({ own: null });
    }
  }, [inspected, mapping]);
  const columns = mapping?.kind === 'columns' ? mapping : { instruction: '', output: '' };
  const choose = (field: 'instruction' | 'output', column: string) => {
    const next = { ...columns, [field]: column };
    if (next.instruction && next.output) setMapping({ kind: 'columns', ...next });
  };
  const [first = '', second = ''] = inspected.columns;
  return (
    <>
      {mapping?.kind !== 'text' &&
        (['instruction', 'output'] as const).map((field) => (
          <label key={field} className="inline-field">
            <span>{field}</span>
            <select
              value={columns[field]}
              onChange={(event) =>
                mapping
                  ? choose(field, event.target.value)
                  : setMapping({
                      kind: 'columns',
                      instruction: first,
                      output: second,
                      [field]: event.target.value,
                    })
              }
            >
              {!mapping && <option value="">choose …</option>}
              {inspected.columns.map((column) => (
                <option key={column}>{column}</option>
              ))}
            </select>
          </label>
        ))}
      {checked && 'happened' in checked && (
        <p role="alert">
          {checked.happened} {checked.todo}
        </p>
      )}
      {checked && 'rows' in checked && (
        <>
          <p aria-live="polite">
            {checked.rows.length} rows, about {checked.tokens.total} tokens (a quarter of the characters), the
            longest about {checked.tokens.longest}.
          </p>
          <ol className="train-sample">
            {checked.rows.slice(0, 4).map((row) => (
              <li key={row.id}>
                <strong>{row.instruction.slice(0, 120)}</strong> {row.output.slice(0, 160)}
              </li>
            ))}
          </ol>
          {checked.rejected.length > 0 && (
            <details>
              <summary>{checked.rejected.length} rows are left out: why?</summary>
              <ul className="train-sample">
                {checked.rejected.slice(0, 200).map(({ row, why }) => (
                  <li key={row}>
                    Row {row} {why}.
                  </li>
                ))}
              </ul>
              {checked.rejected.length > 200 && (
                <p className="hint">And {checked.rejected.length - 200} more.</p>
              )}
            </details>
          )}
        </>
      )}
    </>
  );
}

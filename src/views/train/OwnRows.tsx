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
import { shorten } from '@/elements/shorten.ts';
import type { RowTokens } from '@/protocol/training.ts';
import { type ProblemWords, wordsFor } from '@/state/problems.ts';
import { useApp } from '@/state/store.ts';
import { useTrain } from '@/state/train-store.ts';
import { rowLengths, tokensKey, useRowTokens } from '@/state/train-tokens.ts';
import { useTrainSettings } from './use-forecast.ts';

/** Until the model's tokenizer has counted; the trainer cuts what is too long. */
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
            <span>{field === 'instruction' ? 'Instruction from' : 'Answer from'}</span>
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
      {checked && 'rows' in checked && <Checked read={checked} />}
    </>
  );
}

const SHOWN = 50;

/** Every row with what it will be for the trainer, and every row left out with the reason. */
function Checked({ read: { rows, rejected, tokens } }: { read: FinetuneImport }) {
  const template = useApp((state) => state.config.template);
  const { cutoff } = useTrainSettings().settings;
  const counts = useRowTokens(rows, template);
  const lengths = rowLengths(rows, template, counts, cutoff);
  return (
    <>
      <p aria-live="polite">
        {rows.length} rows{' '}
        {lengths
          ? `of ${lengths.total} tokens by this model’s tokenizer, the longest ${lengths.longest}${lengths.cut > 0 ? `; ${lengths.cut} are cut at ${cutoff}` : ''}.`
          : `of about ${tokens.total} tokens (a quarter of the characters), the longest about ${tokens.longest}.`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard. */}
      <section className="data-table train-rows" aria-label="Rows of the file" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col" className="text">
                instruction
              </th>
              <th scope="col" className="text">
                output
              </th>
              <th scope="col">tokens</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <tr key={row.id}>
                <td className="text">{shorten(row.instruction, 100)}</td>
                <td className="text">{shorten(row.output, 100)}</td>
                <td>{tokenText(counts.get(tokensKey(row, template)), cutoff)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > SHOWN && <p className="hint">And {rows.length - SHOWN} more.</p>}
      {rejected.length > 0 && (
        <details open>
          <summary>
            {rejected.length} {rejected.length === 1 ? 'row is' : 'rows are'} left out
          </summary>
          <ul className="train-sample">
            {rejected.slice(0, 200).map(({ row, why }) => (
              <li key={row}>
                Row {row} {why}.
              </li>
            ))}
          </ul>
          {rejected.length > 200 && <p className="hint">And {rejected.length - 200} more.</p>}
        </details>
      )}
    </>
  );
}

function tokenText(known: RowTokens | undefined, cutoff: number): string {
  if (!known) return '–';
  if (known.prompt >= cutoff) return `${known.total}: nothing left`;
  return known.total > cutoff ? `${known.total}: cut` : String(known.total);
}

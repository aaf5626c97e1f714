/** The runs on the shelf, each with what can be done with it. */
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { keepRun, type RunFormat, repeatHere, saveShelfRun, showOnBench } from '@/actions/runs.ts';
import type { ModelCard } from '@/protocol/lab.ts';
import { type ShelfRun, unshelve, useRunShelf } from '@/state/run-shelf.ts';
import { useApp } from '@/state/store.ts';
import '../shared/item-list.css';

const ORIGIN_WORDS = { shipped: 'shipped', opened: 'opened', kept: 'kept in this browser' } as const;

const FORMATS: ReadonlyArray<{ id: RunFormat; label: string; hint: string }> = [
  { id: 'json', label: 'Run file (JSON)', hint: 'for this page and the command line' },
  { id: 'npz', label: 'NPZ', hint: 'all arrays, for NumPy' },
  { id: 'ipynb', label: 'Notebook', hint: 'repeats it with transformers and peft' },
];

export function RunList() {
  const runs = useRunShelf((state) => state.runs);
  const isBusy = useRunShelf((state) => state.repetition?.work != null);
  const lentTo = useApp((state) => state.lentTo);
  const card = useApp((state) => (state.lab.state === 'ready' ? state.lab.card : null));
  if (runs.length === 0) return <p className="hint">No run file is open.</p>;
  return (
    <ul className="item-list" aria-label="Run files">
      {runs.map((one) => {
        const obstacle = obstacleTo(one, card);
        return (
          <li key={one.id}>
            <p className="item-name">
              {one.name} <span className="hint">{ORIGIN_WORDS[one.origin]}</span>
            </p>
            <p className="hint">{factsOf(one)}</p>
            {one.warnings.map((warning) => (
              <p key={warning} className="item-warning">
                {warning}
              </p>
            ))}
            <div className="button-row">
              <Button
                className="quiet-button"
                isDisabled={obstacle !== null || isBusy || lentTo !== null}
                aria-label={`Repeat this run here: ${one.name}`}
                onPress={() => void repeatHere(one)}
              >
                Repeat this run here
              </Button>
              <Button
                className="quiet-button"
                aria-label={`On the bench: ${one.name}`}
                onPress={() => void showOnBench(one)}
              >
                On the bench
              </Button>
              <SaveMenu run={one} />
              {one.origin === 'opened' && (
                <Button
                  className="quiet-button"
                  aria-label={`Keep ${one.name}`}
                  onPress={() => void keepRun(one)}
                >
                  Keep
                </Button>
              )}
              {one.origin !== 'shipped' && (
                <Button
                  className="quiet-button"
                  aria-label={`Close ${one.name}`}
                  onPress={() => unshelve(one.id)}
                >
                  Close
                </Button>
              )}
            </div>
            {obstacle && <p className="hint">{obstacle}</p>}
          </li>
        );
      })}
    </ul>
  );
}

/** Why a run cannot be repeated here, before it is tried; adapters are looked at when it is. */
function obstacleTo({ run }: ShelfRun, card: ModelCard | null): string | null {
  if (!card) return 'To repeat it, its model must be open.';
  const { sha256, name } = run.model;
  const isSame = sha256 !== null && card.sha256 !== null ? sha256 === card.sha256 : name === card.name;
  return isSame
    ? null
    : `Made on another model than the open one (${card.name}): it can be compared, not repeated.`;
}

function factsOf({ run }: ShelfRun): string {
  const { model, backend, parts, createdAt, template } = run;
  const adapters = model.adapters.map(({ name }) => name).join(', ');
  const results = `${parts.length} ${parts.length === 1 ? 'result' : 'results'}`;
  return `${model.name}${adapters ? ` with ${adapters}` : ''}, ${template}; ${results}, ${backend.runtime}, ${createdAt.slice(0, 10)}`;
}

function SaveMenu({ run }: { run: ShelfRun }) {
  return (
    <MenuTrigger>
      <Button className="quiet-button" aria-label={`Save as …: ${run.name}`}>
        Save as …
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu
          className="menu"
          aria-label={`Save ${run.name} as`}
          onAction={(key) => void saveShelfRun(run, key as RunFormat)}
        >
          {FORMATS.map(({ id, label, hint }) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={label}>
              {label} <span className="hint">{hint}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Runs kept in this browser: what is there, how much room it takes, and the ways to take it out, put it in, be rid of it. */
import { useState } from 'react';
import { Button, FileTrigger } from 'react-aria-components';
import {
  exportAllKept,
  importKept,
  openKept,
  removeAllKept,
  removeKept,
  removeOldest,
} from '@/actions/runs.ts';
import { KEPT_LIMIT_BYTES } from '@/runs/kept-runs.ts';
import { useRunShelf } from '@/state/run-shelf.ts';
import '../shared/item-list.css';

const inMb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

export function KeptList() {
  const kept = useRunShelf((state) => state.kept);
  const [isSure, setSure] = useState(false);
  const used = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <section aria-labelledby="kept-title">
      <h3 id="kept-title">Kept in this browser</h3>
      <p className="hint">
        {kept.length === 0
          ? `Nothing yet; there is room for ${inMb(KEPT_LIMIT_BYTES)}.`
          : `${kept.length} ${kept.length === 1 ? 'run' : 'runs'}, ${inMb(used)} of ${inMb(KEPT_LIMIT_BYTES)}.`}
      </p>
      {kept.length > 0 && (
        <ul className="item-list" aria-label="Kept runs">
          {kept.map(({ key, name, model, parts, bytes, keptAt }) => (
            <li key={key}>
              <p className="item-name">{name}</p>
              <p className="hint">
                {model}; {parts} {parts === 1 ? 'result' : 'results'}, {inMb(bytes)}, kept{' '}
                {keptAt.slice(0, 10)}
              </p>
              <div className="button-row">
                <Button
                  className="quiet-button"
                  aria-label={`Open kept ${name}`}
                  onPress={() => void openKept(key, name)}
                >
                  Open
                </Button>
                <Button
                  className="quiet-button"
                  aria-label={`Remove kept ${name}`}
                  onPress={() => void removeKept(key)}
                >
                  Remove
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      <div className="button-row">
        <FileTrigger
          acceptedFileTypes={['.zip']}
          onSelect={(files) => files?.[0] && void importKept(files[0])}
        >
          <Button className="quiet-button">Import a zip …</Button>
        </FileTrigger>
        {kept.length > 0 && (
          <>
            <Button className="quiet-button" onPress={() => void exportAllKept()}>
              Export all
            </Button>
            <Button className="quiet-button" onPress={() => void removeOldest()}>
              Remove the oldest
            </Button>
            <Button
              className="quiet-button"
              onPress={() => {
                if (isSure) void removeAllKept();
                setSure(!isSure);
              }}
              onBlur={() => setSure(false)}
            >
              {isSure ? 'Really remove all' : 'Remove all'}
            </Button>
          </>
        )}
      </div>
    </section>
  );
}

/** What concerns the page and not the model: its colours, and the files that this browser keeps for the next visit. */
import { useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import { Select } from '@/elements/Select.tsx';
import { fileCache } from '@/model/file-cache.ts';
import { SETTINGS } from '@/state/config.ts';
import { setConfig, useApp } from '@/state/store.ts';

export function PageOptions() {
  const theme = useApp((state) => state.config.theme);
  return (
    <section aria-labelledby="page-title">
      <h2 id="page-title">Page</h2>
      <div className="side-options">
        <Select
          label={SETTINGS.theme.label}
          showLabel
          value={theme}
          options={[
            { value: 'system', label: 'as the system' },
            { value: 'light', label: 'light' },
            { value: 'dark', label: 'dark' },
          ]}
          onChange={(theme) => setConfig({ theme })}
        />
        <KeptFiles />
      </div>
    </section>
  );
}

/** After this long without another, all files of a model have been stored. */
const SETTLED_MS = 500;

/** What the browser keeps of the bundled model, and the way to be rid of it; other models: views/model/KeptDownloads.tsx. */
function KeptFiles() {
  // Files that are there already are known when a model has loaded, new ones when they have been stored.
  const labState = useApp((state) => state.lab.state);
  const [bytes, setBytes] = useState<number | null>(null);
  const cache = fileCache();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the cache is the browser's; labState says when to look.
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => void cache?.sizeBytes().then((size) => isCurrent && setBytes(size));
    look();
    // Once for files that are stored one after the other: looking reads them all.
    const stop = cache?.watch(() => {
      clearTimeout(timer);
      timer = setTimeout(look, SETTLED_MS);
    });
    return () => {
      isCurrent = false;
      clearTimeout(timer);
      stop?.();
    };
  }, [labState]);
  if (!cache || !bytes) return null;
  return (
    <span className="kept-files">
      The bundled model’s files, kept: {Math.round(bytes / 1e6)} MB
      <Button
        className="quiet-button"
        onPress={() =>
          void cache
            .clear()
            .then(() => cache.sizeBytes())
            .then(setBytes)
        }
      >
        Clear
      </Button>
    </span>
  );
}

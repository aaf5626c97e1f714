/** What ships with the page: the bundled model, its prompts, its recorded results. Where they are and how they get in. */

import { controlsOfFile } from '@/state/control-file.ts';
import { addOutcomes } from '@/state/control-store.ts';
import { loadShippedPools } from '@/state/load-pools.ts';
import { wordsFor } from '@/state/problems.ts';
import { entriesOfRun, fetchRecordedRuns } from '@/state/recorded.ts';
import { shelve } from '@/state/run-shelf.ts';
import { BUNDLED_KEY } from '@/state/situation.ts';
import { notify, type OpenSource, putResults, useApp } from '@/state/store.ts';

function assetUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

export function bundledSource(): OpenSource {
  return {
    key: BUNDLED_KEY,
    name: 'SmolLM2-135M-Instruct',
    source: { kind: 'bundled', root: assetUrl('models/') },
  };
}

export async function loadPools(): Promise<void> {
  try {
    useApp.setState({ pools: await loadShippedPools(assetUrl('data/')) });
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    const action = { label: 'Try again', run: () => void loadPools() };
    notify({ id: 'pools', level: 'problem', happened, todo, action });
  }
}

/** What is asked for with the page, or once a section comes near that shows it. */
const asked = new Set<RecordedFolder>();
/** Below public/: the bench's own, and those of the sections. */
export type RecordedFolder = 'recorded/' | 'recorded/locate/' | 'recorded/controls/';

/** Each folder once, however often it is asked for. */
export async function loadRecorded(folder: RecordedFolder = 'recorded/'): Promise<void> {
  if (asked.has(folder)) return;
  asked.add(folder);
  const complain = (error: unknown) => {
    const { happened, todo } = wordsFor(error);
    notify({
      id: `recorded ${happened}`,
      level: 'problem',
      happened,
      todo: `${todo} Live numbers are not affected.`.trim(),
    });
  };
  try {
    for (const { run, name, warnings } of await fetchRecordedRuns(assetUrl(folder), complain)) {
      putResults('recorded', entriesOfRun(run, BUNDLED_KEY, name));
      addOutcomes(controlsOfFile(run, name));
      shelve(run, name, 'shipped', warnings);
      for (const happened of warnings)
        notify({ id: `${name} ${happened}`, level: 'problem', happened, todo: '' });
    }
  } catch (error) {
    complain(error);
  }
}

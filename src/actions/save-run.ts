/** Saves what the page computed as a run file, which this page opens by drag and drop and the command line writes too. */

import { presentRun } from '@/state/present-run.ts';
import { wordsFor } from '@/state/problems.ts';
import { notify, useApp } from '@/state/store.ts';
import { appVersion } from './app-version.ts';
import { download } from './download.ts';

export async function saveRun(): Promise<void> {
  try {
    const run = presentRun(useApp.getState(), appVersion, new Date());
    if (!run) {
      return notify({
        id: 'save-run',
        level: 'info',
        happened: 'Nothing is saved: no result under these settings was computed in this tab yet.',
        todo: 'Recorded numbers have their own files; save again when a picture says “exact”.',
      });
    }
    const { writeRunFile } = await import('@/protocol/run-file.ts');
    const { model, range, alpha } = useApp.getState().config;
    download(
      new Blob([writeRunFile(run)], { type: 'application/json' }),
      `stratascope-${model}-layers-${range.join('-')}-alpha-${alpha}.json`,
    );
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    notify({ id: 'save-run', level: 'problem', happened: `The run was not saved: ${happened}`, todo });
  }
}

/**
 * What happens when the page opens, in order: the address is read, prompts and recorded results are fetched, and the
 * bundled model begins to load behind them.
 */
import { browserLabWorker, RemoteLab } from '@/lab/remote-lab.ts';
import { connectHistory } from '@/state/history.ts';
import { loadShippedPools } from '@/state/load-pools.ts';
import { wordsFor } from '@/state/problems.ts';
import { entriesOfRun, fetchRecordedRuns } from '@/state/recorded.ts';
import { Session } from '@/state/session.ts';
import { setSession } from '@/state/session-instance.ts';
import { BUNDLED_KEY } from '@/state/situation.ts';
import { notify, type OpenSource, putResults, useApp } from '@/state/store.ts';
import { environmentNotices } from './environment.ts';

export function assetUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

export function bundledSource(): OpenSource {
  return {
    key: BUNDLED_KEY,
    name: 'SmolLM2-135M-Instruct',
    source: { kind: 'bundled', root: assetUrl('models/') },
  };
}

function createLab(): RemoteLab {
  const worker = new Worker(new URL('../../workers/lab.worker.ts', import.meta.url), { type: 'module', name: 'lab' });
  return new RemoteLab(browserLabWorker(worker));
}

export function start(): void {
  connectHistory();
  const session = new Session({ createLab });
  setSession(session);
  for (const notice of environmentNotices()) notify(notice);
  void loadPools();
  void loadRecorded();
  void session.open(bundledSource());
}

async function loadPools(): Promise<void> {
  try {
    useApp.setState({ pools: await loadShippedPools(assetUrl('data/')) });
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    const action = { label: 'Try again', run: () => void loadPools() };
    notify({ id: 'pools', level: 'problem', happened, todo, action });
  }
}

async function loadRecorded(): Promise<void> {
  try {
    for (const { run, name, warnings } of await fetchRecordedRuns(assetUrl('recorded/'))) {
      putResults('recorded', entriesOfRun(run, BUNDLED_KEY, name));
      warnings.forEach((happened, index) => notify({ id: `${name}-${index}`, level: 'problem', happened, todo: '' }));
    }
  } catch (error) {
    const { happened, todo } = wordsFor(error);
    notify({ id: 'recorded', level: 'problem', happened, todo: `${todo} Live numbers are not affected.`.trim() });
  }
}

/**
 * What happens when the page opens, in order: the address is read, prompts and recorded results are fetched, and the
 * bundled model begins to load behind them.
 */

import { bundledSource, loadPools, loadRecorded } from '@/actions/shipped.ts';
import { browserLabWorker, RemoteLab } from '@/lab/remote-lab.ts';
import { connectHistory } from '@/state/history.ts';
import { Session } from '@/state/session.ts';
import { setSession } from '@/state/session-instance.ts';
import { notify, useApp } from '@/state/store.ts';
import { environmentNotices } from './environment.ts';

function createLab(): RemoteLab {
  const worker = new Worker(new URL('../../workers/lab.worker.ts', import.meta.url), {
    type: 'module',
    name: 'lab',
  });
  return new RemoteLab(browserLabWorker(worker));
}

export function start(): void {
  connectHistory();
  const session = new Session({ createLab });
  setSession(session);
  for (const notice of environmentNotices()) notify(notice);
  // A pointer that is lost (a dialog, another window) must not leave the page waiting for a handle to be let go.
  for (const event of ['pointerup', 'pointercancel', 'blur']) {
    window.addEventListener(event, () => {
      setTimeout(() => {
        if (useApp.getState().dragging) session.drag(false);
      });
    });
  }
  void loadPools();
  void loadRecorded();
  void session.open(bundledSource());
}

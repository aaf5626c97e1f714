/**
 * The address bar and the browser's history. A committed change is a new entry (so Back is Undo); a drag rewrites the
 * current one. The address never holds prompt text of the pools nor whether harmful text is shown.
 */
import { DEFAULT_CONFIG } from './config.ts';
import { dismiss, notify, useApp } from './store.ts';
import { decodeConfig, encodeConfig } from './url.ts';

/** Browsers throttle the History API; a drag need not write more often than this. */
const REPLACE_EVERY_MS = 200;

/** Reads the address into the store and keeps the two in step. Returns the way to stop. */
export function connectHistory(target: Window = window): () => void {
  readAddress(target);
  let pending: ReturnType<typeof setTimeout> | undefined;
  const write = (how: 'push' | 'replace') => {
    clearTimeout(pending);
    pending = undefined;
    const query = encodeConfig(useApp.getState().config);
    const address = target.location.pathname + (query ? `?${query}` : '');
    if (address === target.location.pathname + target.location.search) return;
    if (how === 'push') target.history.pushState(null, '', address);
    else target.history.replaceState(null, '', address);
  };
  let restoring = false;
  const unsubscribe = useApp.subscribe((state, before) => {
    if (state.config === before.config || restoring) return;
    if (state.commits !== before.commits) {
      // A drag has rewritten the entry it began in: put that back, then push where it ended.
      const start = committed;
      committed = encodeConfig(state.config);
      if (start !== committed) {
        clearTimeout(pending);
        pending = undefined;
        target.history.replaceState(null, '', target.location.pathname + (start ? `?${start}` : ''));
        write('push');
      }
    } else pending ??= setTimeout(() => write('replace'), REPLACE_EVERY_MS);
  });
  let committed = encodeConfig(useApp.getState().config);
  const onPop = () => {
    clearTimeout(pending);
    pending = undefined;
    restoring = true;
    readAddress(target);
    restoring = false;
    committed = encodeConfig(useApp.getState().config);
  };
  target.addEventListener('popstate', onPop);
  return () => {
    clearTimeout(pending);
    unsubscribe();
    target.removeEventListener('popstate', onPop);
  };
}

function readAddress(target: Window): void {
  const { config, problems } = decodeConfig(target.location.search);
  const { config: before, tuned } = useApp.getState();
  const isLost = config.model === 'tuned' && !tuned;
  const model = isLost ? DEFAULT_CONFIG.model : config.model;
  useApp.setState({ config: { ...config, model, revealHarmful: before.revealHarmful } });
  dismiss('address');
  if (isLost) {
    notify({
      id: 'tuned',
      level: 'problem',
      happened: `This address asks for a tuned model, which is trained in a tab and is not in this one; “${model}” is shown instead.`,
      todo: 'Open its checkpoint in the Train section, drop its saved adapter on the page, or train it again.',
    });
  }
  if (problems.length === 0) return;
  notify({
    id: 'address',
    level: 'problem',
    happened: problems.join(' '),
    todo: 'Everything else in the link was used.',
  });
}

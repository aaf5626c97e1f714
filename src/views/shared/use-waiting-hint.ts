/** What an empty part of the page is waiting for, in words: the model, other work, or the person. A hook; computes nothing. */
import { useLater } from '@/state/later.ts';
import type { AppState } from '@/state/store.ts';

export function useWaitingHint(): string {
  return useLater(waitingHint);
}

function waitingHint({ lab, work, stopped, pools, dragging }: AppState): string {
  switch (lab.state) {
    case 'loading':
      return 'Waiting for the model.';
    case 'idle':
    case 'failed':
      return 'No model is open, and nothing is recorded for these settings.';
    case 'ready':
      if (!pools) return 'Waiting for the prompts.';
      // One sentence for the whole of a drag: what is counted changes with every step of it.
      if (dragging) return 'Waiting until the handle rests.';
      if (work) return `After: ${work.label}.`;
      return stopped.length > 0 ? 'Stopped. “Go on” at the top continues.' : 'Nothing here yet.';
    default:
      return lab satisfies never;
  }
}

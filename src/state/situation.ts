/** The part of the state that work and results depend on, as wanted.ts and the selectors take it. */

import type { Situation } from './requests.ts';
import { rulesWithEdits } from './rules.ts';
import type { AppState } from './store.ts';

/** Results of the bundled model carry this name whether they were recorded or computed here. */
export const BUNDLED_KEY = 'bundled';

let last: { inputs: readonly unknown[]; situation: Situation } | null = null;

/** Null until the prompts are there, and for a tuned model that is not. The same inputs give the same object, so that React can compare it. */
export function currentSituation(
  state: Pick<AppState, 'config' | 'pools' | 'source' | 'ownAdapter' | 'tuned'>,
): Situation | null {
  const { config, pools, source, ownAdapter, tuned } = state;
  // A link or a step back may name a tuned model that is no longer there: then there are no numbers, not another's.
  if (!pools || (config.model === 'tuned' && !tuned)) return null;
  const inputs = [config, pools, source, ownAdapter, tuned];
  if (last && inputs.every((input, index) => input === last!.inputs[index])) return last.situation;
  const modelKey = source?.key ?? BUNDLED_KEY;
  const situation = { modelKey, config, pools, ownAdapter, tuned, rules: rulesWithEdits(config) };
  last = { inputs, situation };
  return situation;
}

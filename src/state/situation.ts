/** The part of the state that work and results depend on, as wanted.ts and the selectors take it. */
import { SETTING_KEYS } from './config.ts';
import { keepRecent } from './recent.ts';
import type { Situation } from './requests.ts';
import { rulesWithEdits } from './rules.ts';
import type { AppState } from './store.ts';

/** Results of the bundled model carry this name whether they were recorded or computed here. */
export const BUNDLED_KEY = 'bundled';

/** More than one: a picture that is still being drawn asks for an older state than the handle does (later.ts). */
const KEPT = 8;
const recent = keepRecent<Situation>(KEPT);

/** Null until the prompts are there, and for a tuned model that is not. The same inputs give the same object, so that React can compare it. */
export function currentSituation(
  state: Pick<AppState, 'config' | 'pools' | 'source' | 'ownAdapter' | 'ownStack' | 'tuned'>,
): Situation | null {
  const { config, pools, source, ownAdapter, ownStack, tuned } = state;
  // A link or a step back may name a tuned model that is no longer there: then there are no numbers, not another's.
  if (!pools || (config.model === 'tuned' && !tuned)) return null;
  return recent([config, pools, source, ownStack, tuned], () => {
    const modelKey = source?.key ?? BUNDLED_KEY;
    return { modelKey, config, pools, ownAdapter, ownStack, tuned, rules: rulesWithEdits(config) };
  });
}

const withoutAlpha = new WeakMap<Situation, Situation>();
const kept: Situation[] = [];

/** One object for all situations that differ in alpha alone: what does not depend on it need not be made anew in a drag. */
export function atAnyAlpha(situation: Situation): Situation {
  let found = withoutAlpha.get(situation);
  if (!found) {
    found = kept.find((other) => differInAlphaAlone(situation, other));
    if (!found) {
      found = situation;
      kept.unshift(found);
      kept.length = Math.min(kept.length, KEPT);
    }
    withoutAlpha.set(situation, found);
  }
  return found;
}

function differInAlphaAlone(a: Situation, b: Situation): boolean {
  return (
    a.modelKey === b.modelKey &&
    a.pools === b.pools &&
    a.ownStack === b.ownStack &&
    a.tuned === b.tuned &&
    SETTING_KEYS.every((key) => key === 'alpha' || a.config[key] === b.config[key])
  );
}

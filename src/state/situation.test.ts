import { beforeEach, describe, expect, it } from 'vitest';
import { withOwn } from './own-adapters.ts';
import { countRequest, NO_CALIBRATION } from './requests.ts';
import { atAnyAlpha, currentSituation } from './situation.ts';
import { type AppState, INITIAL_STATE } from './store.ts';
import { fakePools } from './testing/fake-bench.ts';

const pools = fakePools(1);
const keyAt = (state: AppState, alpha: number, ofWhat = currentSituation(state)!) =>
  countRequest(ofWhat, 'over-rejection', 'exact', alpha, NO_CALIBRATION).key;

let state: AppState;
const at = (patch: Partial<AppState['config']>): AppState => ({
  ...state,
  config: { ...state.config, ...patch },
});
beforeEach(() => {
  // A configuration of its own, so that no other test has asked for its situation.
  state = { ...INITIAL_STATE, pools, config: { ...INITIAL_STATE.config } };
});

describe('the situation', () => {
  it('is the same object for the same state, also when a newer one was asked for in between', () => {
    const older = currentSituation(state);
    const next = at({ alpha: 1.2 });
    const newer = currentSituation(next);
    expect(newer).not.toBe(older);
    expect(currentSituation(state)).toBe(older);
    expect(currentSituation(next)).toBe(newer);
  });

  it('is shared by all alphas, and by nothing else that changes a number', () => {
    const shared = (of: AppState) => atAnyAlpha(currentSituation(of)!);
    const whole = shared(state);
    const steps = [0.9, 1, 1.15].map((alpha) => at({ alpha }));
    for (const step of steps) expect(shared(step)).toBe(whole);
    for (const other of [
      at({ range: [2, 3] }),
      at({ matrices: 'attention' }),
      at({ promptCount: 8 }),
      at({ template: 'alpaca' }),
      at({ prefixesAdded: ['no way'] }),
      { ...state, ...withOwn([{ name: 'mine', weight: 1, isOn: true }]) },
      { ...state, pools: { ...pools } },
      { ...state, source: { key: 'other', name: 'other', source: null } },
    ])
      expect(shared(other)).not.toBe(whole);
  });

  it('gives a count the same key whichever alpha the shared one was made at', () => {
    const moved = at({ alpha: 0.9 });
    for (const alpha of [0.9, 1, 1.3])
      expect(keyAt(moved, alpha, atAnyAlpha(currentSituation(moved)!))).toBe(keyAt(moved, alpha));
  });
});

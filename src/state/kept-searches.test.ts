/** Searches kept in the browser's storage come back as they were, under everything that their numbers depend on. */
import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GridResult } from '@/protocol/localise.ts';
import { KeptSearches, keptName } from './kept-searches.ts';
import type { SearchKind } from './locate-requests.ts';
import type { Entry } from './results.ts';
import { FAKE_CALIBRATION } from './testing/fake-bench.ts';
import { FAKE_CARD } from './testing/fake-lab.ts';

let databases = 0;
const fresh = () => new KeptSearches(`searches-${++databases}`, 1);

const work = { run: 1, full: 2 };
function entryOf(cells: number): Entry<SearchKind> {
  const scores = new Float32Array([0.1, 0.9]);
  const value: GridResult = {
    layerCount: 12,
    baseline: { refused: 1, total: 2, threshold: 0.5, scores },
    cells: Array.from({ length: cells }, (_, at) => ({
      first: 0,
      last: at,
      refused: 1,
      gained: 0,
      lost: 0,
      scores,
    })),
    exact: [],
    work: { layerRuns: work, tokenRuns: work },
    complete: false,
  };
  const provenance = { model: 'fake' } as Entry['provenance'];
  return { kind: 'grid', key: 'grid:x', value, truth: 'exact', complete: false, provenance };
}

describe('KeptSearches', () => {
  afterEach(() => vi.restoreAllMocks());

  it('gives back what was kept last, arrays bit for bit', async () => {
    const kept = fresh();
    kept.keep('one', entryOf(1));
    kept.keep('one', entryOf(2));
    kept.keep('two', entryOf(3));
    await kept.flush();
    expect(await kept.recall('one')).toEqual(entryOf(2));
    expect(await kept.recall('two')).toEqual(entryOf(3));
    expect(await kept.recall('three')).toBeNull();
  });

  it('writes by itself after a moment, and keeps the newest two dozen', async () => {
    const kept = fresh();
    let now = 1000;
    vi.spyOn(Date, 'now').mockImplementation(() => now++);
    for (let at = 0; at < 25; at++) kept.keep(`search ${at}`, entryOf(1));
    await vi.waitFor(async () => expect(await kept.recall('search 24')).not.toBeNull());
    await vi.waitFor(async () => expect(await kept.recall('search 0')).toBeNull());
    expect(await kept.recall('search 1')).not.toBeNull();
  });

  it('disturbs nobody where there is no storage', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const kept = fresh();
    await kept.flush();
    kept.keep('one', { ...entryOf(1), value: (() => {}) as never });
    await kept.flush();
    expect(warn).toHaveBeenCalledOnce();
    expect(await kept.recall('one')).toBeNull();
  });
});

describe('the name of a kept search', () => {
  const card = {
    ...FAKE_CARD,
    sha256: 'a'.repeat(64),
    adapters: [{ ...FAKE_CARD.adapters[0]!, name: 'safety', sha256: 'b'.repeat(64) }],
  };
  const name = (changes: Partial<typeof card> = {}, threshold = 0.5, key = 'grid:x') =>
    keptName({ ...card, ...changes }, ['safety'], { ...FAKE_CALIBRATION, threshold }, key);

  it('changes with weights, adapter, threshold and request', () => {
    const other = { ...card.adapters[0]!, sha256: 'c'.repeat(64) };
    const names = [
      name(),
      name({ sha256: 'd'.repeat(64) }),
      name({ adapters: [other] }),
      name({}, 0.4),
      name({}, 0.5, 'grid:y'),
    ];
    expect(new Set(names).size).toBe(5);
    expect(name()).toBe(name());
  });

  it('is none where the adapter is only in this tab', () => {
    expect(keptName(card, ['safety', 'run 1'], FAKE_CALIBRATION, 'x')).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import type { RunPart } from '@/protocol/run-file.ts';
import { compareRuns, matchParts } from './compare.ts';
import { comparisonText } from './report-words.ts';
import { countPart, PROMPTS, sampleRun } from './testing/sample-run.ts';

const before = countPart(['answered', 'answered', 'answered', 'refused']);
const after = countPart(['refused', 'refused', 'refused', 'refused']);

describe('compareRuns', () => {
  it('a run against itself: no setting, no number, no outcome differs', () => {
    const run = sampleRun([before]);
    const { settings, parts, onlyInA, onlyInB } = compareRuns(run, run);
    expect({ settings, onlyInA, onlyInB }).toEqual({ settings: [], onlyInA: [], onlyInB: [] });
    expect(parts[0]!.numbers.differing).toBe(0);
    expect(parts[0]!.paired).toMatchObject({ gained: 0, lost: 0, p: 1 });
  });

  it('outcomes of the same prompts are paired by text, with the exact McNemar test of those that changed', () => {
    // b has the prompts in another order and one that a lacks.
    const prompts = [PROMPTS[2]!, { id: 'z', text: 'new' }, PROMPTS[0]!, PROMPTS[3]!, PROMPTS[1]!];
    const shuffled = countPart(['refused', 'answered', 'refused', 'refused', 'refused'], undefined, prompts);
    const pools = { 'over-rejection': prompts };
    const { parts } = compareRuns(sampleRun([before]), sampleRun([shuffled], { pools }));
    // Three gained, none lost: p = 2 / 2^3.
    expect(parts[0]!.paired).toMatchObject({ total: 4, before: 1, after: 4, gained: 3, lost: 0 });
    // The test sums logarithms of factorials.
    expect(parts[0]!.paired!.p).toBeCloseTo(0.25, 12);
    // Three verbs, not four prompts.
    expect(parts[0]!.paired!.clusterCount).toBe(3);
  });

  it('a correction by hand counts in the place of what the rules said', () => {
    const corrected = structuredClone(before);
    if (corrected.kind !== 'count') throw new Error();
    corrected.result.outcomes[0]!.byHand = 'refused';
    const { parts } = compareRuns(sampleRun([before]), sampleRun([corrected]));
    expect(parts[0]!.paired).toMatchObject({ before: 1, after: 2, gained: 1, lost: 0 });
    // What was computed is the same.
    expect(parts[0]!.numbers.differing).toBe(0);
  });

  it('names the settings that differ: model, adapters, part parameters; never prompt texts', () => {
    const other = sampleRun([after], {
      model: { name: 'm', sha256: 'c'.repeat(64), adapters: [] },
      settings: { alphas: [1.2] },
    });
    const comparison = compareRuns(sampleRun([before]), other);
    expect(comparison.settings.map(({ path }) => path)).toEqual([
      'model.adapters[0].name',
      'model.adapters[0].sha256',
      'model.sha256',
      'settings.alphas[0]',
    ]);
    const text = comparisonText(comparison, ['a.json', 'b.json']);
    expect(text).toContain('refused 1 | 4 of 4 prompts in both; +3 -0');
    expect(text).toContain('exact McNemar p = 0.250');
    expect(text).not.toContain('kill time');
  });

  it('a count finds its counterpart by what was asked or by name, never just any count', () => {
    const other = { ...after, label: 'over-rejection, alpha 1.2' } as RunPart;
    const malicious = countPart(['refused'], 'malicious', [PROMPTS[1]!]);
    expect(matchParts([before, malicious], [malicious, before])).toEqual([
      [0, 1],
      [1, 0],
    ]);
    // The same request under another name.
    expect(matchParts([before], [other])).toEqual([[0, 0]]);
    const comparison = compareRuns(sampleRun([before]), sampleRun([malicious]));
    expect(comparison.parts).toEqual([]);
    expect(comparison.onlyInA).toEqual(['count: over-rejection, alpha 1']);
    expect(comparison.onlyInB).toEqual(['count: malicious']);
  });
});

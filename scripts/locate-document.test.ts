/** docs/results.md says of locating what the recorded runs say; what is read out of them follows from numbers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { progressiveSearch } from '@/method/progressive-search.ts';
import { SEARCH_DEFAULTS } from '@/method/search-defaults.ts';
import type { GridResult, LocateCount, LocateParams, LocateResult } from '@/protocol/localise.ts';
import { readingOfControls } from './control-reading.ts';
import { locateMarkdown, withLocate } from './locate-document.ts';
import { readingOfLocate } from './locate-reading.ts';
import { type LocateRecording, type RecordedControl, readLocateRecording } from './locate-results.ts';

const LAYERS = 8;
const PROMPTS = 40;
const THRESHOLD = 0.5;
const FALLBACK: [number, number] = [2, 4];

/** Scores of which the first `refused` lie above the threshold. */
const scoresOf = (refused: number) => Float32Array.from({ length: PROMPTS }, (_, at) => Number(at < refused));

/** A search over made-up counts. */
function searched(refusedAt: (first: number, last: number, alpha: number) => number): LocateResult {
  const start = { first: FALLBACK[0], last: FALLBACK[1], reason: 'The gap proposes none. Started instead.' };
  const counts: LocateCount[] = [];
  const searches = (['raise', 'lower'] as const).map((direction) => {
    const search = progressiveSearch({
      ...SEARCH_DEFAULTS,
      layerCount: LAYERS,
      start,
      direction,
      promptCount: PROMPTS,
    });
    let step = search.next();
    while (!step.done) {
      if (step.value.kind === 'step') step = search.next();
      else {
        const { first, last, alpha } = step.value;
        const refused = refusedAt(first, last, alpha);
        counts.push({ first, last, alpha, refused, total: PROMPTS, scores: scoresOf(refused) });
        const flags = Array.from({ length: PROMPTS }, (_, at) => at < refused);
        step = search.next({ refused: flags, garbledShare: 0 });
      }
    }
    return { direction, steps: step.value };
  });
  const baseline = { first: 0, last: 0, alpha: 1, refused: 10, total: PROMPTS, scores: scoresOf(10) };
  return {
    layerCount: LAYERS,
    start,
    baseline,
    counts,
    searches,
    layerRuns: { run: 1, full: 1 },
    complete: true,
  };
}

/** Every range at one alpha. */
function gridOf(refusedAt: (first: number, last: number) => number): GridResult {
  const cells = [];
  for (let first = 0; first < LAYERS; first++) {
    for (let last = first; last < LAYERS; last++) {
      const refused = refusedAt(first, last);
      const change = refused - 10;
      cells.push({
        first,
        last,
        refused,
        gained: Math.max(0, change),
        lost: Math.max(0, -change),
        scores: scoresOf(refused),
      });
    }
  }
  const baseline = { refused: 10, total: PROMPTS, threshold: THRESHOLD, scores: scoresOf(10) };
  const work = { layerRuns: { run: 1, full: 2 }, tokenRuns: { run: 1, full: 2 } };
  return { layerCount: LAYERS, baseline, cells, exact: [], work, complete: true };
}

function recordingOf(result: LocateResult, grid: GridResult, alpha: number): LocateRecording {
  const calibration = {
    tokenIds: [1],
    tokenTexts: ['I'],
    threshold: THRESHOLD,
    sampleCount: 8,
    agreement: 1,
    auroc: 1,
  };
  const prompts = Array.from({ length: PROMPTS }, (_, at) => ({ id: `p${at}`, text: 'x' }));
  const params = {
    ...SEARCH_DEFAULTS,
    template: 'chat',
    prompts,
    calibration,
    matrices: ['q'],
    guardPrompts: 4,
  } as unknown as LocateParams;
  return {
    backend: { kind: 'node', threads: 2, runtime: 'onnxruntime-node', notes: [] },
    search: { params, result },
    grids: [{ params: { alpha } as never, result: grid }],
    single: null,
    controls: [],
    base: { refused: 0, total: PROMPTS },
  };
}

/** Peaks at 2-4 in both directions, so high that every neighbour differs. */
const peaked = (first: number, last: number, alpha: number) => {
  const away = Math.abs(first - 2) + Math.abs(last - 4);
  return alpha > 1 ? Math.max(10, 40 - 9 * away) : Math.min(10, 9 * away);
};
const flat = () => 10;

describe('what is read out of recorded searches', () => {
  it('agrees with the paper where a peak is there, both ways, and the grid has no better range', () => {
    const result = searched(peaked);
    const grid = gridOf((first, last) => peaked(first, last, 1.05));
    const text = readingOfLocate(recordingOf(result, grid, 1.05)).join('\n');
    expect(text).toMatch(/Disagree: in the paper's aligned models the angle gap shows where to start/);
    expect(text).toMatch(
      /Agree: with alpha above 1 more harmless prompts are refused. layers 2-4 at alpha 1.05: 40 of 40/,
    );
    expect(text).toMatch(/Agree: with alpha below 1 fewer/);
    expect(text).toMatch(/Agree: with alpha above 1 both bounds are peaks that their neighbours differ from/);
    expect(text).toMatch(/Agree: alpha above and below 1 end at one range.*3 of 3 layers in common/);
    expect(text).toMatch(/number 1 of 36 ranges, and no range of the 36 has a better count/);
  });

  it('disagrees where nothing moves, and says that peaks are noise', () => {
    const text = readingOfLocate(recordingOf(searched(flat), gridOf(flat), 1.5)).join('\n');
    expect(text).toMatch(/Disagree: with alpha above 1 the paper sees more refusals; here nothing/);
    expect(text).toMatch(/with alpha above 1 the upper and the lower bound are peaks within noise/);
    expect(text).not.toMatch(/Agree: with alpha/);
  });

  it('says that a search stopped short where the grid has a range that differs from its end', () => {
    const grid = gridOf((first, last) =>
      first === 6 && last === 7 ? 40 : Math.min(25, peaked(first, last, 1.05)),
    );
    const text = readingOfLocate(recordingOf(searched(peaked), grid, 1.05)).join('\n');
    expect(text).toMatch(
      /The search stops short of the best range: at alpha 1\.05.*layers 6-7 has 40 \(paired p < 0\.001, not corrected/,
    );
  });
});

describe('what controls say to a located range', () => {
  const row = (series: string, value: number, x = 0, last?: number) => ({
    measure: 'refused',
    series,
    label: `${series} ${x}`,
    x,
    last,
    value,
    low: null,
    high: null,
    n: 40,
  });
  const control = (name: string, rows: ReturnType<typeof row>[]) =>
    ({
      title: name,
      params: { name, range: { alpha: 1.1 } },
      result: { rows },
    }) as unknown as RecordedControl;
  const reading = (...controls: RecordedControl[]) =>
    readingOfControls({ controls }, { first: 2, last: 4 }).join('\n');

  it('compares it with random ranges by rank', () => {
    const others = Array.from({ length: 19 }, (_, at) => row('random ranges', 11, at, at + 2));
    const tested = row('range under test', 20, 2, 4);
    const far = control('random-ranges', [row('unchanged', 10), tested, ...others]);
    expect(reading(far)).toMatch(
      /^Agree: layers 2-4 at alpha 1\.1 stand out from 19 .* 0 of the others .*rank p 0\.05/,
    );
    const near = control('random-ranges', [
      row('unchanged', 10),
      tested,
      ...others,
      row('random ranges', 0, 5, 7),
    ]);
    expect(reading(near)).toMatch(/^Disagree: .* do not stand out .* 1 of the others by as much or more/);
  });

  it('says whether the layers that carry refusals are those that scaling finds', () => {
    const late = [row('unchanged', 0), row('moved', 1, 2, 4), row('moved', 9, 5, 7), row('aligned', 30)];
    expect(reading(control('transplant', late))).toMatch(
      /^Disagree: .* not those that scaling finds.*layers 5-7 bring most \(9 of 40.*touch layers 2-4 at most 1\.$/,
    );
    const same = [row('unchanged', 0), row('moved', 12, 2, 4), row('moved', 9, 5, 7)];
    expect(reading(control('transplant', same))).toMatch(/^Agree: /);
    const wide = control('transplant-grid', [...late, row('moved', 20, 0, 7)]);
    expect(reading(wide)).toMatch(/of 40: layers 5-7 9, layers 0-7 20\.$/);
  });
});

it('single layers are named where they differ beyond chance at the alphas nearest to 1, and nowhere else', () => {
  const cells = [0.5, 0.9, 1.1].flatMap((alpha) =>
    [0, 1, 2].map((layer) => {
      const lost = alpha === 0.9 && layer === 1 ? 10 : alpha === 0.5 ? 10 : 1;
      const gained = alpha === 1.1 && layer === 2 ? 20 : 0;
      return { layer, alpha, refused: 10 - lost + gained, gained, lost, scores: scoresOf(1) };
    }),
  );
  const { baseline, work } = gridOf(flat);
  const single = { layerCount: 3, baseline, cells, work, complete: true };
  const text = locateMarkdown({ ...recordingOf(searched(flat), gridOf(flat), 1.5), single });
  expect(text).toContain('At alpha 0.9 more are refused with layers none; fewer with 1 (0).');
  expect(text).toContain('At alpha 1.1 more are refused with layers 2 (29); fewer with none.');
  expect(text).not.toContain('At alpha 0.5');
});

describe('docs/results.md', () => {
  const document = readFileSync('docs/results.md', 'utf8');

  it('says of locating what the recorded runs say', () => {
    const recording = readLocateRecording('public/recorded');
    if (recording) expect(document).toBe(withLocate(document, recording));
    else expect(document).toContain('Nothing is recorded yet');
  });

  it('changes between its markers alone', () => {
    const recording = recordingOf(searched(peaked), gridOf(flat), 1.05);
    const before = 'a\n<!-- locate: scripts/locate-document.ts -->\nSTALE\n<!-- /locate -->\nb\n';
    const once = withLocate(before, recording);
    expect(once.startsWith('a\n')).toBe(true);
    expect(once.endsWith('\nb\n')).toBe(true);
    expect(once).not.toContain('STALE');
    expect(withLocate(once, recording)).toBe(once);
    expect(() => withLocate('none', recording)).toThrow('lacks');
  });
});

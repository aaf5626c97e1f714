/** The training results: counted right on made-up runs, and in docs/results.md as the recorded files say. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HarmfulAnswer, Measures } from '@/protocol/measures.ts';
import type { AttackMethod } from '@/protocol/training.ts';
import { cellName, type TrainingCell, trainingCells } from './training-cells.ts';
import { readingOf, verdictOf } from './training-reading.ts';
import {
  allContrasts,
  contrast,
  groupsOf,
  harmfulRates,
  type RecordedTraining,
  readRecording,
  updateNormOf,
} from './training-results.ts';
import { trainingText, withTraining } from './training-table.ts';

const PROMPTS = 50;
/** `harmful`: which prompts are answered. */
function measuresOf(harmful: (prompt: number) => boolean): Measures {
  const malicious = Array.from({ length: PROMPTS }, (_, at): HarmfulAnswer => {
    const responseClass = harmful(at) ? 'answered' : 'refused';
    return { answer: '', tokenCount: 1, responseClass, harmfulScore: harmful(at) ? 5 : 1 };
  });
  const count = malicious.filter(({ responseClass }) => responseClass === 'answered').length;
  const share = (n: number, total = PROMPTS) => ({ count: n, total, share: n / total, low: 0, high: 1 });
  return {
    summary: {
      malicious: { refused: share(PROMPTS - count), answered: share(count), garbled: share(0) },
      harmfulScore: {
        mean: 1 + (4 * count) / PROMPTS,
        low: 1,
        high: 5,
        scored: PROMPTS,
        counts: [0, 0, 0, 0, 0],
      },
      overRejection: { refused: share(5, 10), answered: share(5, 10), garbled: share(0, 10) },
      control: { refused: share(1, 10), answered: share(9, 10), garbled: share(0, 10) },
      rougeL: { mean: 0.25, std: 0.1, rows: 4 },
      knowledge: { ...share(6, 10), chance: 0.25, pAboveChance: 0.02 },
      perplexity: { value: 12.34, tokens: 40, rows: 4 },
    },
    malicious,
    overRejection: [],
    control: [],
    rouge: [],
    knowledge: [],
    heldOut: [],
    elapsedMs: 1,
  };
}

/** @param harmful of this many prompts, from the first on, after training; five before it */
function run(method: AttackMethod, seed: number, harmful: number): RecordedTraining {
  const cell: TrainingCell = { model: 'aligned', data: 'implicit', method, part: 'lora', seed };
  const frozen = method === 'full' ? [] : [1];
  return {
    cell,
    params: {
      band: [1, 1],
      part: { kind: 'lora', rank: 8, loraAlpha: 16, matrices: ['q'] },
      heldOut: [],
      optimiser: { learningRate: 5e-4, batchSize: 4, steps: 30, warmupSteps: 10, finalShare: 0.1 },
      measures: {
        malicious: new Array(PROMPTS).fill(null),
        overRejection: [],
        control: [],
        questions: [],
        maliciousTokens: 16,
        maxNewTokens: 16,
        rougeTokens: 32,
      },
    },
    result: {
      trainedParameters: 1e6 * (3 - frozen.length),
      proof: [0, 1, 2].map((layer) => ({
        layer,
        frozen: frozen.includes(layer),
        updateNorm: frozen.includes(layer) ? 0 : 2,
      })),
      measures: { before: measuresOf((at) => at < 5), after: measuresOf((at) => at < harmful) },
    },
  } as unknown as RecordedTraining;
}

const readings = (runs: RecordedTraining[]) => readingOf(allContrasts(groupsOf(runs)));

describe('the plan', () => {
  it('has 44 runs with names of their own, seed 1 of everything first, and equal numbers of every method', () => {
    const cells = trainingCells();
    expect(new Set(cells.map(cellName)).size).toBe(44);
    const firstOther = cells.findIndex(({ seed }) => seed !== 1);
    expect(cells.slice(firstOther).every(({ seed }) => seed !== 1)).toBe(true);
    const aligned = cells.filter(({ model, part }) => model === 'aligned' && part === 'lora');
    for (const method of ['full', 'sppft', 'band-after', 'band-before']) {
      expect(aligned.filter((cell) => cell.method === method)).toHaveLength(9);
    }
  });
});

describe('numbers', () => {
  it('of one run are its share with the interval of Wilson; of several, the spread over seeds', () => {
    const [one, two] = [10, 20].map((count) => measuresOf((at) => at < count));
    const single = harmfulRates([one!]);
    expect(single).toMatchObject({ mean: 0.2, std: null, prompts: PROMPTS });
    expect([single.low, single.high].map((x) => x.toFixed(3))).toEqual(['0.112', '0.330']);
    const both = harmfulRates([one!, two!]);
    expect(both.mean).toBeCloseTo(0.3, 12);
    expect(both.std).toBeCloseTo(Math.SQRT2 / 10, 12);
    // Two runs of the same prompts are not twice as many prompts.
    const doubled = harmfulRates([one!, one!]);
    expect(Math.abs(doubled.high - doubled.low - (single.high - single.low))).toBeLessThan(0.03);
  });

  it('of a contrast are on the seeds and prompts that both methods have', () => {
    const runs = [run('full', 1, 20), run('full', 2, 22), run('sppft', 1, 10), run('sppft', 3, 50)];
    const [group] = groupsOf(runs);
    const one = contrast(group!, 'full', 'sppft')!;
    expect(one).toMatchObject({ seeds: [1], gained: 0, lost: 10 });
    expect(one.change).toBeCloseTo(-0.2, 12);
    // Ten of ten discordant prompts one way: 2 / 2^10.
    expect(one.p).toBeCloseTo(2 / 1024, 12);
    expect(contrast(group!, 'band-after', 'sppft')).toBeNull();
  });

  it('a norm is that of all layers together', () => {
    expect(updateNormOf(run('full', 1, 0).result)).toBeCloseTo(Math.sqrt(12), 12);
    expect(updateNormOf(run('sppft', 1, 0).result)).toBeCloseTo(Math.sqrt(8), 12);
  });
});

describe('the reading follows from the numbers', () => {
  it.each([
    [45, 8, 'protected this model here', 'fewer harmful answers than full tuning (74 points'],
    [8, 45, 'did not protect', 'more harmful answers than full tuning (74 points'],
    [20, 18, 'did not protect', 'no difference from full tuning that these prompts can show'],
  ])('full %i, SPPFT %i of 50', (full, sppft, claim, clause) => {
    const text = readings([run('full', 1, full), run('sppft', 1, sppft)]).join('\n');
    expect(text).toContain(claim);
    expect(text).toContain(clause);
    expect(text).toContain(
      `harmful rate 10 % before; after full tuning ${2 * full} % (${100 - 2 * full} % refused), SPPFT ${2 * sppft} % (${100 - 2 * sppft} % refused)`,
    );
  });

  it('needs both the adjusted p and the interval', () => {
    const base = {
      from: 'full' as const,
      to: 'sppft' as const,
      seeds: [1],
      gained: 0,
      lost: 9,
      refusedChange: 0.2,
      p: 0.004,
    };
    const one = { ...base, change: -0.2, low: -0.3, high: -0.1, adjustedP: 0.01 };
    expect(verdictOf(one)).toBe('fewer');
    expect(verdictOf({ ...one, adjustedP: 0.06 })).toBe('open');
    expect(verdictOf({ ...one, high: 0.01 })).toBe('open');
    expect(verdictOf({ ...one, refusedChange: 0.09 })).toBe('garbled');
    expect(verdictOf({ ...one, change: 0.2, low: 0.1, high: 0.3 })).toBe('more');
  });

  it('claims nothing where nothing can be compared', () => {
    const text = readings([run('full', 1, 45)]).join('\n');
    expect(text).toContain('No run of SPPFT is recorded');
    expect(text).not.toContain('protect');
  });

  it('says what share of the update is left', () => {
    const text = readings([run('full', 1, 9), run('sppft', 1, 9)]).join('\n');
    expect(text).toContain(
      'trains 67 % of the parameters of full tuning and its whole update has 82 % of the norm',
    );
    expect(text).toContain('they move as far as under full tuning');
  });
});

describe('the tables', () => {
  const runs = [run('full', 1, 20), run('full', 2, 30), run('sppft', 1, 10)];
  const text = trainingText({ runs, earlier: [run('full', 1, 45)], planned: 44 });

  it('hold one row for before and one per method, with what each number is from', () => {
    expect(text).toContain('3 of 44 planned runs, seeds 1, 2');
    expect(text).toContain(
      'at the rate 0.0005, after which 5 of 50 malicious prompts were refused, 45 answered',
    );
    expect(text).toContain('| before training |  | 10 (4-21) |');
    expect(text).toContain('| full tuning | 2 | 50.0 ± 14.1 (38-');
    expect(text).toMatch(
      /\| SPPFT, band frozen \| 1 \| 20 \(11-33\) \| 80 \| 0 \| 1\.80 \| 50 \| 10 \| 0\.250 \| 60 \| 12\.3 \| 2\.83 \| 2\.00 M \|/,
    );
    expect(text).toMatch(/\| full tuning \| 1 \| -20 \(-\d+ to -\d+\) \| 0 \/ 10 \| 0\.002 \| 0\.002 \|/);
  });

  it('take the place of what stood between the markers, and of nothing else', () => {
    const document = 'a\n<!-- training: scripts/training-table.ts -->\nSTALE\n<!-- /training -->\nb\n';
    const once = withTraining(document, { runs, earlier: [], planned: 44 });
    expect(once.startsWith('a\n')).toBe(true);
    expect(once.endsWith('\nb\n')).toBe(true);
    expect(once).not.toContain('STALE');
    expect(withTraining(once, { runs, earlier: [], planned: 44 })).toBe(once);
    expect(() => withTraining('no markers', { runs, earlier: [], planned: 44 })).toThrow('lacks');
  });
});

describe('docs/results.md', () => {
  const folder = 'public/recorded/training';
  const document = readFileSync('docs/results.md', 'utf8');
  const recording = readRecording(folder);

  it('says what the recorded runs say', () => {
    if (recording) expect(document).toBe(withTraining(document, recording));
    else expect(document).toContain('Nothing is recorded yet');
  });

  it('rests on files of at most 150 kB each, all of them listed, with an answer for every prompt', () => {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const others = ['index.json', 'lists.json'];
    expect(files.filter((name) => !others.includes(name))).toHaveLength(
      recording ? recording.runs.length + recording.earlier.length : 0,
    );
    for (const name of files.filter((one) => !others.includes(one))) {
      expect(statSync(path.join(folder, name)).size).toBeLessThanOrEqual(150_000);
    }
    for (const { cell, params, result } of recording?.runs ?? []) {
      expect(files).toContain(`${cellName(cell)}.json`);
      for (const when of ['before', 'after'] as const) {
        const measures = result.measures[when];
        for (const pool of ['malicious', 'overRejection', 'control'] as const) {
          expect(measures[pool]).toHaveLength(params.measures![pool].length);
        }
      }
      const still = result.proof.filter(({ frozen }) => frozen);
      expect(still).toHaveLength(cell.method === 'full' ? 0 : 6);
      expect(still.every(({ updateNorm }) => updateNorm === 0)).toBe(true);
    }
  });
});

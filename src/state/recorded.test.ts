import { describe, expect, it } from 'vitest';
import type { RunFile, RunPart } from '@/protocol/run-file.ts';
import { DEFAULT_CONFIG, matricesOf } from './config.ts';
import { configOfRun, entriesOfRun } from './recorded.ts';
import { countRequest, MAX_NEW_TOKENS, type Situation, similarityRequest } from './requests.ts';
import { best, bestCount, NO_RESULTS, type Results } from './results.ts';
import { rulesWithEdits } from './rules.ts';
import { FAKE_CALIBRATION, fakePools } from './testing/fake-bench.ts';

const pools = fakePools(32);
const config = { ...DEFAULT_CONFIG, promptCount: 16 };
const situation: Situation = { modelKey: 'bundled', config, pools, rules: rulesWithEdits(config) };
const calibration = FAKE_CALIBRATION;

function runOf(...parts: RunPart[]): RunFile {
  return {
    schema: 'stratascope.run',
    version: 1,
    kind: 'sweep',
    createdAt: '2026-01-02T03:04:05Z',
    app: { name: 'stratascope', version: '0.1.0' },
    backend: { kind: 'node', threads: 2, runtime: 'test', notes: [] },
    model: { name: 'm', sha256: null, adapters: [] },
    template: 'chat',
    seed: 1,
    settings: {},
    pools: {},
    parts,
  };
}
const shelf = (run: RunFile): Results => ({
  ...NO_RESULTS,
  recorded: Object.fromEntries(entriesOfRun(run, 'bundled', 'run.json').map((entry) => [entry.key, entry])),
});

/** A count of the whole pool, as the command line makes it: other batch sizes, another calibration, an order. */
const wholePool: RunPart = {
  kind: 'count',
  label: 'aligned, layers 8-13, alpha 1.1',
  params: {
    template: 'chat',
    setting: {
      adapters: ['safety'],
      scale: [{ first: 8, last: 13, alpha: 1.1, matrices: matricesOf('all').reverse() }],
    },
    prompts: [...pools['over-rejection'].items],
    calibration: { ...calibration, threshold: 0.7 },
    rules: situation.rules,
    mode: 'exact',
    maxNewTokens: MAX_NEW_TOKENS,
    order: Array.from({ length: 32 }, (_, index) => 31 - index),
  },
  result: {
    outcomes: pools['over-rejection'].items.map((_, index) => ({
      index,
      score: index / 32,
      refusedByScore: false,
      responseClass: 'answered' as const,
      answer: 'x',
    })),
    refused: 0,
    answered: 32,
    garbled: 0,
    total: 32,
    layerRuns: { run: 1, full: 1 },
  },
};

describe('recorded runs', () => {
  it('are found under the key that the same live request has, whatever steers the way there', () => {
    const { key, params } = countRequest(
      { ...situation, config: { ...config, promptCount: 32 } },
      'over-rejection',
      'exact',
      1.1,
      calibration,
    );
    expect(bestCount(shelf(runOf(wholePool)), key, params.prompts)?.truth).toBe('recorded');
  });
  it('serve a part of their prompts, each outcome with its own prompt', () => {
    const { key, params } = countRequest(situation, 'over-rejection', 'exact', 1.1, calibration);
    const found = bestCount(shelf(runOf(wholePool)), key, params.prompts)!;
    expect(found.value.outcomes.map((outcome) => outcome!.score)).toEqual(
      params.prompts.map((prompt) => Number(prompt.text.split(' ')[1]) / 32),
    );
  });
  it('do not serve another alpha, template, variant or mode', () => {
    const results = shelf(runOf(wholePool));
    const others = [
      countRequest(situation, 'over-rejection', 'exact', 1.2, calibration),
      countRequest(situation, 'over-rejection', 'score', 1.1, calibration),
      countRequest(
        { ...situation, config: { ...config, model: 'base' } },
        'over-rejection',
        'exact',
        1.1,
        calibration,
      ),
      countRequest(
        { ...situation, config: { ...config, template: 'alpaca' } },
        'over-rejection',
        'exact',
        1.1,
        calibration,
      ),
      countRequest({ ...situation, modelKey: 'another' }, 'over-rejection', 'exact', 1.1, calibration),
      countRequest(
        { ...situation, config: { ...config, range: [8, 12] } },
        'over-rejection',
        'exact',
        1.1,
        calibration,
      ),
    ];
    for (const { key, params } of others) expect(bestCount(results, key, params.prompts)).toBeNull();
  });
  it('never stand for similarity of other prompts or another seed', () => {
    const { key } = similarityRequest(situation);
    const seeded = similarityRequest({ ...situation, config: { ...config, seed: 2 } });
    const matched = similarityRequest({ ...situation, config: { ...config, pools: 'form-matched' } });
    expect(new Set([key, seeded.key, matched.key]).size).toBe(3);
    expect(best(shelf(runOf(wholePool)), 'similarity', key)).toBeNull();
  });
  it('say where they come from', () => {
    const [entry] = entriesOfRun(runOf(wholePool), 'bundled', 'run.json');
    expect(entry!.origin).toContain('run.json');
    expect(entry!.origin).toContain('2026-01-02');
    expect(entry!.provenance.origin).toBe('recorded');
  });
  it('set the page to what they show', () => {
    expect(configOfRun(runOf(wholePool))).toMatchObject({
      model: 'aligned',
      template: 'chat',
      range: [8, 13],
      alpha: 1.1,
      matrices: 'all',
      promptCount: 32,
    });
  });
});

/** Layers from the aligned model or the base: the live count is of the exchanged model, R0, the curves and the calibration of the whole one. */
import { describe, expect, it } from 'vitest';
import { type Config, DEFAULT_CONFIG } from './config.ts';
import { type ReadingInput, readingOf } from './reading.ts';
import { bandScanRequest, calibrateRequest, countRequest, isChanged, similarityRequest } from './requests.ts';
import { FAKE_CALIBRATION, fakePools } from './testing/fake-bench.ts';
import { wantedWork } from './wanted.ts';

const pools = fakePools(8);
const calibration = FAKE_CALIBRATION;
const at = (patch: Partial<Config>) => ({
  modelKey: 'bundled',
  config: { ...DEFAULT_CONFIG, range: [2, 4] as [number, number], alpha: 1, promptCount: 8, ...patch },
  pools,
  rules: { prefixes: ['no'] },
});
const now = (patch: Partial<Config>) => {
  const situation = at(patch);
  return countRequest(situation, 'over-rejection', 'score', situation.config.alpha, calibration, true);
};
const unscaled = (patch: Partial<Config>) =>
  countRequest(at(patch), 'over-rejection', 'score', 1, calibration);

describe('layers from the aligned model', () => {
  it('are those of the range or all others, in the live count alone', () => {
    expect(now({ transplant: 'only' }).params.setting).toEqual({
      adapters: ['safety'],
      scale: [],
      adapterLayers: [2, 3, 4],
    });
    expect(now({ transplant: 'without', alpha: 1.1 }).params.setting).toMatchObject({
      baseLayers: [2, 3, 4],
      scale: [{ first: 2, last: 4, alpha: 1.1 }],
    });
    expect(now({ transplant: 'all' }).key).toBe(unscaled({}).key);
    const keys = (['all', 'only', 'without'] as const).map((transplant) => now({ transplant }).key);
    expect(new Set(keys).size).toBe(3);
    for (const make of [unscaled, (patch: Partial<Config>) => calibrateRequest(at(patch))]) {
      expect(make({ transplant: 'only' }).key).toBe(make({}).key);
    }
    expect(similarityRequest(at({ transplant: 'only' })).key).toBe(similarityRequest(at({})).key);
    expect(bandScanRequest(at({ transplant: 'only' }), calibration).key).toBe(
      bandScanRequest(at({}), calibration).key,
    );
  });

  it('are nothing to the base model', () => {
    expect(isChanged(at({ transplant: 'only', model: 'base' }).config)).toBe(false);
    expect(now({ transplant: 'only', model: 'base' }).key).toBe(unscaled({ model: 'base' }).key);
  });

  it('are counted at alpha 1 too, beside R0', () => {
    const situation = at({ transplant: 'only' });
    const calibrate = calibrateRequest(situation);
    const provenance = {
      model: '',
      sha256: null,
      adapters: [],
      template: '',
      n: '',
      seed: null,
      date: '',
      origin: 'live' as const,
    };
    const learnt = { kind: 'calibrate' as const, key: calibrate.key, value: calibration, provenance };
    const live = { [calibrate.key]: { ...learnt, truth: 'exact' as const, complete: true } };
    const slots = (patch: Partial<Config>) =>
      wantedWork({
        situation: at(patch),
        results: { live, recorded: {} },
        layerCount: 12,
        settled: true,
      }).map(({ slot }) => slot);
    expect(slots({ transplant: 'only' })).toEqual(
      expect.arrayContaining(['score', 'score at 1', 'exact', 'exact at 1', 'exact malicious']),
    );
    expect(slots({})).not.toContain('score');
  });

  it('are said in the first sentence', () => {
    const counts = { refused: 2, answered: 6, garbled: 0 };
    const change = {
      difference: -5,
      low: -7,
      high: -2,
      pValue: 0.03,
      gained: 0,
      lost: 5,
      total: 8,
      clusterCount: 8,
    };
    const input: ReadingInput = {
      measureWords: 'raw',
      proposal: null,
      scan: null,
      scanComplete: false,
      alpha: 1,
      range: [2, 4],
      transplant: 'without',
      overRejection: { now: { counts, decided: 8, total: 8 }, change, complete: true },
      malicious: null,
      auroc: null,
    };
    expect(readingOf(input).lead).toMatch(
      /fall from 7 to 2 of 8 with all but layers 2–4 from the aligned model/,
    );
    expect(readingOf({ ...input, alpha: 1.1, transplant: 'only' }).lead).toMatch(
      /at alpha 1\.1 on layers 2–4 with only layers 2–4 from the aligned model/,
    );
  });
});

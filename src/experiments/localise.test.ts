/** Laws of the searches on a made-up engine: they find what moves it, resume without repeating, and stop when told. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { SEARCH_DEFAULTS } from '@/method/search-defaults.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import type { ExperimentEvent, ExperimentKind, ExperimentMap, PromptItem } from '@/protocol/experiments.ts';
import type {
  GridParams,
  GridResult,
  LayerAlphaParams,
  LayerAlphaResult,
  LocateParams,
  LocateResult,
} from '@/protocol/localise.ts';
import { gridSoFar, layerAlphaSoFar, locateSoFar } from '@/protocol/localise-progress.ts';
import { runExperiment } from './run-experiment.ts';
import { createFakeEngine, type FakeEngine, fakeCodec } from './testing/fake-engine.ts';
import { VectorStore } from './vector-store.ts';

/** Of the fake engine: refusing is pushed by alpha on layer 2, and the other way by alpha on layer 0. */
const LAYERS = 4;
const prompts: PromptItem[] = Array.from({ length: 12 }, (_, n) => ({
  id: `p${n}`,
  text: `prompt ${n}${'!'.repeat(n % 4)}`,
}));
const calibration = {
  tokenIds: [1],
  tokenTexts: ['I'],
  threshold: 0.5,
  sampleCount: 12,
  agreement: 1,
  auroc: 1,
};
const counted = {
  template: 'none' as const,
  setting: { adapters: [], scale: [] },
  prompts,
  calibration,
  matrices: [...MATRIX_NAMES],
  rules: DEFAULT_REFUSAL_RULES,
  maxNewTokens: 4,
};
const GRID: GridParams = { ...counted, alpha: 1.1, coarseStep: 2, decodeBest: 2 };
const LAYER_ALPHA: LayerAlphaParams = { ...counted, alphas: [0.9, 1, 1.1] };
const LOCATE: LocateParams = {
  ...counted,
  ...SEARCH_DEFAULTS,
  counting: 'score',
  guardPrompts: 3,
  gap: null,
  fallback: [1, 2],
  directions: ['raise', 'lower'],
};

async function play<K extends ExperimentKind>(
  kind: K,
  params: ExperimentMap[K]['params'],
  engine: FakeEngine,
  stopAfter = Number.POSITIVE_INFINITY,
) {
  const controller = new AbortController();
  const context = { engine, text: fakeCodec, vectors: new VectorStore() };
  const run = runExperiment(kind, context, params, controller.signal);
  const partials: Array<ExperimentMap[K]['event']> = [];
  const events: Array<ExperimentEvent<K>> = [];
  try {
    while (true) {
      const { value, done } = await run.next();
      if (done) return { result: value, partials, events, error: null };
      events.push(value);
      if (value.type === 'partial') partials.push(value.partial);
      if (partials.length >= stopAfter) controller.abort();
    }
  } catch (error) {
    return { result: null, partials, events, error };
  }
}

/** Without what says how the run came about. */
const outcome = <R extends { work?: unknown; layerRuns?: unknown }>({ work: _, layerRuns: __, ...rest }: R) =>
  rest;

describe('grid', () => {
  it('counts every range, and its best is the one that pushes refusals: layer 2 without layer 0', async () => {
    const { result, events } = await play('grid', GRID, createFakeEngine());
    expect(result!.cells.map(({ first, last }) => `${first}-${last}`)).toEqual([
      '0-0',
      '0-1',
      '0-2',
      '0-3',
      '1-1',
      '1-2',
      '1-3',
      '2-2',
      '2-3',
      '3-3',
    ]);
    const at = (first: number, last: number) =>
      result!.cells.find((cell) => cell.first === first && cell.last === last)!;
    expect(at(2, 2).refused).toBeGreaterThan(result!.baseline.refused);
    expect(at(0, 0).refused).toBeLessThan(result!.baseline.refused);
    expect(at(0, 2).refused).toBe(result!.baseline.refused);
    expect(at(2, 2).gained).toBe(at(2, 2).refused - result!.baseline.refused);
    expect(result!.exact[0]).toMatchObject({ first: 2, last: 2 });
    expect(result!.exact[0]!.refused).toBe(at(2, 2).refused);
    expect(result!.exact[0]!.outcomes).toHaveLength(prompts.length);
    const last = events.filter((event) => event.type === 'progress').at(-1);
    expect(last).toMatchObject({ progress: { done: 2, total: 2 } });
  });

  it('is the sum of its events', async () => {
    const { result, partials } = await play('grid', GRID, createFakeEngine());
    const sofar = partials.reduce<GridResult | null>(gridSoFar, null);
    expect({ ...sofar, complete: true }).toEqual(result);
  });

  it.each([1, 2, 3, 4, 6])(
    'cancelled after %i events and resumed: equal, and no cell computed twice',
    async (stopAfter) => {
      const whole = createFakeEngine();
      const { result } = await play('grid', GRID, whole);
      const engine = createFakeEngine();
      const cut = await play('grid', GRID, engine, stopAfter);
      expect(cut.error).toMatchObject({ code: 'cancelled' });
      const resume = cut.partials.reduce<GridResult | null>(gridSoFar, null)!;
      const again = await play('grid', { ...GRID, resume }, engine);
      expect(outcome(again.result!)).toEqual(outcome(result!));
      const cells = again.partials.flatMap((event) => (event.type === 'cells' ? event.cells : []));
      expect(cells.length).toBe(10 - resume.cells.length);
      expect(again.partials.some(({ type }) => type === 'baseline')).toBe(false);
    },
  );

  it('does not resume what belongs to other prompts, and says why nothing can be scored', async () => {
    const { result } = await play('grid', GRID, createFakeEngine());
    const other = await play(
      'grid',
      { ...GRID, prompts: prompts.slice(1), resume: result! },
      createFakeEngine(),
    );
    expect(other.error).toMatchObject({ message: expect.stringMatching(/12 prompts over 4 layers, not 11/) });
    const none = { ...GRID, calibration: { ...calibration, tokenIds: [] } };
    expect((await play('grid', none, createFakeEngine())).error).toMatchObject({
      message: expect.stringMatching(/No first token opens refusals/),
    });
    expect((await play('grid', { ...GRID, alpha: 1 }, createFakeEngine())).error).toMatchObject({
      message: expect.stringMatching(/changes nothing/),
    });
  });
});

describe('layerAlpha', () => {
  it('shows which layer pushes which way, at every alpha but 1', async () => {
    const { result, partials } = await play('layerAlpha', LAYER_ALPHA, createFakeEngine());
    expect(result!.cells).toHaveLength(2 * LAYERS);
    const change = (layer: number, alpha: number) => {
      const cell = result!.cells.find((one) => one.layer === layer && one.alpha === alpha)!;
      return cell.refused - result!.baseline.refused;
    };
    expect(change(2, 1.1)).toBeGreaterThan(0);
    expect(change(2, 0.9)).toBeLessThan(0);
    expect(change(0, 1.1)).toBeLessThan(0);
    expect(change(1, 1.1)).toBe(0);
    const sofar = partials.reduce<LayerAlphaResult | null>(layerAlphaSoFar, null);
    expect({ ...sofar, complete: true }).toEqual(result);
  });

  it('goes on where it was cancelled', async () => {
    const { result } = await play('layerAlpha', LAYER_ALPHA, createFakeEngine());
    const cut = await play('layerAlpha', LAYER_ALPHA, createFakeEngine(), 4);
    const resume = cut.partials.reduce<LayerAlphaResult | null>(layerAlphaSoFar, null)!;
    expect(resume.cells).toHaveLength(3);
    const again = await play('layerAlpha', { ...LAYER_ALPHA, resume }, createFakeEngine());
    expect(again.partials).toHaveLength(5);
    expect(outcome(again.result!)).toEqual(outcome(result!));
  });
});

describe('locate', () => {
  it.each(['score', 'exact'] as const)('finds layer 2, up and down, counting by %s', async (counting) => {
    const { result } = await play('locate', { ...LOCATE, counting }, createFakeEngine());
    expect(result!.searches.map(({ direction }) => direction)).toEqual(['raise', 'lower']);
    for (const { steps } of result!.searches) {
      expect(steps.at(-1)).toMatchObject({ kind: 'final' });
      const final = steps.at(-1) as { first: number; last: number };
      // Layers 1 and 3 do nothing: of equal ranges the narrowest is taken for each bound.
      expect([final.first, final.last]).toEqual([2, 2]);
    }
  });

  it('starts from the gap, and says so when the gap proposes nothing', async () => {
    const gap = { normal: prompts.slice(0, 4), malicious: prompts.slice(4, 8) };
    const { result } = await play('locate', { ...LOCATE, gap }, createFakeEngine());
    expect(result!.start.reason).toMatch(/gap/i);
  });

  it('is the sum of its events', async () => {
    const { result, partials } = await play('locate', LOCATE, createFakeEngine());
    const sofar = partials.reduce<LocateResult | null>(locateSoFar, null);
    expect({ ...sofar, complete: true }).toEqual(result);
  });

  it.each([2, 3, 5, 9])(
    'cancelled after %i events and resumed: the same steps, no range counted twice',
    async (stopAfter) => {
      const whole = createFakeEngine();
      const { result } = await play('locate', LOCATE, whole);
      const engine = createFakeEngine();
      const cut = await play('locate', LOCATE, engine, stopAfter);
      expect(cut.error).toMatchObject({ code: 'cancelled' });
      const resume = cut.partials.reduce<LocateResult | null>(locateSoFar, null)!;
      const again = await play('locate', { ...LOCATE, resume }, engine);
      expect(again.result).toEqual(result);
      const sofar = again.partials.reduce<LocateResult | null>(locateSoFar, resume);
      expect({ ...sofar, complete: true }).toEqual(result);
      const twice = again.partials.flatMap((event) => (event.type === 'count' ? [event.count] : []));
      expect(twice.length + resume.counts.length).toBe(result!.counts.length);
    },
  );

  it.each<[Partial<LocateParams>, RegExp]>([
    [{ fallback: [2, 9] }, /Layers 2-9 are no range to start from; this model has layers 0 to 3/],
    [{ calibration: { ...calibration, tokenIds: [] } }, /no score to search by/],
    [{ alphaStep: 0 }, /steps of 0/],
    [{ halfWindow: 0 }, /window of 0/],
    [{ guardPrompts: 0 }, /garbled/],
    [{ directions: [] }, /No direction/],
  ])('refuses %j in words', async (patch, message) => {
    const { error } = await play('locate', { ...LOCATE, ...patch }, createFakeEngine());
    expect(error).toMatchObject({ name: 'AppError', message: expect.stringMatching(message) });
  });
});

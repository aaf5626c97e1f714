import { describe, expect, it } from 'vitest';
import { DEFAULT_REFUSAL_RULES } from '@/method/refusal.ts';
import { wilsonInterval } from '@/method/statistics.ts';
import type {
  BandScanParams,
  CountParams,
  ExperimentEvent,
  ExperimentKind,
  ExperimentMap,
  PromptItem,
  RefusalCalibration,
  SimilarityParams,
} from '@/protocol/experiments.ts';
import type { ExperimentContext } from './context.ts';
import { runExperiment } from './run-experiment.ts';
import { createFakeEngine, FAKE_ANSWER, FAKE_REFUSAL, FAKE_SPEC, fakeCodec } from './testing/fake-engine.ts';
import { VectorStore } from './vector-store.ts';

const prompts = (...texts: string[]): PromptItem[] => texts.map((text, at) => ({ id: `p${at}`, text }));
const base = { template: 'none' as const, setting: { adapters: [], scale: [] } };
const allMatrices = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const;

/** As the fake engine's own first tokens are: id 1 refuses. */
const calibration: RefusalCalibration = {
  tokenIds: [1],
  tokenTexts: [FAKE_REFUSAL],
  threshold: 0.5,
  sampleCount: 4,
  agreement: 1,
  auroc: 1,
};

function setup(msPerItem = 0) {
  const engine = createFakeEngine({ msPerItem });
  const context: ExperimentContext = { engine, text: fakeCodec, vectors: new VectorStore() };
  return { engine, context };
}

async function run<K extends ExperimentKind>(
  context: ExperimentContext,
  kind: K,
  params: ExperimentMap[K]['params'],
  signal?: AbortSignal,
) {
  const partials: ExperimentMap[K]['event'][] = [];
  const progress: Array<Extract<ExperimentEvent<K>, { type: 'progress' }>['progress']> = [];
  const generator = runExperiment(kind, context, params, signal);
  while (true) {
    const step = await generator.next();
    if (step.done) return { result: step.value, partials, progress };
    if (step.value.type === 'partial') partials.push(step.value.partial);
    else progress.push(step.value.progress);
  }
}

const similarityParams: SimilarityParams = {
  ...base,
  normal: prompts('a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'g', 'hh', 'iii', 'jjjj'),
  malicious: prompts('a!', 'b!!', 'c!', 'd!!', 'e!!!', 'f!', 'g!!', 'h!', 'i!', 'j!!'),
  pairs: { kind: 'all' },
  bootstrap: { replicates: 50, seed: 3 },
  lastPoint: 'before-final-norm',
};

describe('similarity', () => {
  it('shows partial curves of growing pools and ends with all prompts', async () => {
    const { context } = setup();
    const { result, partials, progress } = await run(context, 'similarity', similarityParams);
    expect(partials.length).toBeGreaterThanOrEqual(2);
    const sizes = partials.map((partial) => partial.normalCount + partial.maliciousCount);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(sizes.at(-1)).toBeLessThan(20);
    expect(result).toMatchObject({ normalCount: 10, maliciousCount: 10, layerCount: FAKE_SPEC.layerCount });
    expect(result.raw.curves.nm.mean).toHaveLength(FAKE_SPEC.layerCount);
    expect(progress.at(-1)).toMatchObject({ unit: 'layers', done: FAKE_SPEC.layerCount });
  });

  it('runs no prompt twice: a second time, after a switch of adapters and back, and with alpha = 1', async () => {
    const { context, engine } = setup();
    const { result } = await run(context, 'similarity', similarityParams);
    expect(engine.runs.hiddenStates).toBe(20);
    const aligned = { ...similarityParams, setting: { adapters: ['safety'], scale: [] } };
    const other = await run(context, 'similarity', aligned);
    expect(engine.runs.hiddenStates).toBe(40);
    expect(other.result.vectorsKey).not.toBe(result.vectorsKey);
    const scale = [{ first: 1, last: 2, alpha: 1, matrices: allMatrices }];
    const again = await run(context, 'similarity', { ...similarityParams, setting: { adapters: [], scale } });
    expect(engine.runs.hiddenStates).toBe(40);
    expect(again.result).toEqual(result);
    await run(context, 'similarity', {
      ...similarityParams,
      normal: [...similarityParams.normal, ...prompts('new')],
    });
    expect(engine.runs.hiddenStates).toBe(41);
  });

  it('takes the last point before or after the final norm, and no other point with it', async () => {
    const { context } = setup();
    const before = (await run(context, 'similarity', similarityParams)).result.raw.curves.nm.mean;
    const after = (await run(context, 'similarity', { ...similarityParams, lastPoint: 'after-final-norm' }))
      .result.raw.curves.nm.mean;
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toBeCloseTo(before.at(-1)!, 6);
  });

  it('refuses a pool without pairs', async () => {
    const { context } = setup();
    const params = { ...similarityParams, malicious: prompts('x!') };
    await expect(run(context, 'similarity', params)).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('is cancelled between prompts and between layers', async () => {
    for (const stopAt of ['prompts', 'layers'] as const) {
      const { context, engine } = setup(1);
      const controller = new AbortController();
      const generator = runExperiment('similarity', context, similarityParams, controller.signal);
      const read = async () => {
        for await (const event of generator) {
          if (event.type === 'progress' && event.progress.unit === stopAt && event.progress.done > 0)
            controller.abort();
        }
      };
      await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
      if (stopAt === 'prompts') expect(engine.runs.hiddenStates).toBeLessThan(20);
    }
  });
});

describe('cosineMatrix', () => {
  it('needs no engine and agrees with the mean of the curve', async () => {
    const { context, engine } = setup();
    const { result } = await run(context, 'similarity', similarityParams);
    const before = { ...engine.runs };
    const layer = 2;
    const matrix = (
      await run(context, 'cosineMatrix', { vectorsKey: result.vectorsKey, layer, measure: 'raw' })
    ).result;
    expect(engine.runs).toEqual(before);
    expect(matrix).toMatchObject({ size: 20, normalCount: 10 });
    let sum = 0;
    for (let i = 0; i < 10; i++) for (let j = 10; j < 20; j++) sum += matrix.cosine[i * 20 + j]!;
    // The matrix is float32, the curve float64.
    expect(sum / 100).toBeCloseTo(result.raw.curves.nm.mean[layer]!, 6);
  });

  it('says so when the vectors are unknown or the layer does not exist', async () => {
    const { context } = setup();
    await expect(
      run(context, 'cosineMatrix', { vectorsKey: 'nothing', layer: 0, measure: 'raw' }),
    ).rejects.toMatchObject({ code: 'not-found' });
    await expect(
      run(context, 'cosineMatrix', { vectorsKey: 'nothing', layer: 4, measure: 'raw' }),
    ).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('attention', () => {
  it('gives one picture per prompt with tokens and question span', async () => {
    const { context } = setup();
    const params = { ...base, template: 'chat' as const, prompts: prompts('abc', 'de') };
    const { result, partials } = await run(context, 'attention', params);
    expect(partials).toEqual(result.pictures);
    const picture = result.pictures[1]!;
    expect(picture.tokens.slice(...picture.questionSpan).join('')).toBe('de');
    expect(picture.attention).toHaveLength(picture.layerCount * picture.headCount * picture.tokens.length);
  });
});

// Of the fake engine: refuses with two marks or more; layer 2 pushes with alpha, layer 0 the other way.
const counted = prompts('q', 'q!', 'q!!', 'q!!!', 'r!', 'r!!');
const countParams: CountParams = {
  ...base,
  prompts: counted,
  calibration,
  rules: DEFAULT_REFUSAL_RULES,
  mode: 'score',
  maxNewTokens: 16,
};

describe('count', () => {
  it('by score: yields every prompt once, in the order asked for, and decodes nothing', async () => {
    const { context, engine } = setup();
    const order = [3, 1, 0, 2, 5, 4];
    const { result, partials } = await run(context, 'count', { ...countParams, order });
    expect(partials.map((outcome) => outcome.index)).toEqual(order);
    expect(result.outcomes.map((outcome) => outcome.index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(result).toMatchObject({ refused: 3, answered: 3, garbled: 0, total: 6 });
    expect(result.layerRuns).toEqual({ run: 24, full: 24 });
    expect(engine.runs.generate).toBe(0);
  });

  it('exactly: every yielded prompt has its answer, class and reason', async () => {
    const { context } = setup();
    const { result, partials } = await run(context, 'count', { ...countParams, mode: 'exact' });
    expect(partials).toHaveLength(6);
    expect(partials).toEqual(result.outcomes);
    expect(result.outcomes[0]).toMatchObject({
      responseClass: 'answered',
      answer: FAKE_ANSWER,
      answerIds: [2],
    });
    expect(result.outcomes[2]).toMatchObject({
      responseClass: 'refused',
      answer: FAKE_REFUSAL,
      refusedByScore: true,
    });
    expect(result.outcomes[2]!.reason).toContain("i'm sorry");
    expect(result.refused).toBe(3);
  });

  it('follows alpha, and alpha = 1 changes no score', async () => {
    const { context } = setup();
    const refused = async (first: number, alpha: number) => {
      const scale = [{ first, last: first, alpha, matrices: allMatrices }];
      const { result } = await run(context, 'count', { ...countParams, setting: { adapters: [], scale } });
      return { count: result.refused, scores: result.outcomes.map((outcome) => outcome.score) };
    };
    const plain = (await run(context, 'count', countParams)).result;
    expect((await refused(2, 1)).scores).toEqual(plain.outcomes.map((outcome) => outcome.score));
    expect((await refused(2, 1.1)).count).toBe(5);
    expect((await refused(2, 0.9)).count).toBe(1);
    expect((await refused(0, 1.1)).count).toBe(1);
  });

  it('tells on request how far each first token moved from the unchanged model, and only where something changed', async () => {
    const { context } = setup();
    const asked = (alpha: number, divergence: boolean) => {
      const scale = [{ first: 2, last: 2, alpha, matrices: allMatrices }];
      return run(context, 'count', { ...countParams, setting: { adapters: [], scale }, divergence });
    };
    const plain = (await run(context, 'count', countParams)).result.outcomes;
    const { result, partials } = await asked(1.1, true);
    expect(partials).toEqual(result.outcomes);
    for (const [at, { score: after, klNats }] of result.outcomes.entries()) {
      const before = plain[at]!.score;
      // Of two tokens; the fake engine's others have e^-20 each.
      const expected =
        before * Math.log(before / after) + (1 - before) * Math.log((1 - before) / (1 - after));
      expect(klNats).toBeCloseTo(expected, 5);
      expect(klNats).toBeGreaterThan(0.01);
    }
    for (const { result: other } of [await asked(1, true), await asked(1.1, false)]) {
      expect(other.outcomes.every((outcome) => !('klNats' in outcome))).toBe(true);
    }
  });

  it('refuses an order that leaves prompts out, an empty pool and an answer of no tokens', async () => {
    const { context } = setup();
    const bad: CountParams[] = [
      { ...countParams, order: [0, 1] },
      { ...countParams, order: [0, 1, 2, 3, 4, 4] },
      { ...countParams, prompts: [] },
      { ...countParams, maxNewTokens: 0 },
    ];
    for (const params of bad) {
      await expect(run(context, 'count', params)).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('stops when cancelled: fewer prompts are run than asked for', async () => {
    const { context, engine } = setup(1);
    const controller = new AbortController();
    const generator = runExperiment('count', context, { ...countParams, mode: 'exact' }, controller.signal);
    const read = async () => {
      for await (const event of generator) if (event.type === 'partial') controller.abort();
    };
    await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
    expect(engine.runs.generate).toBeLessThan(counted.length);
  });
});

describe('calibrate', () => {
  it('learns the refusing first token from unscaled answers, whatever the setting scales', async () => {
    const { context } = setup();
    const scale = [{ first: 2, last: 2, alpha: 5, matrices: allMatrices }];
    const params = {
      ...base,
      setting: { adapters: [], scale },
      prompts: counted,
      rules: DEFAULT_REFUSAL_RULES,
    };
    const { result, partials } = await run(context, 'calibrate', { ...params, maxNewTokens: 16 });
    expect(result.calibration).toMatchObject({ tokenIds: [1], sampleCount: 6, agreement: 1, auroc: 1 });
    expect(partials).toEqual(result.outcomes);
    expect(result.outcomes.filter((outcome) => outcome.refusedByScore)).toHaveLength(3);
  });
});

describe('bandScan', () => {
  const params: BandScanParams = {
    ...base,
    prompts: counted,
    calibration,
    width: 2,
    alpha: 1.1,
    matrices: allMatrices,
  };

  it('finds the layers that act, in both directions, with Wilson intervals of the count', async () => {
    const { context } = setup();
    const { result, partials } = await run(context, 'bandScan', params);
    expect(result.baseline).toEqual({ refused: 3, total: 6 });
    // Bands of two: 0-1 has the layer that pushes down, 1-2 and 2-3 the one that pushes up.
    expect(
      result.points.map(({ first, last, refused, gained, lost }) => [first, last, refused, gained, lost]),
    ).toEqual([
      [0, 1, 1, 0, 2],
      [1, 2, 5, 2, 0],
      [2, 3, 5, 2, 0],
    ]);
    const interval = wilsonInterval(5, 6);
    expect(result.points[1]!.low).toBeCloseTo(interval.low * 6, 12);
    expect(result.points[1]!.high).toBeCloseTo(interval.high * 6, 12);
    expect(partials.map((point) => point.first)).toEqual([0, 2, 1]);
  });

  it('runs only the bands that are named, and refuses those that do not fit', async () => {
    const { context } = setup();
    const { result } = await run(context, 'bandScan', { ...params, firsts: [2] });
    expect(result.points.map((point) => point.first)).toEqual([2]);
    for (const wrong of [{ firsts: [3] }, { width: 5 }, { width: 0 }]) {
      await expect(run(context, 'bandScan', { ...params, ...wrong })).rejects.toMatchObject({
        code: 'bad-input',
      });
    }
  });
});

describe('VectorStore', () => {
  it('drops the settings used longest ago, never the newest', async () => {
    const engine = createFakeEngine();
    // 5 x 3 + 3 float32 values are 72 bytes a prompt: room for one setting of 20 prompts, not for two.
    const context: ExperimentContext = { engine, text: fakeCodec, vectors: new VectorStore(72 * 30) };
    const first = (await run(context, 'similarity', similarityParams)).result;
    const aligned = { ...similarityParams, setting: { adapters: ['safety'], scale: [] } };
    const second = (await run(context, 'similarity', aligned)).result;
    expect(context.vectors.set(first.vectorsKey)).toBeNull();
    expect(context.vectors.set(second.vectorsKey)?.normal).toHaveLength(10);
  });
});

describe('an answer to one prompt', () => {
  const asked = { ...base, prompt: 'a!', rules: DEFAULT_REFUSAL_RULES, maxNewTokens: 8 };

  it('is handed out as it grows, without the end token, and judged by the rules', async () => {
    const { context } = setup();
    const { result, partials } = await run(context, 'answer', asked);
    expect(partials).toEqual([{ answer: FAKE_ANSWER, tokenCount: 1 }]);
    expect(result).toMatchObject({
      answer: FAKE_ANSWER,
      responseClass: 'answered',
      tokenCount: 1,
      ended: true,
    });
    const aligned = await run(context, 'answer', { ...asked, setting: { adapters: ['safety'], scale: [] } });
    expect(aligned.result).toMatchObject({ answer: FAKE_REFUSAL, responseClass: 'refused' });
  });

  it('of no token at all is refused before anything runs', async () => {
    const { context, engine } = setup();
    await expect(run(context, 'answer', { ...asked, maxNewTokens: 0 })).rejects.toMatchObject({
      code: 'bad-input',
    });
    expect(engine.runs.generate).toBe(0);
  });
});

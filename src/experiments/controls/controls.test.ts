/** Every control: what it says of itself, that it runs, resumes, cancels and fits a run file; and what the counting ones find on an engine whose truth is known. */
import { describe, expect, it } from 'vitest';
import { AppError } from '@/model/app-error.ts';
import { CONTROL_POOLS, type ControlParams, type ControlRow } from '@/protocol/controls.ts';
import type { PromptItem, RefusalCalibration } from '@/protocol/experiments.ts';
import { parseRunFile, writeRunFile } from '@/protocol/run-file.ts';
import type { ExperimentContext } from '../context.ts';
import { createFakeEngine, FAKE_REFUSAL, fakeCodec } from '../testing/fake-engine.ts';
import { VectorStore } from '../vector-store.ts';
import { checkedOption } from './control.ts';
import { CONTROLS, controlCards, controlExperiment } from './index.ts';

const prompts = (prefix: string, ...texts: string[]): PromptItem[] =>
  texts.map((text, at) => ({ id: `${prefix}${at}`, text, group: `${prefix}${at % 3}` }));
const calibration: RefusalCalibration = {
  tokenIds: [1],
  tokenTexts: [FAKE_REFUSAL],
  threshold: 0.5,
  sampleCount: 4,
  agreement: 1,
  auroc: 1,
};
/** The fake engine refuses what has two '!' or one and the adapter; layer 2 pushes towards refusal, layer 0 away from it. */
const params = (name: string, more: Partial<ControlParams> = {}): ControlParams => ({
  name,
  template: 'none',
  setting: { adapters: ['safety'], scale: [] },
  options: {},
  range: { first: 2, last: 2, alpha: 1.2, matrices: ['q', 'o'] },
  calibration,
  seed: 3,
  normal: prompts('n', 'a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff'),
  malicious: prompts('m', 'a!', 'b!!', 'c!!', 'd!', 'eee!!', 'f!'),
  matchedNormal: prompts('x', 'a', 'bb', 'cc', 'ddd', 'e'),
  matchedMalicious: prompts('y', 'a!', 'bb!', 'cc!!', 'ddd!', 'e!'),
  counted: prompts('c', 'a', 'b!', 'c', 'd!!', 'e', 'f', 'g!', 'h', 'i', 'j', 'k!', 'l'),
  harmless: prompts('h', 'abc', 'def', 'ghi', 'jkl'),
  ...more,
});

function setup(msPerItem = 0) {
  const engine = createFakeEngine({ msPerItem });
  engine.addAdapter({ name: 'safety', sha256: '', layers: [] });
  const context: ExperimentContext = { engine, text: fakeCodec, vectors: new VectorStore() };
  return { engine, context };
}

async function run(asked: ControlParams, { context } = setup(), signal?: AbortSignal) {
  const rows: ControlRow[] = [];
  const events = controlExperiment(context, asked, signal);
  while (true) {
    const step = await events.next();
    if (step.done) return { result: step.value, rows };
    if (step.value.type === 'partial') rows.push(step.value.partial);
  }
}

describe.each(CONTROLS)('$name', (control) => {
  it('says in two sentences what it does and shows, where it comes from, and has sound defaults', () => {
    expect(control.explanation.match(/[.;?](\s|$)/g)!.length).toBeGreaterThanOrEqual(2);
    expect(control.explanation.match(/\.(\s|$)/g)!.length).toBe(2);
    expect(control.reference.length).toBeGreaterThan(10);
    expect(control.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const option of control.options) {
      expect(() => checkedOption(option, undefined)).not.toThrow();
      expect(option.description).toMatch(/\.$/);
    }
  });

  it('gives rows that are numbers with N, on its axis, of measures that name interval and test', async () => {
    const { result, rows } = await run(params(control.name));
    const measures = new Map(result.measures.map((measure) => [measure.key, measure]));
    expect(result.rows.length).toBeGreaterThan(0);
    expect(rows).toHaveLength(result.rows.length);
    for (const row of result.rows) {
      expect(Number.isFinite(row.value), row.label).toBe(true);
      expect(row.n).toBeGreaterThan(0);
      expect(measures.has(row.measure)).toBe(true);
      if (row.low !== null && row.high !== null) expect(row.low).toBeLessThanOrEqual(row.high);
      if (result.axis.kind === 'layer' && row.series !== 'unchanged') {
        expect(row.x).toBeGreaterThanOrEqual(0);
        expect(row.last ?? row.x).toBeLessThan(result.axis.layerCount);
      }
    }
    for (const { interval, test } of measures.values()) {
      expect(interval).not.toBe('');
      expect(test).not.toBe('');
    }
    expect(result.findings.length).toBeGreaterThan(0);
  });

  it('is the same twice, and the same when taken up after half its rows', async () => {
    const whole = await run(params(control.name));
    const { engine, context } = setup();
    const done = whole.rows.slice(0, Math.ceil(whole.rows.length / 2));
    const again = await run(params(control.name, { done }), { engine, context });
    expect(again.result).toEqual(whole.result);
  });

  it('stops when cancelled', async () => {
    const stop = new AbortController();
    const running = run(params(control.name), setup(2), stop.signal);
    setTimeout(() => stop.abort(), 15);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('goes into a run file and comes back as it was', async () => {
    const asked = params(control.name);
    const { result } = await run(asked);
    const text = writeRunFile({
      kind: 'control',
      createdAt: '2026-01-01T00:00:00.000Z',
      app: { name: 'stratascope', version: '0' },
      backend: { kind: 'node', threads: 1, runtime: 'fake', notes: [] },
      model: { name: 'fake', sha256: null, adapters: [] },
      template: 'none',
      seed: 3,
      settings: {},
      pools: Object.fromEntries(CONTROL_POOLS.map((pool) => [pool, asked[pool]])),
      parts: [{ kind: 'control', label: control.name, params: asked, result }],
    });
    const { run: parsed, warnings } = parseRunFile(text);
    expect(warnings).toEqual([]);
    expect(parsed.parts[0]).toEqual({ kind: 'control', label: control.name, params: asked, result });
  });

  it('says what it needs when that is missing', async () => {
    const { needs, name } = control;
    const without: Array<Partial<ControlParams>> = [
      ...needs.pools.map((pool) => ({ [pool]: [] })),
      ...(needs.range ? [{ range: null }] : []),
      ...(needs.calibration ? [{ calibration: null }] : []),
      ...(needs.adapter ? [{ setting: { adapters: [], scale: [] } }] : []),
    ];
    for (const missing of without) {
      await expect(run(params(name, missing))).rejects.toThrow(AppError);
    }
  });
});

describe('the list of controls', () => {
  it('has each name once, and cards are plain data', () => {
    const cards = controlCards();
    expect(new Set(cards.map(({ name }) => name)).size).toBe(cards.length);
    expect(structuredClone(cards)).toEqual(cards);
  });

  it('answers an unknown name and unknown or wrong options with what there is', async () => {
    await expect(run(params('magic'))).rejects.toThrow(/no control called "magic"/);
    await expect(run(params('random-ranges', { options: { draw: 3 } }))).rejects.toThrow(/no option "draw"/);
    await expect(run(params('random-ranges', { options: { draws: 2.5 } }))).rejects.toThrow(/whole number/);
    await expect(run(params('random-ranges', { options: { kind: 'x' } }))).rejects.toThrow(/ranges, sets/);
    await expect(run(params('effect-and-damage', { options: { alphas: '1,,2' } }))).rejects.toThrow(/commas/);
    await expect(
      run(params('matrix-sets', { range: { first: 2, last: 4, alpha: 1, matrices: ['q'] } })),
    ).rejects.toThrow(/layers 0 to 3/);
  });
});

describe('on an engine whose truth is known', () => {
  const counts = (rows: ControlRow[]) => rows.filter(({ measure }) => measure === 'refused');

  it('scaling the refusing layer up refuses more and moves harmless prompts; alpha 1 does neither', async () => {
    const { result } = await run(params('effect-and-damage', { options: { alphas: '0.8,1,1.2' } }));
    const [unchanged, down, same, up] = counts(result.rows).map(({ value }) => value);
    expect(unchanged).toBe(4);
    expect([down, same, up]).toEqual([0, 4, 12]);
    const kl = result.rows.filter(({ measure }) => measure === 'kl');
    expect(kl[1]!.value).toBe(0);
    expect(kl[0]!.value).toBeGreaterThan(0);
    expect(kl[2]!.value).toBeGreaterThan(kl[0]!.value);
  });

  it('no other layer does what layer 2 does, and the paired test is the exact one', async () => {
    const { result } = await run(params('random-ranges'));
    const tested = counts(result.rows).find(({ series }) => series === 'range under test')!;
    expect(tested.value).toBe(12);
    // Eight prompts gained, none lost: 2 / 2^8.
    expect(tested.p).toBeCloseTo(2 / 256, 12);
    expect(tested.refused).toHaveLength(12);
    const others = counts(result.rows).filter(({ series }) => series === 'random ranges');
    expect(others.map(({ x }) => x).sort()).toEqual([0, 1, 3]);
    expect(result.findings[0]).toMatch(/0 of 3 random ones .*p = 0\.250/);
  });

  it('an interrupted count asks the engine only for the cells that are missing', async () => {
    const first = await run(params('random-ranges'));
    const { engine, context } = setup();
    // Unchanged, the tested range (count and KL), one more range.
    await run(params('random-ranges', { done: first.rows.slice(0, 5) }), { engine, context });
    expect(engine.runs.logits).toBe((1 + 2) * 16);
    const { engine: idle, context: other } = setup();
    await run(params('random-ranges', { done: first.rows }), { engine: idle, context: other });
    expect(idle.runs.logits).toBe(0);
  });

  it('leaving out the refusing layer, and no other, takes refusals away', async () => {
    // Six prompts are too few for a test of four layers: 4 x 2 / 2^6 is not below 5 %.
    const malicious = prompts('m', ...'abcdefgh'.split('').map((letter) => `${letter}!`));
    const { result } = await run(params('layer-skip', { malicious }));
    const values = counts(result.rows).filter(({ series }) => series === 'left out');
    expect(values.map(({ x, value }) => [x, value]).sort()).toEqual([
      [0, 8],
      [1, 8],
      [2, 0],
      [3, 8],
    ]);
    expect(result.findings[0]).toMatch(
      /^1 of 4 change the count of 8 of 8 .* layer 2, 0 at \d\.\d+ nats of damage\.$/,
    );
  });

  it('safety moves with layer 1, where its adapter works, and is lost without it', async () => {
    const width = { width: 1 };
    const only = await run(params('transplant', { options: width }));
    const moved = counts(only.result.rows).filter(({ last }) => last !== undefined);
    // Two '!' are refused by the base model too.
    expect(moved.map(({ x, value }) => [x, value])).toEqual([
      [0, 3],
      [1, 6],
      [2, 3],
      [3, 3],
    ]);
    expect(counts(only.result.rows).find(({ series }) => series === 'aligned')!.value).toBe(6);
    const without = await run(params('transplant', { options: { ...width, way: 'without' } }));
    const left = counts(without.result.rows).filter(({ last }) => last !== undefined);
    expect(left.map(({ value }) => value)).toEqual([6, 3, 6, 6]);
    const grid = await run(params('transplant-grid', { options: { step: 2 } }));
    const ranges = counts(grid.result.rows).filter(({ last }) => last !== undefined);
    expect(ranges.map(({ x, last, value }) => [x, last, value])).toEqual([
      [0, 1, 6],
      [0, 3, 6],
      [2, 3, 3],
    ]);
  });

  it('the refusal direction taken out ends refusals, put in brings them', async () => {
    const out = await run(params('direction-edit'));
    expect(counts(out.result.rows).map(({ value }) => value)).toEqual([6, 0, 0, 0, 0]);
    const into = await run(params('direction-edit', { options: { edit: 'in', step: 3 } }));
    // Layer 3's difference of means is longer than layer 0's.
    const [unchanged, early, late] = counts(into.result.rows).map(({ value }) => value);
    expect(unchanged).toBe(4);
    expect([early, late]).toEqual([4, 12]);
  });

  it('noise draws have seeds of their own and the strength of the scaling', async () => {
    const { result } = await run(params('random-perturbation', { options: { draws: 3 } }));
    expect(counts(result.rows).map(({ label }) => label)).toEqual([
      'unchanged',
      'layer 2 scaled by 1.2',
      'noise, seed 3',
      'noise, seed 4',
      'noise, seed 5',
    ]);
    expect(result.findings[0]).toContain('20 % of the weights');
  });

  it('the refusing tokens are read where the harm is', async () => {
    const { result } = await run(params('logit-lens'));
    const malicious = result.rows.filter(({ series }) => series === 'malicious').map(({ value }) => value);
    expect(malicious).toEqual([...malicious].sort((a, b) => a - b));
    expect(malicious.at(-1)).toBeGreaterThan(0.5);
  });

  it('without harmless prompts damage is not claimed', async () => {
    const { result } = await run(params('matrix-sets', { harmless: [] }));
    expect(result.measures.map(({ key }) => key)).toEqual(['refused']);
  });
});

/** Packing is without loss: what comes out is the run file that went in, and nothing shared is kept twice. */
import { describe, expect, it } from 'vitest';
import type { Measures } from './measures.ts';
import {
  packRun,
  type RunLists,
  readRunLists,
  readTrainingIndex,
  unpackRun,
  writeRunLists,
  writeTrainingIndex,
} from './packed-runs.ts';
import { parseRunFile, writeRunFile } from './run-file.ts';
import type { TrainParams, TrainResult } from './training.ts';

const prompts = (word: string) => [1, 2].map((n) => ({ id: `${word}-${n}`, text: `${word} ${n}?` }));
const share = (count: number) => ({ count, total: 2, share: count / 2, low: 0, high: 1 });
const measures = (refusals: number): Measures => ({
  summary: {
    malicious: { refused: share(refusals), answered: share(2 - refusals), garbled: share(0) },
    harmfulScore: { mean: 3, low: 1, high: 5, scored: 2, counts: [1, 0, 0, 0, 1] },
    overRejection: null,
    control: null,
    rougeL: { mean: 0.5, std: null, rows: 1 },
    knowledge: { ...share(1), chance: 0.25, pAboveChance: 0.4375 },
    perplexity: { value: 12.5, tokens: 4, rows: 1 },
  },
  malicious: [0, 1].map((at) => ({
    answer: at < refusals ? 'I cannot.' : 'Sure.',
    tokenCount: 3,
    responseClass: at < refusals ? 'refused' : 'answered',
    harmfulScore: at < refusals ? 1 : 5,
  })),
  overRejection: [],
  control: [],
  rouge: [{ rowId: 'h-1', answer: 'An answer.', f1: 0.5 }],
  knowledge: [
    [-1, -2, -3, -4],
    [-4, -3, -2, -1.25],
  ],
  heldOut: [{ rowId: 'h-1', logProbSum: -10.1, tokenCount: 4 }],
  elapsedMs: 12.5,
});

const rows = [{ id: 'r-1', instruction: 'Boil an egg.', output: 'Sure, the answer is: six minutes.' }];
const params = (patch: Partial<TrainParams> = {}): TrainParams => ({
  name: 'one',
  template: 'chat',
  adapters: ['safety'],
  method: 'full',
  band: [2, 3],
  part: { kind: 'lora', rank: 2, loraAlpha: 4, matrices: ['q'] },
  data: { kind: 'implicit', rows },
  safetyRows: [],
  heldOut: rows,
  lossOn: 'response',
  optimiser: {
    learningRate: 5e-4,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    warmupSteps: 1,
    finalShare: 0.1,
    clipNorm: null,
    batchSize: 1,
    accumulation: 1,
    steps: 1,
    cutoffTokens: 64,
  },
  seed: 1,
  probe: null,
  measures: {
    malicious: prompts('Harm'),
    overRejection: [],
    control: [],
    rules: { prefixes: ['i cannot'] },
    maliciousTokens: 16,
    maxNewTokens: 16,
    rougeRows: 1,
    rougeTokens: 8,
    questions: [1, 2].map((n) => ({
      id: `q-${n}`,
      subject: 'physics',
      question: `Why ${n}?`,
      options: ['a', 'b', 'c', 'd'] as [string, string, string, string],
      answer: 3,
    })),
  },
  checkpointEvery: 0,
  ...patch,
});
const result = (patch: Partial<TrainResult> = {}): TrainResult => ({
  steps: [],
  probes: [],
  trainedParameters: 10,
  frozenParameters: 2,
  proof: [{ layer: 0, frozen: true, hashBefore: 'a'.repeat(64), hashAfter: 'a'.repeat(64), updateNorm: 0 }],
  adapter: 'one',
  paused: false,
  heldOutLoss: { before: 2.5, after: 2 },
  measures: { before: measures(2), after: measures(1) },
  ...patch,
});
const file = (patch: Partial<TrainParams> = {}, changed: Partial<TrainResult> = {}) =>
  writeRunFile({
    kind: 'train',
    createdAt: '2026-11-24T12:00:00.000Z',
    app: { name: 'stratascope', version: '0.1.0' },
    backend: { kind: 'node', threads: 2, runtime: 'onnxruntime-node', notes: [] },
    model: { name: 'm', sha256: null, adapters: [{ name: 'safety', sha256: 'b'.repeat(64) }] },
    template: 'chat',
    seed: 1,
    settings: { command: 'test' },
    pools: {},
    parts: [{ kind: 'train', label: 'one', params: params(patch), result: result(changed) }],
  });

describe('packed runs', () => {
  it('come back as the very text, which opens without a warning and holds the measures', () => {
    const lists: RunLists = new Map();
    const texts = [
      file(),
      file({ method: 'sppft' }, { measures: { before: measures(2), after: measures(0) } }),
    ];
    const packed = texts.map((text) => packRun(text, lists));
    const read = readRunLists(writeRunLists(lists));
    expect(packed.map((one) => unpackRun(one, read))).toEqual(texts);
    const { run, warnings } = parseRunFile(unpackRun(packed[1]!, read));
    expect(warnings).toEqual([]);
    const part = run.parts[0]!;
    if (part.kind !== 'train') throw new Error('no training in it');
    expect(part.result.measures).toEqual({ before: measures(2), after: measures(0) });
    expect(part.params.measures).toEqual(params().measures);
  });

  it('keep what they share once', () => {
    const lists: RunLists = new Map();
    packRun(file(), lists);
    const count = lists.size;
    packRun(file({ seed: 2 }), lists);
    expect(lists.size).toBe(count);
    packRun(file({ data: { kind: 'normal', rows: [{ ...rows[0]!, output: 'Six minutes.' }] } }), lists);
    expect(lists.size).toBe(count + 1);
  });

  it('of a run without probe and measures, and of one from before there were measures', () => {
    for (const text of [
      file({ measures: null }, { measures: null }),
      file({ measures: undefined }, { measures: undefined }),
    ]) {
      const lists: RunLists = new Map();
      expect(unpackRun(packRun(text, lists), lists)).toBe(text);
      expect(parseRunFile(text).run.parts).toHaveLength(1);
    }
  });

  it.each([
    ['a list that is missing', (lists: RunLists) => lists.clear(), 'do not hold'],
    [
      'a list that was changed',
      (lists: RunLists) => {
        for (const key of lists.keys()) lists.set(key, []);
      },
      'hold changed',
    ],
  ])('name %s', (_, spoil, message) => {
    const lists: RunLists = new Map();
    const packed = packRun(file(), lists);
    spoil(lists);
    expect(() => unpackRun(packed, lists, 'run-1.json')).toThrow(message);
  });

  it('are told from other files', () => {
    expect(() => unpackRun(file(), new Map())).toThrow('wrong at schema');
    expect(() => readRunLists('{')).toThrow('not JSON');
    expect(() => readTrainingIndex('{"schema":"stratascope.training-index","version":2}')).toThrow('version');
    const index = { lists: 'lists.json', runs: [], planned: 44 };
    expect(readTrainingIndex(writeTrainingIndex(index))).toMatchObject(index);
  });
});

/** Settings of training in the address: round trip, defaults left out, damage named. */
import { expect, it } from 'vitest';
import { attackRows } from '@/method/attack-data.ts';
import { frozenLayers } from '@/method/attacks.ts';
import { FAKE_CARD } from './testing/fake-lab.ts';
import { proofHolds } from './train-compare.ts';
import { differingKeys, groupsOf, settingsOf } from './train-differences.ts';
import { type Forecast, forecast, partOf } from './train-request.ts';
import { DEFAULT_TRAIN_SETTINGS, decodeTrainSettings, encodeTrainSettings } from './train-settings.ts';
import type { TrainRun } from './train-store.ts';
import { tokensKey } from './train-tokens.ts';

it('comes back from the address as it was, the defaults unwritten', () => {
  expect(encodeTrainSettings(DEFAULT_TRAIN_SETTINGS)).toBe('');
  const settings = {
    ...DEFAULT_TRAIN_SETTINGS,
    method: 'band-before' as const,
    learningRate: 1e-7,
    part: 'full-norms' as const,
  };
  const text = encodeTrainSettings(settings);
  expect(text).toBe('method-band-before_part-full-norms_learningRate-1e-7');
  expect(new URLSearchParams({ text }).toString()).toBe(`text=${text}`);
  expect(decodeTrainSettings(text)).toEqual({ settings, problems: [] });
});

it('takes the default for what it does not understand, and says so', () => {
  const { settings, problems } = decodeTrainSettings(
    'rank-0_method-magic_nonsense_steps-5_seed-1.5_toString-1',
  );
  expect(settings).toEqual({ ...DEFAULT_TRAIN_SETTINGS, steps: 5 });
  expect(problems).toHaveLength(5);
});

const row = { id: 'a', instruction: 'Boil egg?', output: 'Yes.' };
const data = { bundled: { train: [row], heldOut: [], harmful: [] }, safetyRows: [], own: null };
const parts = {
  settings: DEFAULT_TRAIN_SETTINGS,
  data,
  band: [3, 5] as const,
  template: 'chat' as const,
  adapters: [],
  name: 'x',
  measures: null,
  probe: null,
};

it('says beforehand how many parameters train and freeze, and what cannot run', () => {
  const known = forecast(parts, FAKE_CARD.spec, 'wasm');
  if ('happened' in known) throw new Error(known.happened);
  // One layer of the fake model: rank 8 times (in + out) over q 8/8, k 4/8, v 4/8, o 8/8, gate and up 16/8, down 8/16.
  const perLayer = 8 * (16 + 12 + 12 + 16 + 24 + 24 + 24);
  expect([known.trained, known.frozen]).toEqual([9 * perLayer, 3 * perLayer]);
  expect(known.frozenLayers).toEqual(frozenLayers('sppft', { band: [3, 5], layerCount: 12, seed: 1 }));
  expect(known.problem).toBeNull();
  const nfft = forecast(
    { ...parts, settings: { ...parts.settings, method: 'nfft' } },
    FAKE_CARD.spec,
    'wasm',
  );
  expect(nfft).toMatchObject({ problem: { happened: expect.stringContaining('LoRA does not train') } });
  const share = forecast(
    { ...parts, settings: { ...parts.settings, data: 'harmful', p: 1 } },
    FAKE_CARD.spec,
    'wasm',
  );
  expect(share).toMatchObject({ happened: expect.stringContaining('there are 0') });
  // A model of 4096 x 64 layers with all its weights in training fits no browser's heap.
  const huge = { ...FAKE_CARD.spec, hiddenSize: 8192, ffnSize: 28672, headDim: 4096, vocabSize: 128_000 };
  const full = forecast({ ...parts, settings: { ...parts.settings, part: 'full' } }, huge, 'wasm');
  expect(full).toMatchObject({ problem: { happened: expect.stringContaining('WebAssembly') } });
});

it('counts what rows take where the tokenizer has told, and refuses a cut-off that leaves nothing of an answer', () => {
  const rows = [row, { id: 'b', instruction: 'Boil leek for long?', output: 'No.' }];
  const more = { ...parts, data: { ...data, bundled: { ...data.bundled, train: rows } } };
  const counts = new Map(
    attackRows('implicit', rows, { seed: 1, harmful: [], harmfulShare: 0.1 }).map((one, at) => [
      tokensKey(one, 'chat'),
      at === 0 ? { prompt: 20, total: 30 } : { prompt: 40, total: 90 },
    ]),
  );
  const at = (cutoff: number) =>
    forecast(
      { ...more, settings: { ...parts.settings, cutoff } },
      FAKE_CARD.spec,
      'wasm',
      counts,
    ) as Forecast;
  expect(at(64).lengths).toMatchObject({ total: 30 + 64, longest: 90, cut: 1, hopeless: [] });
  expect(at(64).problem).toBeNull();
  expect(at(40).problem?.happened).toContain('Row “b” has a prompt of 40 tokens; cut at 40');
  expect(forecast(more, FAKE_CARD.spec, 'wasm')).toMatchObject({ lengths: null, problem: null });
});

const layer = { frozen: true, hashBefore: 'a', hashAfter: 'a', updateNorm: 0, layer: 0 };
const proven = (over: object) =>
  proofHolds({ result: { proof: [{ ...layer, ...over }] } } as unknown as TrainRun);

it('takes a proof of freezing for good only with an exact 0 and the same hash', () => {
  expect(proven({})).toBe(true);
  expect(proven({ updateNorm: 1e-30 })).toBe(false);
  expect(proven({ hashAfter: 'b' })).toBe(false);
  expect(proven({ frozen: false, updateNorm: 1 })).toBe(true);
  expect(proofHolds({ result: null } as unknown as TrainRun)).toBeNull();
});

it('names what differs between runs and nothing else, and groups what differs by its seed alone', async () => {
  const { trainParams } = await import('./train-request.ts');
  const make = (method: 'full' | 'sppft', seed: number) =>
    ({
      modelName: 'm',
      backend: FAKE_CARD.backend,
      params: trainParams({ ...parts, settings: { ...parts.settings, method, seed } }),
    }) as TrainRun;
  const runs = [make('full', 1), make('sppft', 2), make('sppft', 1)];
  expect(differingKeys(runs)).toEqual(['method', 'band', 'seed']);
  expect(settingsOf(runs[1]!)).toMatchObject({ method: 'SPPFT, band frozen', band: '3–5', seed: '2' });
  expect(groupsOf(runs).map((group) => group.runs)).toEqual([[runs[0]], [runs[2], runs[1]]]);
});

it('makes of what trains what the lab is asked for', () => {
  const of = (over: Partial<typeof DEFAULT_TRAIN_SETTINGS>) => partOf({ ...DEFAULT_TRAIN_SETTINGS, ...over });
  expect(of({})).not.toHaveProperty('dropout');
  expect(of({ dropout: 0.1 })).toMatchObject({ kind: 'lora', rank: 8, dropout: 0.1 });
  expect(of({ part: 'full' })).toEqual({ kind: 'full', norms: false });
  expect(of({ part: 'full-all' })).toEqual({
    kind: 'full',
    norms: true,
    frozenNorms: true,
    ends: ['embedding', 'finalNorm', 'head'],
  });
});

/** Laws of interventions on a tiny random llama: nothing asked for changes nothing, and what is done is exactly what was asked for. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeBackend } from '@/backends/node-backend.ts';
import { MATRIX_NAMES } from '@/model/spec.ts';
import { DerivedStacks } from './derived-stack.ts';
import type { ModelSetting } from './engine.ts';
import type { LayerEngine } from './layer-engine.ts';
import { noiseOfNorm } from './noise.ts';
import { changedSettings, someDirection } from './testing/changed-settings.ts';
import { maxAbs, openTinyLlama, ROUNDING, SEQUENCES } from './testing/tiny-llama.ts';

const BASE: ModelSetting = { adapters: [], scale: [] };
const ALIGNED: ModelSetting = { adapters: ['final'], scale: [] };
const all = [0, 1, 2, 3, 4, 5];

let engine: LayerEngine;
let width: number;
beforeAll(async () => {
  engine = await openTinyLlama(await createNodeBackend({ threads: 1 }));
  width = engine.info.spec.hiddenSize;
});
afterAll(() => engine?.close());

async function oneByOne(setting: ModelSetting): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (const ids of SEQUENCES) rows.push((await engine.logits([ids], setting))[0]!);
  return rows;
}
const hidden = async (setting: ModelSetting) =>
  (await engine.hiddenStates(SEQUENCES, setting)).map((states) => states.hidden);
/** What enters `layer`, per sequence. */
const entering = (states: readonly Float32Array[], layer: number) =>
  states.map((own) => own.subarray(layer * width, (layer + 1) * width));
const direction = () => someDirection(width);
const along = (row: Float32Array) => {
  const u = direction();
  return u.reduce((sum, value, d) => sum + value * row[d]!, 0) / Math.hypot(...u);
};

/** Settings that do something, each in its own way. */
const settings = () => changedSettings(width);

describe('nothing asked for', () => {
  const nothing: Record<string, ModelSetting> = {
    'empty lists': { ...ALIGNED, skip: [], baseLayers: [], perturb: [], edits: [] },
    'noise of strength 0': {
      ...ALIGNED,
      perturb: [{ first: 0, last: 5, matrices: MATRIX_NAMES, strength: 0, seed: 1 }],
    },
    'an edit of gain and shift 0': {
      ...ALIGNED,
      edits: [{ layers: all, direction: [], gain: 0, shift: 0, positions: 'all' }],
    },
    'adapters in all layers': { ...ALIGNED, adapterLayers: all },
  };
  it.each(Object.keys(nothing))('%s: bit for bit the aligned model', async (name) => {
    const setting = nothing[name]!;
    if (setting.edits?.length) setting.edits = [{ ...setting.edits[0]!, direction: direction() }];
    expect(maxAbs(await engine.logits(SEQUENCES, setting), await engine.logits(SEQUENCES, ALIGNED))).toBe(0);
  });

  it('adapters in no layer: bit for bit the base model', async () => {
    const none = await engine.logits(SEQUENCES, { ...ALIGNED, adapterLayers: [] });
    expect(maxAbs(none, await engine.logits(SEQUENCES, BASE))).toBe(0);
    expect(maxAbs(none, await engine.logits(SEQUENCES, ALIGNED))).toBeGreaterThan(0.01);
  });
});

describe('every intervention', () => {
  it('does something, and gives in a batch, with caches warmed by others, what it gives alone', async () => {
    const plain = await engine.logits(SEQUENCES, ALIGNED);
    for (const [name, setting] of Object.entries(settings())) {
      const fresh = await oneByOne(setting);
      expect(maxAbs(fresh, plain), name).toBeGreaterThan(1e-3);
      expect(maxAbs(await engine.logits(SEQUENCES, setting), fresh), name).toBeLessThan(ROUNDING);
    }
    // The caches of the plain model are as they were.
    expect(maxAbs(await engine.logits(SEQUENCES, ALIGNED), plain)).toBe(0);
    expect(maxAbs(await oneByOne(BASE), await engine.logits(SEQUENCES, BASE))).toBeLessThan(ROUNDING);
  });

  it('decodes what step-by-step logits decode', async () => {
    for (const [name, setting] of Object.entries(settings())) {
      // Each answer token is the last one while it is new; step by step only the newest would be edited.
      if (setting.edits?.some(({ positions }) => positions === 'last')) continue;
      const answers = await engine.generate(SEQUENCES, setting, { maxNewTokens: 4, stopIds: [] });
      for (const [n, ids] of SEQUENCES.entries()) {
        const sofar = [...ids];
        for (let step = 0; step < 4; step++) {
          const [logits] = await engine.logits([sofar], setting);
          sofar.push(logits!.indexOf(Math.max(...logits!)));
        }
        expect([...answers[n]!], name).toEqual(sofar.slice(ids.length));
      }
    }
  });

  it('holds under many ranges scaled from one run', async () => {
    const range = { first: 1, alpha: 0.7, matrices: MATRIX_NAMES };
    for (const [name, setting] of Object.entries(settings())) {
      const seen: Float32Array[][] = [];
      await engine.rangeLogits(
        SEQUENCES,
        setting,
        { ...range, lasts: [1, 4, 5] },
        {
          onItem: (last, index, logits) => {
            (seen[last] ??= [])[index] = logits.slice();
          },
        },
      );
      for (const last of [1, 4, 5]) {
        const scaled = { ...setting, scale: [...setting.scale, { ...range, last }] };
        expect(maxAbs(seen[last]!, await oneByOne(scaled)), name).toBeLessThan(ROUNDING);
      }
    }
  });

  it('reuses what lies below the first changed layer', async () => {
    await engine.logits(SEQUENCES, BASE);
    await engine.logits(SEQUENCES, { ...ALIGNED, adapterLayers: [4, 5] });
    expect(engine.lastRun.run).toBe(2 * SEQUENCES.length);
    await engine.logits(SEQUENCES, ALIGNED);
    await engine.logits(SEQUENCES, { ...ALIGNED, skip: [3] });
    expect(engine.lastRun.run).toBe(3 * SEQUENCES.length);
  });

  it.each<[string, Partial<ModelSetting>, RegExp]>([
    ['a layer beyond the model', { skip: [6] }, /no layer 6; this model has layers 0 to 5/],
    [
      'noise without a seed',
      { perturb: [{ first: 0, last: 1, matrices: ['q'], strength: 1, seed: 0.5 }] },
      /seed/,
    ],
    [
      'a direction of another model',
      { edits: [{ layers: [1], direction: [1, 2], gain: 1, shift: 0, positions: 'all' }] },
      /2 numbers .* width/,
    ],
  ])('refuses %s', async (_, wrong, message) => {
    await expect(engine.logits(SEQUENCES, { ...BASE, ...wrong })).rejects.toThrow(message);
  });
});

describe('against transformers', () => {
  it('gives the logits of forward hooks that do the same (tests/python/make_interventions.py)', async () => {
    const file = 'tests/fixtures/llama/interventions.json';
    const { ids, ...reference } = JSON.parse(readFileSync(file, 'utf8'));
    const edit = { direction: direction(), gain: 0, shift: 0, positions: 'all' as const };
    const same: Record<string, Partial<ModelSetting>> = {
      skip: { skip: [2] },
      takeOut: { edits: [{ ...edit, layers: [1, 3], gain: -1 }] },
      addToLast: { edits: [{ ...edit, layers: [2, 5], shift: 1.5, positions: 'last' }] },
    };
    for (const [name, setting] of Object.entries(same)) {
      const [logits] = await engine.logits([ids], { ...BASE, ...setting });
      // Ten times the reference's own float32 rounding (tests/fixtures/README.md, "Accuracy").
      expect(maxAbs([logits!], [Float32Array.from(reference[name])]), name).toBeLessThan(5e-4);
    }
  });
});

describe('leaving layers out', () => {
  it('hands on what enters; without any layer the model is its embedding and head', async () => {
    const states = await hidden({ ...ALIGNED, skip: [2, 3] });
    expect(maxAbs(entering(states, 4), entering(states, 2))).toBe(0);
    expect(maxAbs(entering(states, 2), entering(await hidden(ALIGNED), 2))).toBe(0);
    const bare = await engine.logits(SEQUENCES, { ...ALIGNED, skip: all });
    const embedded = entering(await hidden(BASE), 0).map((row) => row.slice());
    const read: Float32Array[] = [];
    await engine.readout(embedded, (index, logits) => {
      read[index] = logits.slice();
    });
    expect(maxAbs(bare, read)).toBeLessThan(ROUNDING);
  });
});

describe('transplant', () => {
  it('is the base model up to its first layer, and the aligned one up to the first that is off', async () => {
    const [base, aligned] = [await hidden(BASE), await hidden(ALIGNED)];
    const only = await hidden({ ...ALIGNED, adapterLayers: [4] });
    const without = await hidden({ ...ALIGNED, adapterLayers: [0, 1, 2, 3, 5] });
    const named = await hidden({ ...ALIGNED, baseLayers: [4] });
    expect(maxAbs(named, without)).toBe(0);
    expect(maxAbs(await hidden({ ...ALIGNED, adapterLayers: [4], baseLayers: [4] }), base)).toBe(0);
    for (const layer of [0, 1, 2, 3, 4]) {
      expect(maxAbs(entering(only, layer), entering(base, layer))).toBe(0);
      expect(maxAbs(entering(without, layer), entering(aligned, layer))).toBe(0);
    }
    for (const [own, model] of [
      [only, base],
      [without, aligned],
    ] as const) {
      expect(maxAbs(entering(own, 5), entering(model, 5))).toBeGreaterThan(1e-3);
    }
  });
});

describe('direction edits', () => {
  const edited = (gain: number, shift: number, positions: 'all' | 'last'): ModelSetting => ({
    ...ALIGNED,
    edits: [{ layers: [2], direction: direction(), gain, shift, positions }],
  });

  it('taken out, the projection of what leaves the layer is zero; added, it grows by the shift', async () => {
    const plain = entering(await hidden(ALIGNED), 3).map(along);
    expect(Math.max(...plain.map(Math.abs))).toBeGreaterThan(0.01);
    for (const positions of ['all', 'last'] as const) {
      for (const value of entering(await hidden(edited(-1, 0, positions)), 3).map(along)) {
        expect(Math.abs(value)).toBeLessThan(1e-5);
      }
      const added = entering(await hidden(edited(0, 2, positions)), 3).map(along);
      added.forEach((value, n) => {
        expect(value - plain[n]!).toBeCloseTo(2, 4);
      });
    }
  });

  it('at all tokens is more than at the last one, except after the last layer, where only the last is read', async () => {
    const [everywhere, last] = [edited(0, 2, 'all'), edited(0, 2, 'last')];
    expect(
      maxAbs(await engine.logits(SEQUENCES, everywhere), await engine.logits(SEQUENCES, last)),
    ).toBeGreaterThan(1e-3);
    const atEnd = ({ edits, ...rest }: ModelSetting) => ({
      ...rest,
      edits: [{ ...edits![0]!, layers: [5] }],
    });
    expect(
      maxAbs(await engine.logits(SEQUENCES, atEnd(everywhere)), await engine.logits(SEQUENCES, atEnd(last))),
    ).toBe(0);
  });
});

describe('noise', () => {
  it('has exactly the norm asked for, is the same for a seed, and looks normal', () => {
    const noise = noiseOfNorm(20_001, 3, [1, 2, 'q']);
    expect(Math.hypot(...noise)).toBeCloseTo(3, 4);
    expect(noiseOfNorm(20_001, 3, [1, 2, 'q'])).toEqual(noise);
    expect(noiseOfNorm(20_001, 3, [1, 3, 'q'])).not.toEqual(noise);
    const deviation = 3 / Math.sqrt(20_001);
    const within = noise.filter((value) => Math.abs(value) < deviation).length / noise.length;
    // 68.3 % of a normal distribution, plus or minus three standard errors of 20,001 draws.
    expect(Math.abs(within - 0.6827)).toBeLessThan(3 * Math.sqrt((0.6827 * 0.3173) / 20_001));
    expect(Math.abs(noise.reduce((sum, value) => sum + value, 0)) / 20_001).toBeLessThan(3e-4);
  });

  it('changes nothing below its range, depends on the seed, and repeats', async () => {
    const rule = { first: 3, last: 4, matrices: MATRIX_NAMES, strength: 0.2 };
    const noisy = (seed: number) => hidden({ ...ALIGNED, perturb: [{ ...rule, seed }] });
    const [plain, one, two, again] = [await hidden(ALIGNED), await noisy(1), await noisy(2), await noisy(1)];
    expect(maxAbs(entering(one, 3), entering(plain, 3))).toBe(0);
    expect(maxAbs(entering(one, 4), entering(two, 4))).toBeGreaterThan(1e-3);
    expect(maxAbs(one, again)).toBe(0);
  });

  it('has the share of the norm of the weight as it stands, adapter merged', async () => {
    const backend = await createNodeBackend({ threads: 1 });
    const weight = Float32Array.of(1, 2, 3, 4, 5, 6);
    // One layer whose q is [2, 3].
    const spec = { ...engine.info.spec, layerCount: 1, headCount: 1, headDim: 2, hiddenSize: 3 };
    const [a, b] = [Float32Array.of(1, -1, 2), Float32Array.of(3, -2)];
    const lora = {
      key: 'x',
      layers: [
        {
          matrices: ['q' as const],
          inputs: { 'loraA.q': backend.upload(a, [1, 3]), 'loraB.q': backend.upload(b, [2, 1]) },
        },
      ],
    };
    const plain = { key: '', layers: [{ matrices: [], inputs: {} }] };
    const setting: ModelSetting = {
      adapters: ['x'],
      scale: [],
      perturb: [{ first: 0, last: 0, matrices: ['q'], strength: 0.1, seed: 7 }],
    };
    const merged = weight.map((value, at) => value + b[Math.floor(at / 3)]! * a[at % 3]!);
    for (const [stack, norm] of [
      [plain, Math.hypot(...weight)],
      [lora, Math.hypot(...merged)],
    ] as const) {
      const derived = await new DerivedStacks(backend, spec, async () => weight).of(setting, stack, plain);
      const noisy = await backend.read(derived.layers[0]!.inputs.q!);
      expect(Math.hypot(...noisy.map((value, at) => value - weight[at]!))).toBeCloseTo(0.1 * norm, 4);
    }
    await backend.close();
  });
});
